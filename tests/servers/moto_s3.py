"""moto on a port of 127.0.0.1, with S3's conditional writes as S3 has them: of many, one wins.

python moto_s3.py PORT
"""

from __future__ import annotations

import sys

from moto.server import main

from penstock.sandbox import exclusive

exclusive.install()

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
