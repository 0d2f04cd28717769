"""A folder of this machine as a store."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import SourceUnavailable, StorageUnavailable
from penstock.runtime.storage.base import Entry
from penstock.runtime.targets.durable import locked, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CODE_CHANGED = "PSK-SRC-037"
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class LocalStore:
    """Files below one folder. What is written is on the disk when a method returns."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, path: str = "") -> str:
        """The path of a file."""
        return str(self._folder / path) if path else str(self._folder)

    # -- reading

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every file below a folder, in the order of their paths."""
        with self._reading(prefix):
            found = [
                Path(folder, name).relative_to(self._folder).as_posix()
                for folder, _, names in os.walk(self._folder / prefix)
                for name in names
                if not _is_passing(name)
            ]
        for path in sorted(found):
            if entry := self.head(path):  # or it was deleted meanwhile
                yield entry

    def head(self, path: str) -> Entry | None:
        """A file without its content; None: it is not there."""
        with self._reading(path):
            try:
                found = (self._folder / path).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not os.path.isfile(self._folder / path):  # noqa: PTH113
            return None
        return Entry(path, found.st_size, _identity(found), _when(found))

    def read(self, path: str) -> bytes:
        """The content of a file."""
        with self._reading(path):
            return (self._folder / path).read_bytes()

    def part(self, path: str, start: int, end: int, *, identity: str) -> bytes:
        """Bytes of a file, from `start` to before `end` or to its end."""
        with self._reading(path), (self._folder / path).open("rb") as source:
            source.seek(start)
            found = source.read(end - start)
            if _identity(os.fstat(source.fileno())) != identity:
                raise self._changed(path)
        return found

    def download(self, path: str, to: Path, *, identity: str | None = None) -> Entry:
        """Copy a file, whole or not at all."""
        with self._reading(path), (self._folder / path).open("rb") as source:
            before = os.fstat(source.fileno())
            with _temporary(to) as temporary:
                with temporary.open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                after = (self._folder / path).stat()
                if _identity(after) != _identity(before) or (
                    identity is not None and identity != _identity(before)
                ):
                    raise self._changed(path)
                temporary.replace(to)
        return Entry(path, before.st_size, _identity(before), _when(before))

    def _changed(self, path: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"`{self.url(path)}` was changed while it was read",
            code=CODE_CHANGED,
            hint="run again when its writer has finished",
        )

    # -- writing

    def upload(self, source: Path, path: str) -> None:
        """Copy a file here; what was there is replaced."""
        with self._writing(path) as whole, _temporary(whole) as temporary:
            with source.open("rb") as read, temporary.open("wb") as file:
                shutil.copyfileobj(read, file, 1 << 20)
                _flush(file)
            temporary.replace(whole)
            sync_folder(whole.parent)

    def put(self, path: str, data: bytes) -> None:
        """Write a file; what was there is replaced."""
        with self._writing(path) as whole, _temporary(whole, data) as temporary:
            temporary.replace(whole)
            sync_folder(whole.parent)

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write a file unless there is one."""
        with self._writing(path) as whole, _temporary(whole, data) as temporary:
            try:
                os.link(temporary, whole)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                # A file system without hard links: the lock keeps other Penstocks out.
                with locked(_lock_of(whole)):
                    if whole.exists():
                        return False
                    temporary.replace(whole)
            sync_folder(whole.parent)
        return True

    def replace_if(self, path: str, data: bytes, identity: str) -> bool:
        """Write a file if it is still the one with that identity."""
        with self._writing(path) as whole, _temporary(whole, data) as temporary:
            with locked(_lock_of(whole)):
                found = self.head(path)
                if found is None or found.identity != identity:
                    return False
                temporary.replace(whole)
            sync_folder(whole.parent)
        return True

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; those that are not there are passed over."""
        for path in paths:
            with self._writing(path, make=False) as whole:
                whole.unlink(missing_ok=True)
                _lock_of(whole).unlink(missing_ok=True)

    # -- what the file system refuses, in words

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceUnavailable(
                f"`{self.url(path)}` cannot be read: {_reason(error)}"
            ) from error

    @contextmanager
    def _writing(self, path: str, *, make: bool = True) -> Iterator[Path]:
        whole = self._folder / path
        try:
            if make:
                whole.parent.mkdir(parents=True, exist_ok=True)
            yield whole
        except OSError as error:
            raise StorageUnavailable(
                f"`{self.url(path)}` cannot be written: {_reason(error)}"
            ) from error


@contextmanager
def _temporary(whole: Path, data: bytes | None = None) -> Iterator[Path]:
    """A name beside the file, its own for each writer; gone afterwards."""
    temporary = whole.with_name(f".{whole.name[:150]}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        if data is not None:
            with temporary.open("wb") as file:
                file.write(data)
                _flush(file)
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _flush(file: object) -> None:
    file.flush()  # type: ignore[attr-defined]
    os.fsync(file.fileno())  # type: ignore[attr-defined]


def _lock_of(whole: Path) -> Path:
    return whole.with_name(f".{whole.name[:200]}.lock")


def _is_passing(name: str) -> bool:
    """A file that is being written, or a lock."""
    return name.startswith(".") and name.endswith((".tmp", ".lock"))


def _identity(found: os.stat_result) -> str:
    # A replaced file is a new inode, and a new time in case the inode is used again.
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def _when(found: os.stat_result) -> datetime:
    return datetime.fromtimestamp(found.st_mtime, UTC)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
