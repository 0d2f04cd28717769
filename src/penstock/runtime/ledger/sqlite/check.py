"""Whether a ledger's file can still be read, all of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from penstock.errors import LedgerError
from penstock.runtime.ledger.sqlite.ledger import SQLiteLedger
from penstock.runtime.ledger.sqlite.schema import APPLICATION_ID

if TYPE_CHECKING:
    from pathlib import Path

NEWER = "PSK-LED-003"


def damage(path: Path, pipeline: str) -> str | None:
    """What is wrong with a ledger's file, in words; None: it can be read. Nothing is changed.

    Raises:
        LedgerError: a newer Penstock wrote it: it is whole, and not for this one.
    """
    if not path.is_file():
        return "it is gone"
    if not path.stat().st_size:
        return "it is empty"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            told = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            owner = db.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    if told != "ok":
        return str(told).replace("\n", " ")
    if owner != APPLICATION_ID:
        return "it is no ledger"
    try:
        with closing(SQLiteLedger(path)) as ledger:
            ledger.runs(pipeline, limit=1_000_000)
            ledger.current(pipeline)
            ledger.progress(pipeline)
            ledger.quarantine_states(pipeline)
            ledger.audit()
    except LedgerError as error:
        if error.code == NEWER:
            raise
        return error.message
    return None


def audit_trail(path: Path) -> tuple[int, str] | None:
    """Number and hash of the last audit entry that a damaged file still tells; None: none."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            found = row.fetchone()
    except sqlite3.Error:
        return None
    return (int(found[0]), str(found[1])) if found else None
