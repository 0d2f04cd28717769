"""A ledger on a machine that tells less, in an older layout, or made by another process first."""

from __future__ import annotations

import os
import socket
import sqlite3

import pytest

from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger import holder as holders
from penstock.runtime.ledger.base import BACKFILL, Progress, Watermark
from penstock.runtime.ledger.holder import is_alive
from penstock.runtime.ledger.sqlite import SQLiteLedger, connection, schema

HOST = socket.gethostname()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


# -- who lives


def test_a_process_that_may_not_be_asked_lives(monkeypatch):
    def refused(pid, signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)
    assert is_alive(holder()) is True


def test_where_there_is_no_proc_a_pid_is_enough(monkeypatch):
    def nothing(self, **options):
        raise FileNotFoundError

    monkeypatch.setattr(holders.Path, "read_text", nothing)
    assert is_alive(f"{HOST}:{os.getpid()}:1") is True


@pytest.mark.parametrize("state", ["Z", "X", "x"])
def test_a_process_that_was_killed_and_not_yet_reaped_is_dead(monkeypatch, state):
    fields = " ".join(str(n) for n in range(4, 30))
    monkeypatch.setattr(
        holders.Path, "read_text", lambda self, **options: f"1 (a b) {state} {fields}"
    )
    assert is_alive(f"{HOST}:{os.getpid()}:22") is False
    monkeypatch.setattr(holders.Path, "read_text", lambda self, **options: f"1 (a b) S {fields}")
    assert is_alive(f"{HOST}:{os.getpid()}:22") is True
    assert is_alive(f"{HOST}:{os.getpid()}:21") is False


# -- an older layout


@pytest.fixture
def old(path):
    """A ledger as the first layout had it, with one run that succeeded."""
    SQLiteLedger(path, actor="me@mill").close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE run_sources")
        db.execute("ALTER TABLE runs DROP COLUMN lane")
        db.execute("INSERT INTO runs VALUES (1, 'r1', 'p', 'k', 'prog', 's', 1)")
        db.execute(
            "INSERT INTO attempts VALUES ('r1', 1, 'succeeded', '2026-01-01T00:00:00.000000Z', "
            "'2026-01-01T00:00:01.000000Z', NULL, '{}', NULL)"
        )
        db.execute("PRAGMA user_version = 1")
    db.close()
    return path


def test_a_ledger_of_the_first_layout_is_brought_up_and_keeps_its_runs(old):
    ledger = SQLiteLedger(old, actor="me@mill")
    (run,) = ledger.runs("p")
    assert (run.run_id, run.status, run.lane) == ("r1", "succeeded", "daily")
    assert ledger.progress("p") == {}, "what it read was not kept then"
    ledger.begin("r2", "p", "k2", "prog", "s", {}, lane=BACKFILL, sources={"d": "i"})
    ledger.close()
    again = SQLiteLedger(old)
    assert [r.lane for r in again.runs("p")] == ["backfill", "daily"]
    again.close()


def test_a_layout_that_cannot_be_brought_up_stays_as_it_was(old, monkeypatch):
    monkeypatch.setitem(schema._MIGRATIONS, 1, (*schema._MIGRATIONS[1], "SELECT * FROM nowhere"))
    with pytest.raises(connection.LedgerError, match="nowhere"):
        SQLiteLedger(old)
    with sqlite3.connect(old) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'run_sources'").fetchone()
    db.close()


# -- two processes at once


def test_a_ledger_that_another_process_made_meanwhile_is_taken_as_it_is(path, monkeypatch):
    ask = schema.is_current
    asked = []

    def slow(db, at):
        found = ask(db, at)
        asked.append(found)
        if len(asked) == 1:  # now the other makes it, before this one has its lock
            other = SQLiteLedger(path, actor="other@mill")
            other.append_audit("other", "did", "p", "s", {})
            other.close()
        return found

    monkeypatch.setattr(schema, "is_current", slow)
    ledger = SQLiteLedger(path)
    assert asked[0] is False
    assert [e.actor for e in ledger.audit()] == ["other"]
    ledger.close()


# -- how far a source was read


def run(ledger, run_id, *, mark=None, status="succeeded", **begin):
    record = ledger.begin(run_id, "p", run_id, "prog", "s", {}, sources={"orders": run_id}, **begin)
    lock = ledger.acquire(f"l {run_id}", "elsewhere:1:2", lease_seconds=60)
    ledger.stage(record.run_id, [], lock, watermarks={"orders": mark} if mark else {})
    ledger.finish(record.run_id, status, {})
    return record


def test_progress_is_that_of_the_last_ordinary_run_that_succeeded(path):
    ledger = SQLiteLedger(path, actor="me@mill")
    assert ledger.progress("p") == {}
    run(ledger, "r1")
    assert ledger.progress("p") == {"orders": Progress("r1", "r1", None)}
    mark = Watermark("day", "date", "2026-01-01")
    run(ledger, "r2", mark=mark)
    run(ledger, "r3", mark=Watermark("day", "date", "2026-01-02"), status="failed")
    run(ledger, "r4", mark=Watermark("day", "date", "2026-01-03"), lane=BACKFILL)
    assert ledger.progress("p") == {"orders": Progress("r2", "r2", mark)}
    assert ledger.progress("other") == {}
    ledger.close()


def test_the_end_of_a_run_names_who_works_here(path):
    ledger = SQLiteLedger(path)
    run(ledger, "r1")
    run(ledger, "r2")
    assert [e.actor for e in ledger.audit()] == [holders.current_actor()] * 2
    ledger.close()
