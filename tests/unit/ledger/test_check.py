"""A ledger's file is whole, or it is said in words what is wrong with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from penstock.errors import LedgerError
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.ledger.sqlite.check import audit_trail, damage


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "ledger.sqlite"
    ledger = SQLiteLedger(made)
    for number in range(200):
        ledger.append_audit("me", "noted", "shop", f"subject {number}", {"text": "x" * 200})
    ledger.close()
    return made


def execute(path, *statements):
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_a_whole_ledger_has_no_damage(path):
    assert damage(path, "shop") is None
    assert audit_trail(path)[0] == 200


def test_what_is_gone_or_empty_or_no_database(path):
    path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    assert "not a database" in damage(path, "shop")
    assert audit_trail(path) is None
    path.write_bytes(b"")
    assert damage(path, "shop") == "it is empty"
    path.unlink()
    assert damage(path, "shop") == "it is gone"


def test_a_database_of_something_else_is_no_ledger(path):
    execute(path, "PRAGMA application_id = 7")
    assert damage(path, "shop") == "it is no ledger"


def test_overwritten_pages_are_found(path):
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(bytes(data))
    assert damage(path, "shop")


def test_a_table_that_is_gone_is_damage(path):
    execute(path, "DROP TABLE runs")
    assert damage(path, "shop")


def test_a_trail_without_entries_has_no_last_one(tmp_path):
    made = tmp_path / "ledger.sqlite"
    SQLiteLedger(made).close()
    assert audit_trail(made) is None


def test_a_ledger_of_a_newer_penstock_is_whole(path):
    execute(path, "PRAGMA user_version = 999")
    with pytest.raises(LedgerError) as told:
        damage(path, "shop")
    assert told.value.code == "PSK-LED-003"
