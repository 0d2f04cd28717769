"""Keeps a lock alive while a run works, tells when it was lost, and waits where it may wait."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from penstock.errors import Conflict, Interrupted, LedgerError
from penstock.runtime.ledger.holder import host

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from penstock.runtime.ledger.base import Ledger, Lock

LEASE_SECONDS = 60.0
POLL_SECONDS = 0.1


class HeldLock:
    """A lock, renewed in the background, as a context manager.

    Args:
        by: who holds it; None: this process.
        lease_seconds: after how long others may have it where this process dies; None: 60.

    Raises:
        Conflict: on entering, if a live run holds it.
    """

    def __init__(
        self,
        ledger: Ledger,
        name: str,
        *,
        by: str | None = None,
        lease_seconds: float | None = None,
    ) -> None:
        self._ledger = ledger
        self._name = name
        self._by = by
        self._lease = lease_seconds or LEASE_SECONDS
        self._handed_over = False
        self._stop = threading.Event()
        self._lost: Conflict | None = None
        self.lock: Lock

    def __enter__(self) -> Self:
        self.lock = self._ledger.acquire(
            self._name, self._by or holder(), lease_seconds=self._lease
        )
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
        if not self._handed_over:
            self._ledger.release(self.lock)

    def hand_over(self, *, lease_seconds: float) -> None:
        """Leave the lock to others, who know its token: it is not given back on leaving.

        Raises:
            Conflict: they gave it back already, or it was taken over.
        """
        self._handed_over = True
        self._stop.set()
        self._thread.join()
        self._ledger.renew(self.lock, lease_seconds=lease_seconds)

    def check(self) -> None:
        """Raise Conflict if the lock was taken over."""
        if self._lost:
            raise self._lost

    def _beat(self) -> None:
        while not self._stop.wait(self._lease / 4):
            try:
                self._ledger.renew(self.lock, lease_seconds=self._lease)
            except Conflict as lost:
                self._lost = lost
                return
            except LedgerError:
                continue  # it may be reached at the next beat, and the lease lasts for some


class AwaitedLock:
    """A lock taken when it is first needed, and waited for; from several threads.

    Args:
        told: called once, where it has to be waited for.
        wait_seconds: how long at most.
    """

    def __init__(
        self, ledger: Ledger, name: str, *, told: Callable[[], None], wait_seconds: float
    ) -> None:
        self._ledger = ledger
        self._name = name
        self._told = told
        self._wait = wait_seconds
        self._guard = threading.Lock()
        self._held: HeldLock | None = None
        self._given_up = threading.Event()

    def take(self) -> None:
        """Have the lock.

        Raises:
            Conflict: another has it, and kept it for too long.
            Interrupted: the run was given up meanwhile.
        """
        with self._guard:
            if self._held is None:
                self._held = self._waited_for()

    def check(self) -> None:
        """Raise Conflict if the lock was taken over."""
        if self._held is not None:
            self._held.check()

    def release(self) -> None:
        """Give it back, if it was taken, for good; whoever still waits for it gives up."""
        self._given_up.set()
        self.pause()

    def pause(self) -> None:
        """Give it back, if it was taken, until it is needed again."""
        with self._guard:
            if self._held is not None:
                self._held.__exit__(None, None, None)
                self._held = None

    def _waited_for(self) -> HeldLock:
        until = time.monotonic() + self._wait
        waits = False
        while not self._given_up.is_set():
            try:
                return HeldLock(self._ledger, self._name).__enter__()
            except Conflict:
                if time.monotonic() >= until:
                    raise
            if not waits:
                waits = True
                self._told()
            self._given_up.wait(POLL_SECONDS)
        raise Interrupted(f"the run was given up while it waited for `{self._name}`")


def holder() -> str:
    """This process as `host:pid:start-time`, so that a reused pid is not taken for it."""
    return f"{host()}:{os.getpid()}:{start_time(os.getpid())}"


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty where that cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
