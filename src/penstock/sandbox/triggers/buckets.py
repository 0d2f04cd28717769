"""S3 notifications: moto finds who is to be told, the sandbox tells them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.sandbox.delivery import Delivery

_NUMBERS = itertools.count(1)


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

    notifications._get_s3_event = event  # noqa: SLF001
    notifications._invoke_awslambda = to_function  # noqa: SLF001
    notifications._send_sqs_message = to_queue  # noqa: SLF001
    notifications._send_sns_message = to_topic  # noqa: SLF001


def sequencer() -> str:
    """Hexadecimal; of two events of one key the later one's is larger."""
    return f"{int(time.time()):08X}{next(_NUMBERS):08X}"
