"""What AWS hands to a function, and what is asked by it.

An event is a document of another party: it is read field by field, and what is not known is
refused in words, naming what was looked for.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote_plus

from penstock.errors import RunError
from penstock.runtime.telemetry import xray

CODE_UNKNOWN = "PSK-FN-001"
_KNOWN = (
    "an S3 notification, an S3 event of EventBridge, a schedule of EventBridge, a batch of SQS, "
    "or a POST of API Gateway"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A run is asked for.

    Attributes:
        by: `nobody` where the event only tells that it works (`s3:TestEvent`).
        objects: `s3://…` of the objects that came, where the event names them. A run reads all
            that is new whatever they are; they are for the log.
        full_refresh: read and publish everything again.
    """

    by: Literal["files", "schedule", "request", "nobody"]
    objects: tuple[str, ...] = ()
    full_refresh: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message of SQS.

    Attributes:
        id: what a partial batch response names.
        receipt: names this delivery of it.
        deliveries: how often it was delivered, this time included.
        trace: X-Ray's header, if it came with one.
    """

    id: str
    body: str
    receipt: str = ""
    deliveries: int = 1
    trace: str | None = None


def is_batch(event: Any) -> bool:
    """Whether an event is a batch of messages."""
    first = _first_record(event)
    return first is not None and first.get("eventSource") == "aws:sqs"


def messages(event: Any) -> list[Message]:
    """The messages of a batch: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.

    Raises:
        RunError: it is no batch of SQS.
    """
    if not is_batch(event):
        raise _unknown(event, "a batch of SQS")
    try:
        return [
            Message(
                id=str(record["messageId"]),
                body=str(record["body"]),
                receipt=str(record.get("receiptHandle", "")),
                deliveries=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
                trace=record.get("attributes", {}).get(xray.ATTRIBUTE),
            )
            for record in event["Records"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unknown(event, "a batch of SQS") from error


def failures(ids: list[str]) -> dict[str, Any]:
    """The answer that has SQS bring these messages again, and no other.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}


def asked(event: Any) -> Asked:
    """What an event that is no batch asks for.

    Raises:
        RunError: it is none that is known.
    """
    if not isinstance(event, dict):
        raise _unknown(event, _KNOWN)
    if event.get("Event") == "s3:TestEvent":
        return Asked("nobody")
    first = _first_record(event)
    if first is not None and first.get("eventSource") == "aws:s3":
        return _notified(event)
    if event.get("source") == "aws.s3":
        return _of_bridge(event)
    if event.get("detail-type") == "Scheduled Event" and event.get("source") in {
        "aws.events",
        "aws.scheduler",
    }:
        return Asked("schedule")
    if "requestContext" in event:
        return _posted(event)
    if (
        event.get("schema") == "penstock.ask/1"
    ):  # the input of a schedule, or of `aws lambda invoke`
        return Asked("schedule", full_refresh=_flag(event, event))
    raise _unknown(event, _KNOWN)


def is_look(event: Any) -> bool:
    """Whether the watch's schedule asks how the pipeline stands; no run is asked for."""
    return isinstance(event, dict) and event.get("schema") == "penstock.look/1"


def asked_by(text: str) -> Asked:
    """What the body of a message asks for.

    Raises:
        RunError: it is no JSON, or no event that is known.
    """
    try:
        event = json.loads(text)
    except ValueError as error:
        raise _unknown(text, _KNOWN) from error
    return asked(event)


def is_request(event: Any) -> bool:
    """Whether API Gateway waits for an answer."""
    return isinstance(event, dict) and "requestContext" in event


def answer(status: int, document: dict[str, Any]) -> dict[str, Any]:
    """An answer that API Gateway understands, in both versions of its format."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "isBase64Encoded": False,
        "body": json.dumps(document),
    }


def _notified(event: dict[str, Any]) -> Asked:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html."""
    found: list[str] = []
    try:
        for record in event["Records"]:
            # A key comes as it would stand in a form: `a b.csv` as `a+b.csv`.
            key = unquote_plus(record["s3"]["object"]["key"])
            if record["eventName"].startswith("ObjectCreated:"):
                found.append(f"s3://{record['s3']['bucket']['name']}/{key}")
    except (KeyError, TypeError, AttributeError) as error:
        raise _unknown(event, "an S3 notification") from error
    return Asked("files" if found else "nobody", tuple(found))


def _of_bridge(event: dict[str, Any]) -> Asked:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (keys as they are)."""
    if event.get("detail-type") != "Object Created":
        return Asked("nobody")
    try:
        detail = event["detail"]
        return Asked("files", (f"s3://{detail['bucket']['name']}/{detail['object']['key']}",))
    except (KeyError, TypeError) as error:
        raise _unknown(event, "an S3 event of EventBridge") from error


def _posted(event: dict[str, Any]) -> Asked:
    """Both formats of docs.aws.amazon.com/apigateway, http-api-develop-integrations-lambda."""
    context = event["requestContext"]
    if not isinstance(context, dict):
        raise _unknown(event, "a POST of API Gateway")
    http = context.get("http")
    method = event.get("httpMethod") or (http.get("method") if isinstance(http, dict) else None)
    if method != "POST":
        raise _unknown(event, f"a POST of API Gateway, not {method}")
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True).decode()
        wish = json.loads(body) if body.strip() else {}
    except (binascii.Error, ValueError, AttributeError) as error:
        raise _unknown(event, "a body of JSON") from error
    if not isinstance(wish, dict):
        raise _unknown(event, "a body that is a JSON object")
    return Asked("request", full_refresh=_flag(wish, event))


def _flag(wish: dict[str, Any], event: Any) -> bool:
    found = wish.get("full_refresh", False)
    if not isinstance(found, bool):
        raise _unknown(event, "`full_refresh` that is true or false")
    return found


def _first_record(event: Any) -> dict[str, Any] | None:
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return first if isinstance(first, dict) else None


def _unknown(event: Any, wanted: str) -> RunError:
    known = (
        ", ".join(sorted(map(str, event)))[:200] if isinstance(event, dict) else "no JSON object"
    )
    return RunError(
        f"the function was called with an event that it does not know (it has: {known})",
        code=CODE_UNKNOWN,
        hint=f"it takes {wanted}",
    )
