"""Files as the readers want them: unpacked, one file each, in UTF-8.

gzip and zstd of CSV and NDJSON are left to DuckDB, which unpacks while it reads. The rest goes
through a copy in the working folder, whose size is bounded: a few packed bytes may unpack to more
than any disk holds.
"""

from __future__ import annotations

import fnmatch
import gzip
import io
import itertools
import lzma
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from penstock.errors import MissingExtra, SourceUnavailable, StepFailed
from penstock.runtime.engines.duckdb import bzip2, encodings
from penstock.runtime.engines.duckdb.other_formats import LOOK, refuse_other
from penstock.runtime.engines.duckdb.textfiles import CHUNK, broken, compression_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from penstock.runtime.engines.base import InputFile

CODE_BOMB = "PSK-SRC-050"
CODE_DISK = "PSK-RUN-021"
FREE_BYTES = 1 << 30
"""Bytes that any file may unpack to."""
MOST_TIMES = 200
"""How often larger than packed a file may be beyond that."""
MOST_MEMBERS = 10_000
_BY_DUCKDB = frozenset(("csv", "ndjson"))
_OWN_ENCODING = frozenset(("xml", "excel", "orc", "parquet"))
_BAD_DATA = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
_numbers = itertools.count(1)


def unpack(
    file: InputFile, form: str, options: Mapping[str, Any], folder: Path, *, most: int | None = None
) -> Iterator[InputFile]:
    """The files that a file holds: itself, a copy, or the members of a zip.

    Args:
        form: the format's name.
        most: bytes of each that are enough, for a look at its columns.

    Raises:
        SourceUnavailable: it cannot be opened.
        StepFailed: it is cut off, damaged, or unpacks to too much.
    """
    kind = packing_of(file.path)
    if kind == "zip" and form != "excel":
        yield from _members(file, form, options, folder, most)
        return
    wanted = None if form in _OWN_ENCODING else options.get("encoding")
    if kind in {"none", "zip"} or (form in _BY_DUCKDB and kind != "bzip2"):
        if form in _OWN_ENCODING:
            yield file
            return
        wide = None
        if kind != "zstd" or find_spec("pyarrow"):
            with _stream(file, kind) as stream:
                head = _read(file, stream, LOOK)
            refuse_other(file, head, form)
            wide = encodings.by_mark(head)
        if (wide or wanted or "utf-8").lower().replace("_", "-") in {"utf-8", "utf8"}:
            yield file
            return
    with _stream(file, kind) as stream:
        yield _copied(file, stream, form, wanted, folder, most)


def packing_of(path: str) -> str:
    """What a file is packed with, by its first bytes."""
    with opened(path) as stream:
        head = stream.read(4)
    if head.startswith(b"BZh"):
        return "bzip2"
    if head in {b"PK\x03\x04", b"PK\x05\x06"}:
        return "zip"
    return compression_of(path)


def _members(
    file: InputFile, form: str, options: Mapping[str, Any], folder: Path, most: int | None
) -> Iterator[InputFile]:
    pattern = options.get("members") or "*"
    try:
        archive = zipfile.ZipFile(file.path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise broken(file, "it is not a whole zip file") from error
    with archive:
        members = [
            m
            for m in archive.infolist()
            if not m.is_dir() and not m.filename.startswith("__MACOSX/")
        ]
        if len(members) > MOST_MEMBERS:
            raise _bomb(file, f"it holds {len(members):,} files")
        members = [m for m in members if fnmatch.fnmatchcase(m.filename, pattern)]
        if not members:
            raise SourceUnavailable(
                f"no file in `{file.name}` matches `{pattern}`",
                hint="see what it holds with `unzip -l`, or leave `members` out",
            )
        sizes = sum(m.file_size for m in members)
        if sizes > _bound(file.size):
            raise _bomb(file, f"it unpacks to {sizes:,} bytes")
        wanted = None if form in _OWN_ENCODING else options.get("encoding")
        for member in sorted(members, key=lambda m: m.filename):
            inner = replace(file, name=f"{file.name}/{member.filename}")
            try:
                with archive.open(member) as stream:
                    yield _copied(inner, cast("BinaryIO", stream), form, wanted, folder, most)
            except RuntimeError as error:
                raise broken(inner, "it is encrypted with a password") from error
            except _BAD_DATA as error:
                raise broken(inner, str(error) or "it ends too early") from error


@contextmanager
def _stream(file: InputFile, kind: str) -> Iterator[BinaryIO]:
    with opened(file.path) as raw:
        if kind == "gzip":
            yield cast("BinaryIO", gzip.GzipFile(fileobj=raw))
        elif kind == "bzip2":
            yield io.BufferedReader(bzip2.Unpacked(raw), CHUNK)
        elif kind == "zstd":
            try:
                import pyarrow as pa
            except ImportError as error:
                wanted = f"unpacking `{file.name}`"
                raise MissingExtra("pyarrow", "python", wanted_by=wanted) from error
            yield cast("BinaryIO", pa.input_stream(raw, compression="zstd"))
        else:
            yield raw


def _copied(
    file: InputFile,
    stream: BinaryIO,
    form: str,
    encoding: str | None,
    folder: Path,
    most: int | None,
) -> InputFile:
    """A copy of what a stream gives, in UTF-8 where the format is text."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"unpacked{next(_numbers)}"
    head = _read(file, stream, LOOK)
    if form not in _OWN_ENCODING or form == "xml":
        refuse_other(file, head, form)
    source = _Counted(file, stream, head, most)
    try:
        with path.open("wb") as copy:
            if form in _OWN_ENCODING:
                _copy(source, copy)
            else:
                encodings.to_utf8(source, copy, encodings.by_mark(head) or encoding or "utf-8")
    except OSError as error:
        raise StepFailed(
            f"`{file.name}` cannot be unpacked: {(error.strerror or str(error)).lower()}",
            code=CODE_DISK,
            hint="free disk space where the pipeline folder lies",
        ) from error
    return replace(file, path=str(path))


def _copy(source: _Counted, copy: BinaryIO) -> None:
    while chunk := source.read(CHUNK):
        copy.write(chunk)


class _Counted(io.RawIOBase):
    """A stream that ends in an error where it is damaged, or gives too much."""

    def __init__(self, file: InputFile, stream: BinaryIO, head: bytes, most: int | None) -> None:
        self._file, self._stream, self._head, self._most = file, stream, head, most
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        if self._most is not None and self._given >= self._most:
            return b""
        found = self._head or _read(self._file, self._stream, size)
        self._head = b""
        self._given += len(found)
        if self._given > _bound(self._file.size):
            raise _bomb(self._file, f"it unpacks to more than {self._given:,} bytes")
        return found


def _read(file: InputFile, stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except _BAD_DATA as error:
        raise broken(file, str(error) or "it ends too early") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise broken(file, str(error)) from error  # what gzip, bz2 and zstd raise


def _bound(packed: int) -> int:
    return max(FREE_BYTES, MOST_TIMES * packed)


def _bomb(file: InputFile, what: str) -> StepFailed:
    return StepFailed(
        f"`{file.name}` is {file.size:,} bytes, and {what}",
        code=CODE_BOMB,
        hint="unpack it yourself if that is right, and read what comes out",
    )
