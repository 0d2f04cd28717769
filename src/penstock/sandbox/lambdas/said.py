"""What a function's process prints, line by line."""

from __future__ import annotations

import os
import select
import threading
import time
from typing import IO

_MOST = 1 << 16
_PATIENCE_SECONDS = 1.0


class Said:
    """The lines of a process, taken from its pipe as they come, so that it never waits.

    Args:
        stream: the process's stdout; it is read to its end, and not closed.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._rest = b""
        self._lines: list[str] = []
        self._taking = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._reading, daemon=True).start()

    def lines(self, *, to_the_end: bool = False) -> list[str]:
        """What was said since this was asked last: all that was written before this call.

        Args:
            to_the_end: the process has ended, or is about to; waited for, for a second at most.
        """
        if to_the_end:
            self._ended.wait(_PATIENCE_SECONDS)
        until = time.monotonic() + _PATIENCE_SECONDS  # it may say more all the time
        with self._taking:
            while self._lies_there() and time.monotonic() < until:
                self._take()
            told, self._lines = self._lines, []
        return told

    def _reading(self) -> None:
        while not self._ended.is_set():
            select.select([self._stream], [], [])
            with self._taking:
                if self._lies_there():  # else somebody was quicker
                    self._take()

    def _lies_there(self) -> bool:
        return not self._ended.is_set() and bool(select.select([self._stream], [], [], 0)[0])

    def _take(self) -> None:
        chunk = os.read(self._stream.fileno(), _MOST)
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk:
            whole += [self._rest] if self._rest else []
            self._ended.set()
        self._lines += [line.decode(errors="replace") for line in whole]
