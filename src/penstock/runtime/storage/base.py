"""What every store does. Paths are relative to where it was opened, divided by `/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or object.

    Attributes:
        path: relative to the store.
        size: bytes.
        identity: changes with every write of it (on S3 the etag); None if the store has none.
        modified: when it was written last, with its timezone.
    """

    path: str
    size: int
    identity: str | None
    modified: datetime


class Store(Protocol):
    """A folder or a bucket.

    Every method raises `SourceUnavailable` where it reads and `StorageUnavailable` where it
    writes, naming the URL, once the retries it is worth are spent. Both end with exit code 4.
    """

    @property
    def is_local(self) -> bool:
        """Whether its paths are files of this machine."""

    def url(self, path: str = "") -> str:
        """The whole name of a path: a file's path, or `s3://…`."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every file below a folder, in the order of their paths; none if it is not there."""

    def head(self, path: str) -> Entry | None:
        """A file without its content; None: it is not there."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def part(self, path: str, start: int, end: int, *, identity: str) -> bytes:
        """Bytes of a file, from `start` to before `end` or to its end.

        Args:
            identity: what it has to be still; it is an error if it was changed since.
        """

    def download(self, path: str, to: Path, *, identity: str | None = None) -> Entry:
        """Copy a file to this machine, whole or not at all.

        Args:
            identity: what it has to be still; it is an error if it was changed since.
        """

    def upload(self, source: Path, path: str) -> None:
        """Copy a file of this machine here, whole or not at all; what was there is replaced."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all; what was there is replaced."""

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write a file unless there is one. Of any number of writers exactly one gets True."""

    def replace_if(self, path: str, data: bytes, identity: str) -> bool:
        """Write a file if it is still the one with that identity: compare and swap.

        Of any number of writers that saw the same identity exactly one gets True.
        """

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; those that are not there are passed over."""
