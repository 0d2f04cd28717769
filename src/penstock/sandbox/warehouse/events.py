"""The event of a statement that ended.

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.sandbox.warehouse.statements import Statement

ACCOUNT = "123456789012"  # moto's
_KEPT_SECONDS = 86400


def status_change(made: Statement) -> dict[str, Any]:
    """As EventBridge gets it."""
    cluster = made.given.get("ClusterIdentifier")
    resource = (
        f"arn:aws:redshift:{made.region}:{ACCOUNT}:cluster:{cluster}"
        if cluster
        else f"arn:aws:redshift-serverless:{made.region}:{ACCOUNT}:workgroup/{made.warehouse}"
    )
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Redshift Data Statement Status Change",
        "source": "aws.redshift-data",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": made.region,
        "resources": [resource],
        "detail": {
            "principal": f"arn:aws:iam::{ACCOUNT}:user/sandbox",
            "statementName": made.given.get("StatementName", ""),
            "statementId": made.id,
            "redshiftQueryId": -1,
            "state": made.status,
            "rows": made.subs[-1].rows,
            "expireAt": int(time.time()) + _KEPT_SECONDS,
        },
    }


def to_moto(region: str, event: dict[str, Any]) -> None:
    """Put an event on moto's default bus, whose rules send it on."""
    from moto.events.models import events_backends

    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
    }
    events_backends[ACCOUNT][region].put_events([entry])
