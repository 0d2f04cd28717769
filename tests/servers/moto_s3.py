"""moto on a port of 127.0.0.1, with S3's conditional writes as S3 has them: of many, one wins.

moto looks whether a key is there and writes it afterwards, without a lock in between, so that two
requests with `If-None-Match: *` at once could both be told that they wrote the key. S3 looks
during the write itself (docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).

python moto_s3.py PORT
"""

from __future__ import annotations

import sys
import threading

from moto.s3.responses import S3Response
from moto.server import main

one_at_a_time = threading.RLock()


def alone(handler):
    """`handler`, one request after the other: the body has been read by then."""

    def handled(*args, **kwargs):
        with one_at_a_time:
            return handler(*args, **kwargs)

    return handled


for name in ("put_object", "_key_response_post"):
    setattr(S3Response, name, alone(getattr(S3Response, name)))

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
