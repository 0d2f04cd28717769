"""A held lock is renewed; a ledger that is out of reach for a moment is no lost lock."""

from __future__ import annotations

import threading

import pytest

from penstock.errors import Conflict, LedgerError
from penstock.runtime import heartbeat
from penstock.runtime.heartbeat import HeldLock
from penstock.runtime.ledger.sqlite import SQLiteLedger


class Shaky(SQLiteLedger):
    """Out of reach at the first beat."""

    beats = 0

    def renew(self, lock, *, lease_seconds):
        self.beats += 1
        if self.beats == 1:
            raise LedgerError("throttled")
        super().renew(lock, lease_seconds=lease_seconds)
        self.renewed.set()


def test_a_ledger_out_of_reach_at_one_beat_is_reached_at_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "LEASE_SECONDS", 2.0)
    ledger = Shaky(tmp_path / "ledger.sqlite")
    ledger.renewed = threading.Event()
    with HeldLock(ledger, "l") as held:
        assert ledger.renewed.wait(30)
        held.check()
    ledger.close()


def test_a_lock_that_is_handed_over_stays(tmp_path):
    ledger = SQLiteLedger(tmp_path / "ledger.sqlite")
    with HeldLock(ledger, "l", by="run:1", lease_seconds=5) as held:
        held.hand_over(lease_seconds=600)
    with pytest.raises(Conflict):
        ledger.acquire("l", "run:2", lease_seconds=5)
    ledger.renew(held.lock, lease_seconds=5)  # by whoever knows its token
    ledger.release(held.lock)
    with HeldLock(ledger, "l", by="run:2"):
        pass
    ledger.acquire("l", "run:3", lease_seconds=5)
    ledger.close()


def test_a_lock_that_others_gave_back_is_told_when_it_is_handed_over(tmp_path):
    ledger = SQLiteLedger(tmp_path / "ledger.sqlite")
    with HeldLock(ledger, "l", by="run:1") as held:
        ledger.release(held.lock)
        with pytest.raises(Conflict):
            held.hand_over(lease_seconds=600)
    ledger.close()
