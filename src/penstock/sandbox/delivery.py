"""Sending to a resource by its ARN, as AWS's services do for one another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.sandbox.lambdas.calls import Calls
    from penstock.sandbox.world import World

SERVICES = ("lambda", "sqs", "sns", "events", "logs")


def refused(arn: str) -> str | None:
    """Why the sandbox does not send to a resource; None if it does."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return f"`{arn}` is no ARN"
    if parts[2] not in SERVICES:
        known = ", ".join(SERVICES)
        return f"the sandbox does not deliver to {parts[2]} ({arn}), only to {known}"
    return None


class Delivery:
    """Sends to functions, queues, topics, event buses and log groups."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def send(
        self,
        arn: str,
        body: str,
        *,
        group: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Send a text; what cannot be sent is a problem that `status` shows.

        Args:
            arn: of the resource.
            body: the message or the event.
            group: the message group, of FIFO queues.
            attributes: of the message, texts.
        """
        try:
            if told := refused(arn):
                raise NotImplementedError(told)
            getattr(self, f"_{arn.split(':')[2]}")(arn, body, group, attributes or {})
        except Exception as error:  # noqa: BLE001  # nobody waits
            self._world.problem(f"nothing was delivered to {arn}: {error or repr(error)}")

    def record(self, arn: str, record: dict[str, Any]) -> None:
        """Send an invocation record to a destination.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        """
        if arn.split(":")[2:3] != ["events"]:
            return self.send(arn, json.dumps(record))
        success = record["requestContext"]["condition"] == "Success"
        kind = f"Lambda Function Invocation Result - {'Success' if success else 'Failure'}"
        entry = {
            "Source": "lambda",
            "DetailType": kind,
            "Detail": json.dumps(record),
            "Resources": [arn, record["requestContext"]["functionArn"]],
        }
        return self._put_event(arn, entry)

    def _lambda(self, arn: str, body: str, group: str | None, attributes: Any) -> None:  # noqa: ARG002
        from moto.awslambda.models import lambda_backends

        region, account = arn.split(":")[3:5]
        found = lambda_backends[account][region].get_function(arn)
        self._calls.later(found, body.encode())

    def _sqs(self, arn: str, body: str, group: str | None, attributes: Mapping[str, str]) -> None:
        from moto.sqs.models import sqs_backends

        region, account, name = arn.split(":")[3:6]
        told = {
            key: {"DataType": "String", "StringValue": value}
            for key, value in attributes.items()
            if value
        }
        sqs_backends[account][region].send_message(
            queue_name=name, message_body=body, message_attributes=told, group_id=group
        )

    def _sns(self, arn: str, body: str, group: str | None, attributes: Any) -> None:  # noqa: ARG002
        from moto.sns.models import sns_backends

        region, account = arn.split(":")[3:5]
        sns_backends[account][region].publish(arn=arn, message=body)

    def _events(self, arn: str, body: str, group: str | None, attributes: Any) -> None:  # noqa: ARG002
        event = json.loads(body)
        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event.get("resources", []),
        }
        self._put_event(arn, entry)

    def _logs(self, arn: str, body: str, group: str | None, attributes: Any) -> None:  # noqa: ARG002
        import time
        import uuid

        from moto.logs.models import logs_backends

        region, account = arn.split(":")[3:5]
        name, stream = arn.split(":")[6], str(uuid.uuid4())
        backend = logs_backends[account][region]
        backend.create_log_stream(name, stream)
        event = {"timestamp": int(time.time() * 1000), "message": body}
        backend.put_log_events(name, stream, [event])

    def _put_event(self, arn: str, entry: dict[str, Any]) -> None:
        from moto.events.models import events_backends

        region, account = arn.split(":")[3:5]
        bus = arn.rsplit("event-bus/", maxsplit=1)[-1]
        events_backends[account][region].put_events([{**entry, "EventBusName": bus}])
