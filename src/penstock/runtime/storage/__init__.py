"""Where files live: a folder or a bucket, behind one small set of operations.

Sources list and download, targets put and swap, without knowing which of the two it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import Unavailable
from penstock.runtime.storage.base import Entry, Store

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Entry", "Store", "is_remote", "open_store"]

CODE_SCHEME = "PSK-ENV-014"


def is_remote(location: str) -> bool:
    """Whether a path is a URL of object storage.

    >>> is_remote("s3://acme/lake"), is_remote("data/x.csv"), is_remote("file:///data")
    (True, False, False)
    """
    return "://" in location and not location.startswith("file://")


def open_store(location: str, root: Path, *, region: str | None = None) -> Store:
    """The store of a folder or of `s3://bucket/prefix`; nothing is asked of it yet.

    Args:
        location: a path, relative ones from `root`, or a URL; the store's paths are below it.
        root: the pipeline's folder.
        region: of the bucket; default: as the AWS variables say.

    Raises:
        MissingExtra: it is on S3 and the extra `s3` is not installed.
        Unavailable: no such kind of URL is known, or it names no bucket.
    """
    if not is_remote(location):
        from penstock.runtime.storage.local import LocalStore

        return LocalStore(root / location.removeprefix("file://"))
    scheme, _, rest = location.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in {"s3", "s3a"} or not bucket:
        reason = f"`{scheme}://` is not known" if bucket else "it names no bucket"
        raise Unavailable(
            f"`{location}` cannot be opened: {reason}",
            code=CODE_SCHEME,
            hint="write a path, or s3://bucket/prefix",
        )
    from penstock.runtime.storage.s3 import S3Store

    return S3Store(bucket, prefix.strip("/"), region=region)
