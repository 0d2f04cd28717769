"""What makes a file the same file: its content, so that a copy or a `touch` is not a new one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

WHOLE = 8 << 20
"""Bytes up to which a whole file is hashed."""
SAMPLES = 32
SAMPLE = 1 << 16


def content_identity(path: Path) -> tuple[int, str]:
    """Size in bytes and identity of a file.

    Up to 8 MiB the identity is of the whole content. A larger file is known by its size, its time
    of change and 32 samples of 64 KiB spread over it: hashing all of it would cost as much as
    reading it does. Touching a large file therefore makes a new version of it.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        hashed = hashlib.blake2b(digest_size=20)
        size = file.seek(0, 2)
        if size <= WHOLE:
            file.seek(0)
            while chunk := file.read(1 << 20):
                hashed.update(chunk)
        else:
            hashed.update(str(path.stat().st_mtime_ns).encode())
            for i in range(SAMPLES):
                file.seek((size - SAMPLE) * i // (SAMPLES - 1))
                hashed.update(file.read(SAMPLE))
    return size, f"{size}-{hashed.hexdigest()}"


def digest(texts: Iterable[str]) -> str:
    """One identity of several."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
