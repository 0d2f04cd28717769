"""S3 notifications: moto finds who is to be told, the sandbox tells them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.sandbox.delivery import Delivery

# Of events that EventBridge gets: what moto calls it → what S3 calls the reason.
REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}
_NUMBERS = itertools.count(1)
_writing = threading.local()


def install(delivery: Delivery) -> None:
    """Replace moto's sending, which hides every failure."""
    from moto.s3 import notifications

    made = notifications._get_s3_event  # noqa: SLF001

    def event(name: str, bucket: Any, key: Any, notification: str) -> dict[str, Any]:
        told: dict[str, Any] = made(name, bucket, key, notification)
        inside = told["Records"][0]["s3"]["object"]
        inside["sequencer"] = sequencer()
        if "ObjectRemoved" in name:  # S3 sends neither with a removal
            inside.pop("size", None)
            inside.pop("eTag", None)
        return told

    def to_function(account: str, body: Any, arn: str, region: str) -> None:  # noqa: ARG001
        delivery.send(arn, json.dumps(body))

    def to_queue(account: str, body: Any, name: str, region: str) -> None:
        delivery.send(f"arn:aws:sqs:{region}:{account}:{name}", json.dumps(body))

    def to_topic(account: str, body: Any, arn: str, region: str) -> None:  # noqa: ARG001
        delivery.send(arn, json.dumps(body))

    def to_rules(account: str, bucket: Any, name: Any, key: Any) -> None:
        from moto.events.models import events_backends

        kind = notifications._detail_type(name)  # noqa: SLF001
        buses = events_backends[account][bucket.region_name].event_buses
        for rule in list(buses["default"].rules.values()):
            rule.send_to_targets(_for_eventbridge(account, bucket, name.value, kind, key))

    notifications._get_s3_event = event  # noqa: SLF001
    notifications._invoke_awslambda = to_function  # noqa: SLF001
    notifications._send_sqs_message = to_queue  # noqa: SLF001
    notifications._send_sns_message = to_topic  # noqa: SLF001
    notifications._send_event_bridge_message = to_rules  # noqa: SLF001
    _tags_of_a_write_are_no_event()


def _for_eventbridge(account: str, bucket: Any, name: str, kind: str, key: Any) -> dict[str, Any]:
    what = name.rsplit(":", maxsplit=1)[-1]
    told: dict[str, Any] = {"key": key.name, "sequencer": sequencer()}
    if kind != "Object Deleted":
        told |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if bucket.is_versioned:
        told["version-id"] = key.version_id
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": told,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account,
        "source-ip-address": "127.0.0.1",
        "reason": REASONS.get(what, what),
    }
    if kind == "Object Deleted":
        marked = bucket.is_versioned
        detail["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": "aws.s3",
        "account": account,
        "time": int(time.time()),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }


def _tags_of_a_write_are_no_event() -> None:
    """Moto tags every object that it writes, with no tags if need be, and tells of it."""
    from moto.s3 import notifications
    from moto.s3.responses import S3Response

    send = notifications.send_event

    def send_event(account: str, name: Any, bucket: Any, key: Any) -> None:
        if not (getattr(_writing, "now", False) and "ObjectTagging" in str(name.value)):
            send(account, name, bucket, key)

    def writing(handler: Any) -> Any:
        def handled(*args: Any, **named: Any) -> Any:
            _writing.now = True
            try:
                return handler(*args, **named)
            finally:
                _writing.now = False

        return handled

    notifications.send_event = send_event
    for name in ("put_object", "copy_object", "_key_response_post"):
        setattr(S3Response, name, writing(getattr(S3Response, name)))


def sequencer() -> str:
    """Hexadecimal; of two events of one key the later one's is larger."""
    return f"{int(time.time()):08X}{next(_NUMBERS):08X}"
