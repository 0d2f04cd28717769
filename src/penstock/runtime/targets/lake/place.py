"""Where a table's files are: in a folder of this machine, or in a bucket.

What a run writes and has not published yet is noted under its token, so that a later run finds
what a killed one left behind.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from penstock.runtime.storage import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from penstock.runtime.storage import Store
    from penstock.runtime.targets.lake.snapshot import LakeFile

FOLDER = "_penstock"
REMOVING = "removing.json"
_CACHE = Path(".penstock") / "cache" / "lake"


class Place(Protocol):
    """The files of one table. Paths are relative to the table."""

    shown: str
    url: str
    folder: Path
    cache: Path
    store: Store | None

    def exists(self) -> bool:
        """Whether Penstock ever wrote here."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep other Penstocks of this machine out, where there is a lock for it."""

    def prepare(self) -> None:
        """Make what `folder` needs to be written to."""

    def names(self) -> list[str]:
        """The names at the top of the table."""

    def adopt(self, files: Sequence[LakeFile]) -> None:
        """Bring files that were written to `folder` to where they belong."""

    def missing(self, files: Iterable[LakeFile]) -> list[str]:
        """Files that are not there, or not as long as they were."""

    def local(self, file: LakeFile) -> Path:
        """A Parquet file of this machine with the rows of a file."""

    def sizes(self) -> dict[str, int]:
        """Every data file below the table → its bytes."""

    def written(self) -> dict[str, datetime]:
        """Every data file below the table → when it was written last."""

    def note_removal(self, paths: Sequence[str]) -> None:
        """Note which files are about to be deleted; none: the note goes away."""

    def noted_removal(self) -> list[str]:
        """The files that a killed removal was to delete."""

    def remove(self, paths: Iterable[str]) -> None:
        """Delete files."""

    def open_staging(self, token: str) -> None:
        """Note that files of this token are about to be written."""

    def is_staging(self, token: str) -> bool:
        """Whether such a note is there."""

    def staging(self) -> set[str]:
        """The tokens of every such note."""

    def forget(self, token: str) -> None:
        """Note that all that was written under a token is in the version just published."""

    def discard(self, token: str, keep: Iterable[LakeFile]) -> None:
        """Remove what was written under a token, but for what a version holds."""


def open_place(path: str, root: Path) -> Place:
    """The place of a table: `path` is relative to `root`, or `s3://…`."""
    if is_remote(path):
        from penstock.runtime.targets.lake.place_remote import RemotePlace

        return RemotePlace(path, root)
    from penstock.runtime.targets.lake.place_local import LocalPlace

    return LocalPlace(path, root)


def cache_of(url: str, root: Path) -> Path:
    """The folder of this pipeline for copies of a table's files."""
    return root.absolute() / _CACHE / hashlib.sha256(url.encode()).hexdigest()[:16]


def is_hidden(parts: Sequence[str]) -> bool:
    """Whether a path is no data: something in it begins with `_` or `.`."""
    return any(p.startswith(("_", ".")) for p in parts)


def size_of(path: Path) -> int | None:
    """Bytes; None: it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return None
