"""Checksums of Parquet pages: DuckDB passes over them, so that a flipped bit is another value.

Writers may give each page a CRC-32 in its header (Spark does, pyarrow on demand). Pages are checked
while DuckDB reads them; a file without checksums costs a look at one page of it.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.duckdb.textfiles import CHUNK, broken, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.connection import Database

_USUAL, _LONGEST = 1 << 10, 1 << 24
"""Bytes of a page header: most have fewer than the first; statistics of long texts have more."""


class Chunk(NamedTuple):
    """The pages of one column in one row group, and the bytes of the file they are in."""

    group: int
    column: str
    start: int
    end: int


class Page(NamedTuple):
    """What a page header says: the bytes it takes itself, those of the page, and their CRC-32."""

    header: int
    size: int
    crc: int | None


@contextmanager
def checked(database: Database, files: Sequence[InputFile]) -> Iterator[None]:
    """Check the pages of files beside what is done with them; told when that is done.

    Raises:
        StepFailed: a checksum is wrong.
        SourceUnavailable: a file cannot be opened.
    """
    chunks = _chunks(database, files)
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        check = pool.submit(_check, files, chunks, stop)
        try:
            yield
        except BaseException:
            stop.set()
            raise
        check.result()


def _chunks(database: Database, files: Sequence[InputFile]) -> Mapping[str, list[Chunk]]:
    if not files:
        return {}
    sql = (
        "SELECT file_name, row_group_id, path_in_schema, least(nullif(dictionary_page_offset, 0), "
        "nullif(data_page_offset, 0)) AS start, start + total_compressed_size "
        f"FROM parquet_metadata({literal([f.path for f in files])}) WHERE start > 0"
    )
    found: dict[str, list[Chunk]] = {}
    for path, *chunk in database.execute(sql).fetchall():
        found.setdefault(path, []).append(Chunk(*chunk))
    return found


def _check(
    files: Sequence[InputFile], chunks: Mapping[str, list[Chunk]], stop: threading.Event
) -> None:
    for file in files:
        mine = chunks.get(file.path)
        if not mine or stop.is_set():
            continue
        with opened(file.path) as stream:
            first = _page(stream, mine[0].start)
            if first is None or first.crc is None:
                continue
            for chunk in mine:
                number = _wrong_page(stream, chunk, stop)
                if number:
                    raise broken(
                        file,
                        f"the checksum of page {number} of column `{chunk.column}` in row group "
                        f"{chunk.group + 1} is wrong",
                    )


def _wrong_page(stream: BinaryIO, chunk: Chunk, stop: threading.Event) -> int | None:
    """The number, from 1, of the first page whose checksum is wrong; None: there is none.

    A header that cannot be read ends the look: what DuckDB makes of such a page is its own error.
    """
    at, number = chunk.start, 0
    while at < chunk.end and not stop.is_set():
        number += 1
        page = _page(stream, at)
        if page is None:
            return None
        at += page.header
        if page.crc is not None and _crc(stream, at, page.size) != page.crc:
            return number
        at += page.size
    return None


def _crc(stream: BinaryIO, at: int, size: int) -> int:
    stream.seek(at)
    found = 0
    while size and (data := stream.read(min(CHUNK, size))):
        found = zlib.crc32(data, found)
        size -= len(data)
    return found


def _page(stream: BinaryIO, at: int) -> Page | None:
    size = _USUAL
    while size <= _LONGEST:
        stream.seek(at)
        data = stream.read(size)
        try:
            return page_header(data)
        except IndexError:
            if len(data) < size:
                return None
            size *= 16
        except ValueError:
            return None
    return None


def page_header(data: bytes) -> Page:
    r"""A page header, in Thrift's compact protocol.

    Raises:
        IndexError: it goes on behind these bytes.
        ValueError: it is none.

    >>> page_header(bytes([0x15, 4, 0x15, 200, 1, 0x15, 20, 0x15, 9, 0]))
    Page(header=10, size=10, crc=4294967291)
    """
    reader = _Compact(data)
    found = reader.struct()
    if not {1, 2, 3} <= found.keys() or found[3] < 0:
        raise ValueError("not a page header")
    crc = found.get(4)
    return Page(reader.at, found[3], None if crc is None else crc & 0xFFFFFFFF)


class _Compact:
    """Walks over values of Thrift's compact protocol.

    https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int = 0) -> dict[int, int]:
        """The integers of a struct by field number; everything else is passed over."""
        found: dict[int, int] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            value = self._value(head & 15, depth)
            if value is not None:
                found[field] = value
        return found

    def _value(self, kind: int, depth: int) -> int | None:
        if kind in {1, 2}:  # a boolean is in its type
            return None
        if kind in {4, 5, 6}:
            return self._zigzag()
        if kind == 3:
            self._byte()
        elif kind == 7:
            self._skip(8)
        elif kind == 8:
            self._skip(self._varint())
        elif kind == 12 and depth < 8:
            self.struct(depth + 1)
        else:
            raise ValueError(f"no page header has a value of type {kind}")
        return None

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self._data):
            raise IndexError

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7
            if shift > 63:
                raise ValueError("not a number")

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
