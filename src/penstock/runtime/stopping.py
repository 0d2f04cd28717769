"""Stops threads that are busy in user code when a run is interrupted.

Python gives no other way to end a function that does not return: an exception is raised in its
thread at its next instruction. A call that blocks outside Python (`time.sleep`) ends first.
"""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from penstock.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
_END = object()


class Stop(BaseException):
    """Raised in a thread by `Stopping.stop`; not an Exception, so that user code lets it pass."""


class Stopping:
    """The threads that run user code, and the way to stop them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._threads: set[int] = set()
        self._stopped = threading.Event()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """While the body runs, `stop` may end it.

        Raises:
            Interrupted: it did.
        """
        me = threading.get_ident()
        try:
            with self._guard:
                if self._stopped.is_set():
                    raise Interrupted("interrupted")
                self._threads.add(me)
            try:
                yield
            finally:
                with self._guard:
                    self._threads.discard(me)
                    if self._stopped.is_set():
                        _take_back(me)
        except Stop as stop:
            raise Interrupted("interrupted") from stop

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """The items; making each of them may be stopped."""
        at = iter(items)
        while True:
            with self.allowed():
                item = next(at, _END)
            if item is _END:
                return
            yield item  # type: ignore[misc]

    def stop(self) -> None:
        """End every body that runs now, or is entered later."""
        with self._guard:
            self._stopped.set()
            for thread in self._threads:
                _raise_in(thread, Stop)


def _raise_in(thread: int, kind: type[BaseException]) -> None:
    wanted = ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), wanted)


def _take_back(me: int) -> None:
    """Have one that was not delivered yet come here, where it does nothing.

    Setting none in its place would leave Python's note that there is one: the interpreter would
    look for it at every call from then on, and for ever under a tracer (CPython 3.11).
    """
    try:
        _raise_in(me, Stop)
        for _ in range(1000):
            pass
    except Stop:
        pass
