"""Keeps a lock alive while a run works, and tells when it was lost."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from penstock.errors import Conflict

if TYPE_CHECKING:
    from types import TracebackType

    from penstock.runtime.ledger.base import Ledger, Lock

LEASE_SECONDS = 60.0


class HeldLock:
    """The lock of a pipeline, renewed in the background, as a context manager.

    Raises:
        Conflict: on entering, if a live run holds it.
    """

    def __init__(self, ledger: Ledger, name: str) -> None:
        self._ledger = ledger
        self._name = name
        self._stop = threading.Event()
        self._lost: Conflict | None = None
        self.lock: Lock

    def __enter__(self) -> Self:
        self.lock = self._ledger.acquire(self._name, holder(), lease_seconds=LEASE_SECONDS)
        self._thread = threading.Thread(target=self._beat, name="penstock-lock", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._ledger.release(self.lock)

    def check(self) -> None:
        """Raise Conflict if the lock was taken over."""
        if self._lost:
            raise self._lost

    def _beat(self) -> None:
        while not self._stop.wait(LEASE_SECONDS / 4):
            try:
                self._ledger.renew(self.lock, lease_seconds=LEASE_SECONDS)
            except Conflict as lost:
                self._lost = lost
                return


def holder() -> str:
    """This process as `host:pid:start-time`, so that a reused pid is not taken for it."""
    return f"{socket.gethostname()}:{os.getpid()}:{start_time(os.getpid())}"


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty where that cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
