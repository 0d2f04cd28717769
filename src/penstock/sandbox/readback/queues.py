"""What moto forgets of queues: which queues may name one as their dead-letter queue."""

from __future__ import annotations

import json
from typing import Any

ALLOW = "RedriveAllowPolicy"


def install() -> None:
    """Have moto keep it, and give policies as SQS writes them."""
    from moto.sqs.models import Queue

    told = Queue.attributes.fget
    Queue.BASE_ATTRIBUTES.append(ALLOW)
    Queue.redrive_allow_policy = None

    def attributes(self: Any) -> dict[str, Any]:
        given: dict[str, Any] = told(self)
        if not given.get(ALLOW):
            given.pop(ALLOW, None)
        for name in (ALLOW, "RedrivePolicy"):
            if isinstance(given.get(name), str):
                given[name] = json.dumps(json.loads(given[name]), separators=(",", ":"))
        return given

    Queue.attributes = property(attributes)
