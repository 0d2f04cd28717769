"""The ledgers under test, and what the tests have other processes do with them.

`LEDGERS`: name → a function that opens the store kept in a folder. Opening it twice gives two
ledgers over one store.
"""

from __future__ import annotations

import hashlib
import os
import signal

from penstock.errors import Conflict
from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.dynamodb import DynamoDBLedger, create_table
from penstock.runtime.ledger.sqlite import SQLiteLedger


def open_sqlite(folder, **options):
    return SQLiteLedger(folder / "ledger.sqlite", **options)


def open_dynamodb(folder, **options):
    """A table named after the folder, in the server that the usual AWS variables name."""
    table = "ledger-" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    create_table(table, backups=False)
    return DynamoDBLedger(table, **options)


LEDGERS = {
    "sqlite": open_sqlite,
    "dynamodb-moto": open_dynamodb,
    "dynamodb-local": open_dynamodb,
}


def serve(kind, use_dynamodb):
    """Start what a ledger of this kind needs, and have this test use it."""
    if kind.startswith("dynamodb-"):
        use_dynamodb(kind.removeprefix("dynamodb-"))


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
