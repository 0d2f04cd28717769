"""bzip2 files of one or more streams: what follows a stream and is none is told."""

from __future__ import annotations

import bz2
import io
from typing import BinaryIO

from penstock.runtime.engines.duckdb.textfiles import CHUNK


class Unpacked(io.RawIOBase):
    """What a file holds. `bz2.BZ2File` takes a damaged second stream for the end of the file.

    Raises:
        OSError: a stream is damaged, or something else follows one.
        EOFError: it ends within a stream.

    >>> Unpacked(io.BytesIO(bz2.compress(b"a") + bz2.compress(b"b"))).read()
    b'ab'
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._stream = bz2.BZ2Decompressor()
        self._ahead = b""

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next; 0 at the end."""
        room = memoryview(buffer).cast("B")
        if not len(room):
            return 0
        while True:
            if self._stream.eof:
                self._ahead = self._stream.unused_data or self._raw.read(CHUNK)
                if not self._ahead:
                    return 0
                self._stream = bz2.BZ2Decompressor()
            elif self._stream.needs_input and not self._ahead:
                self._ahead = self._raw.read(CHUNK)
                if not self._ahead:
                    raise EOFError("it ends too early")
            given = self._stream.decompress(self._ahead, len(room))
            self._ahead = b""
            if given:
                room[: len(given)] = given
                return len(given)
