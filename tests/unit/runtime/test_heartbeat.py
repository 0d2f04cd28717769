"""A held lock is renewed; a ledger that is out of reach for a moment is no lost lock."""

from __future__ import annotations

import threading

from penstock.errors import LedgerError
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
