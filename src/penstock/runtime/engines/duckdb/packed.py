"""Whether packed files are whole: DuckDB does not look.

It passes over the checksum of gzip, so that a flipped bit becomes another value, and takes a zstd
file that is cut short for a shorter one. Files are checked while DuckDB reads them.
"""

from __future__ import annotations

import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from penstock.runtime.engines.duckdb.textfiles import CHUNK, broken, compression_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.runtime.engines.base import InputFile

_ZSTD = 0xFD2FB528
_SKIPPABLE = 0x184D2A5
_CUT = "it ends too early"


@contextmanager
def whole(files: Sequence[InputFile]) -> Iterator[None]:
    """Check packed files beside what is done with them; told when that is done.

    Raises:
        StepFailed: a file is cut off or damaged.
        SourceUnavailable: it cannot be opened.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(_check, files, stop)
        try:
            yield
        except BaseException:
            stop.set()
            raise
        checked.result()


def _check(files: Sequence[InputFile], stop: threading.Event) -> None:
    for file in files:
        kind = compression_of(file.path)
        if kind == "none" or stop.is_set():
            continue
        with opened(file.path) as stream:
            fault = zstd_fault(stream) if kind == "zstd" else gzip_fault(stream, stop)
        if fault:
            raise broken(file, fault)


def gzip_fault(stream: BinaryIO, stop: threading.Event | None = None) -> str | None:
    """What is wrong with a gzip file; None: nothing.

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
                unpack.decompress(chunk, CHUNK)
                chunk = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    except zlib.error as error:
        return "its checksum is wrong" if "check" in str(error) else str(error)
    # What zlib holds back is given without more input; the end shows up then.
    while some and not unpack.eof and not (stop and stop.is_set()):
        if not unpack.decompress(b"", CHUNK):
            return _CUT
    return None


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
