"""Where moto needs one request after the other to do what AWS does with many at once.

S3's conditional writes: moto looks whether a key is there and writes it afterwards, without a lock
in between, so that two requests with `If-None-Match: *` at once could both be told that they wrote
it. S3 looks during the write itself
(docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).

DynamoDB: moto undoes a transaction that fails by putting the whole table back as it was before,
and with it what others wrote meanwhile; its conditions, too, are looked at without a lock.
"""

from __future__ import annotations

import threading
from typing import Any

WRITES = ("put_object", "_key_response_post")


def install() -> None:
    """Change moto's S3 and DynamoDB."""
    from moto.dynamodb.responses import DynamoHandler
    from moto.s3.responses import S3Response

    objects, tables = threading.RLock(), threading.RLock()
    for name in WRITES:  # the body has been read by then
        setattr(S3Response, name, _alone(getattr(S3Response, name), objects))
    DynamoHandler.call_action = _alone(DynamoHandler.call_action, tables)


def _alone(handler: Any, lock: threading.RLock) -> Any:
    def handled(*args: Any, **named: Any) -> Any:
        with lock:
            return handler(*args, **named)

    return handled
