"""Files that are there whole or not at all, whatever kills the process, and locks on folders."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_SECONDS = 60.0


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step; when this returns, the disk has it.

    A reader sees the old file or the new one; after a crash one of the two is there. Two writers
    of one file hold a lock.
    """
    temporary = temporary_of(path)
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)  # noqa: PTH105  # tests kill the process at this very call
    sync_folder(path.parent)


def temporary_of(path: Path) -> Path:
    """Where a file is written before it takes its place; a killed process leaves it behind.

    >>> from pathlib import Path
    >>> temporary_of(Path("a/current.json")).name
    '.current.json.tmp'
    """
    return path.with_name(f".{path.name}.tmp")


def sync_folder(path: Path) -> None:
    """Have the disk know the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path, *, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock of a file, made if need be. The system frees it when the process ends.

    Raises:
        Conflict: another writer held it for all of `seconds`.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as busy:
                if time.monotonic() > until:
                    raise Conflict(
                        f"another writer has held {path} for {seconds:.0f} s",
                        hint="run again once it has finished",
                    ) from busy
                time.sleep(0.005)
            else:
                break
        yield
    finally:
        os.close(handle)
