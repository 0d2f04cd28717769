"""Whether text files can be read as a whole: DuckDB does not look.

It passes over the checksum of gzip, so that a flipped bit becomes another value, takes a zstd file
that is cut short for a shorter one, and loses a line that does not fit into its buffers
without a word. Files are checked while DuckDB reads them.
"""

from __future__ import annotations

import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from penstock.errors import StepFailed
from penstock.runtime.engines.duckdb.textfiles import (
    CHUNK,
    LONGEST_RECORD,
    broken,
    compression_of,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.csv_surplus import Count

_ZSTD = 0xFD2FB528
_SKIPPABLE = 0x184D2A5
_CUT = "it ends too early"
# What DuckDB's messages of packed data say; the last ones are the zstd library's own.
_UNPACKING = (
    "GZIP",
    "gzip stream",
    "ZSTD",
    "Unknown frame descriptor",
    "Data corruption detected",
    "doesn't match checksum",
    "Src size is incorrect",
    "Unsupported frame parameter",
    "respect format specification",
)
CODE_LINE = "PSK-SRC-038"
ONE_BUFFER = 30_000_000
"""Bytes. In a larger file DuckDB may lose a line of more than `LONGEST_RECORD` in silence."""
_LOOK = 1 << 16


class _Lines:
    """Finds a line that DuckDB may lose, in chunks of at most `CHUNK` bytes."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        self._at = self._start = 0
        self._long: int | None = None

    def add(self, chunk: bytes) -> None:
        """The next chunk.

        Raises:
            StepFailed: a line is too long.
        """
        first = chunk.find(b"\n")
        last = chunk.rfind(b"\n") if first >= 0 else max(chunk.find(b"\r", -_LOOK), -1)
        end = self._at + (first if first >= 0 else last if last >= 0 else len(chunk))
        if self._long is None and end - self._start > LONGEST_RECORD:
            self._long = self._start
        if last >= 0:
            self._start = self._at + last + 1
        self._at += len(chunk)
        if self._long is not None and self._at > ONE_BUFFER:
            raise too_long(self._file, self._long)


def too_long(file: InputFile, start: int) -> StepFailed:
    """The error for a line that DuckDB would lose."""
    return StepFailed(
        f"`{file.name}` has a line of more than {LONGEST_RECORD:,} bytes at byte {start + 1:,}",
        code=CODE_LINE,
        hint="nothing of it was taken in; is it a text file with line ends, and not damaged?",
    )


def long_line(stream: BinaryIO, size: int, limit: int = LONGEST_RECORD) -> int | None:
    r"""The offset of a line of more than `limit` bytes; None: there is none.

    Looks at a few bytes of each block only: such a line covers a whole one.

    >>> import io
    >>> text = b"a\n" * 50 + b"x" * 90 + b"\n"
    >>> long_line(io.BytesIO(text), len(text), 60), long_line(io.BytesIO(text), len(text), 99)
    (100, None)
    """
    block = limit // 2
    for start in range(0, size - block + 1, block):
        if _line_end(stream, start, start + block) is not None:
            continue
        stream.seek(max(start - limit, 0))
        before = stream.read(min(start, limit))
        begin = start - len(before) + max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
        if _line_end(stream, begin, min(begin + limit, size)) is None and size - begin > limit:
            return begin
    return None


def _line_end(stream: BinaryIO, start: int, stop: int) -> int | None:
    stream.seek(start)
    while start < stop and (chunk := stream.read(min(_LOOK, stop - start))):
        if b"\n" in chunk or b"\r" in chunk:
            return start
        start += len(chunk)
    return None


class Checked:
    """What is found out about files while they are checked.

    Args:
        look: makes what looks at the bytes of a file; None: nothing does.
    """

    def __init__(self, look: Callable[[], Count] | None = None) -> None:
        self._look = look
        self._of: dict[str, int] = {}
        self._done = threading.Event()

    def start(self) -> Count | None:
        """What looks at the next file."""
        return self._look() if self._look else None

    def tell(self, file: InputFile, look: Count | None) -> None:
        """What it found."""
        if look:
            self._of[file.path] = look.found

    def end(self) -> None:
        """All files are checked."""
        self._done.set()

    def count(self, path: str) -> int | None:
        """What was counted in a file; None: nothing was. Waits until all are checked."""
        self._done.wait()
        return self._of.get(path)


@contextmanager
def whole(files: Sequence[InputFile], look: Callable[[], Count] | None = None) -> Iterator[Checked]:
    """Check packed files beside what is done with them; told when that is done.

    Args:
        look: makes what looks at the bytes of a file (not of zstd, which is not unpacked here).

    Raises:
        StepFailed: a file is cut off or damaged.
        SourceUnavailable: it cannot be opened.
    """
    stop = threading.Event()
    found = Checked(look)
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(_check, files, stop, found)
        try:
            yield found
        except BaseException:
            stop.set()
            raise
        checked.result()


def _check(files: Sequence[InputFile], stop: threading.Event, found: Checked) -> None:
    try:
        _check_all(files, stop, found)
    finally:
        found.end()


def _check_all(files: Sequence[InputFile], stop: threading.Event, found: Checked) -> None:
    for file in files:
        look = found.start()
        kind = compression_of(file.path)
        if stop.is_set():
            return
        with opened(file.path) as stream:
            if kind == "none":
                size = stream.seek(0, 2)
                start = long_line(stream, size) if size > ONE_BUFFER else None
                if start is not None:
                    raise too_long(file, start)
                stream.seek(0)
                while look and not stop.is_set() and (chunk := stream.read(CHUNK)):
                    look.add(chunk)
                found.tell(file, look)
                continue
            if kind == "zstd":
                fault = zstd_fault(stream)
            else:
                fault = gzip_fault(stream, stop, _both(_Lines(file).add, look))
                found.tell(file, look)
        if fault:
            raise broken(file, fault)


def _both(one: Callable[[bytes], None], look: Count | None) -> Callable[[bytes], None]:
    def add(chunk: bytes) -> None:
        one(chunk)
        if look:
            look.add(chunk)

    return add


def gzip_fault(
    stream: BinaryIO,
    stop: threading.Event | None = None,
    look: Callable[[bytes], None] | None = None,
) -> str | None:
    """What is wrong with a gzip file; None: nothing.

    Args:
        look: is given what it holds.

    >>> import gzip, io
    >>> data = gzip.compress(b"a" * 100)
    >>> gzip_fault(io.BytesIO(data + data)), gzip_fault(io.BytesIO(data[:-1]))
    (None, 'it ends too early')
    """
    unpack = zlib.decompressobj(31)
    some = False
    try:
        while not (stop and stop.is_set()) and (chunk := stream.read(CHUNK)):
            some = True
            while chunk:
                if unpack.eof:
                    unpack = zlib.decompressobj(31)
                found = unpack.decompress(chunk, CHUNK)
                if look:
                    look(found)
                chunk = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    except zlib.error as error:
        return "its checksum is wrong" if "check" in str(error) else str(error)
    # What zlib holds back is given without more input; the end shows up then.
    while some and not unpack.eof and not (stop and stop.is_set()):
        if not (found := unpack.decompress(b"", CHUNK)):
            return _CUT
        if look:
            look(found)
    return None


def damaged(files: Sequence[InputFile], told: str) -> StepFailed | None:
    """The error for the file whose packed data DuckDB stumbled over; None: it was something else.

    Args:
        files: those it read; it does not always name the one.
        told: its message.
    """
    if not any(word in told for word in _UNPACKING):
        return None
    files = sorted(files, key=lambda f: f.path not in told)
    for file in files:
        kind = compression_of(file.path)
        if kind == "none":
            continue
        with opened(file.path) as stream:
            fault = zstd_fault(stream) if kind == "zstd" else gzip_fault(stream)
        if fault:
            return broken(file, fault)
    return broken(files[0], "its compressed data ends too early or is not valid")


def zstd_fault(stream: BinaryIO) -> str | None:
    """What is wrong with the frames of a zstd file; None: nothing.

    Walks from block to block without unpacking them (RFC 8878, section 3.1).
    """
    size = stream.seek(0, 2)
    at = 0
    while at < size:
        stream.seek(at)
        magic = _number(stream, 4)
        if magic >> 4 == _SKIPPABLE:
            at += 8 + _number(stream, 4)
        elif magic == _ZSTD:
            end = _frame_end(stream, at, size)
            if isinstance(end, str):
                return end
            at = end
        else:
            return "something else follows its packed data"
    return _CUT if at > size else None


def _frame_end(stream: BinaryIO, at: int, size: int) -> int | str:
    """Where a frame ends, from its start; or what is wrong with it."""
    stream.seek(at + 4)
    head = _number(stream, 1)
    single, checksum = head >> 5 & 1, head >> 2 & 1
    content = (single, 2, 4, 8)[head >> 6]
    at += 5 + (1 - single) + (0, 1, 2, 4)[head & 3] + content
    while at + 3 <= size:
        stream.seek(at)
        block = _number(stream, 3)
        kind, length = block >> 1 & 3, block >> 3
        if kind == 3:
            return "a block of it is of no known kind"
        at += 3 + (1 if kind == 1 else length)
        if block & 1:
            return at + 4 * checksum
    return _CUT


def _number(stream: BinaryIO, size: int) -> int:
    return int.from_bytes(stream.read(size), "little")
