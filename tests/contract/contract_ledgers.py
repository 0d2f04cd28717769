"""The ledgers under test, and what the tests have other processes do with them.

`LEDGERS`: name → a function that opens the store kept in a folder. Opening it twice gives two
ledgers over one store.
"""

from __future__ import annotations

import os
import signal

from penstock.errors import Conflict
from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.sqlite import SQLiteLedger


def open_sqlite(folder, **options):
    return SQLiteLedger(folder / "ledger.sqlite", **options)


LEDGERS = {"sqlite": open_sqlite}


def append_many(kind, folder, name, count):
    ledger = LEDGERS[kind](folder)
    for number in range(count):
        ledger.append_audit(name, "did", "p", str(number), {"n": number})
    ledger.close()


def race(kind, folder, start, results):
    ledger = LEDGERS[kind](folder)
    start.wait()
    try:
        lock = ledger.acquire("l", holder(), lease_seconds=60)
        results.put(("has it", lock.token))
        start.wait()  # hold it until the other has tried
    except Conflict as told:
        results.put(("refused", told.message))
        start.wait()


def die_writing(kind, folder):
    ledger = LEDGERS[kind](folder)
    for number in range(1_000_000):
        ledger.append_audit("a", "did", "p", str(number), {})
        if number == 3:
            os.kill(os.getppid(), signal.SIGUSR1)
