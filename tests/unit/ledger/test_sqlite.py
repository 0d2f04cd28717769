"""The SQLite file itself: what is refused, what is found, and what the reader is told."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading

import pytest

from penstock.errors import Conflict, LedgerError
from penstock.runtime.ledger.sqlite import SQLiteLedger, connection, schema

GUARDS = (
    "audit_is_not_changed", "audit_is_not_removed", "audit_is_only_continued",
    "audit_head_goes_forward", "audit_head_is_not_removed",
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path):
    made = SQLiteLedger(path, actor="me@mill")
    for number in range(5):
        made.append_audit("me", "did", "p", str(number), {"n": number})
    yield made
    made.close()


@pytest.fixture
def raw(path, ledger):
    """SQL as somebody with an SQLite client would run it."""
    with sqlite3.connect(path) as db:
        yield db
    db.close()


def unguarded(db):
    for name in GUARDS:
        db.execute(f"DROP TRIGGER {name}")


def faults(ledger):
    return [(f.kind, f.number) for f in ledger.verify_audit()]


# -- the audit trail


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET actor = 'you' WHERE number = 2",
        "UPDATE audit SET actor = actor",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 9, at, actor, action, pipeline, subject, detail, previous, hash FROM audit LIMIT 1",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 2",
        "UPDATE audit_head SET number = 4",
        "UPDATE audit_head SET hash = ''",
        "DELETE FROM audit_head",
    ],
)
def test_the_trail_is_append_only(raw, ledger, sql):
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(sql)
    raw.rollback()
    assert ledger.verify_audit() == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE audit SET actor = 'you' WHERE number = 2", [("changed", 2)]),
        ("""UPDATE audit SET detail = '{"n":7}' WHERE number = 3""", [("changed", 3)]),
        ("""UPDATE audit SET detail = '{"n": 2}' WHERE number = 3""", [("changed", 3)]),
        ("UPDATE audit SET detail = 'no json' WHERE number = 3", [("changed", 3)]),
        ("UPDATE audit SET detail = x'00ff' WHERE number = 3", [("changed", 3)]),
        ("UPDATE audit SET at = x'00ff' WHERE number = 3", [("changed", 3)]),
        ("DELETE FROM audit WHERE number = 1", [("removed", 1)]),
        ("DELETE FROM audit WHERE number = 3", [("removed", 3)]),
        ("DELETE FROM audit WHERE number >= 4", [("removed", 4)]),
        ("DELETE FROM audit", [("removed", 1)]),
        ("DELETE FROM audit_head", [("removed", 0)]),
        (
            "INSERT INTO audit SELECT 6, at, actor, action, pipeline, subject, detail, previous, hash FROM audit WHERE number = 5",
            [("moved", 6), ("inserted", 6)],
        ),
        ("UPDATE audit SET number = 9 WHERE number = 2", [("removed", 2), ("moved", 9)]),
    ],
)
def test_what_was_done_without_the_guards_is_found(raw, ledger, sql, found):
    unguarded(raw)
    raw.execute(sql)
    raw.commit()
    assert set(found) <= set(faults(ledger))


def test_after_a_removal_at_the_end_the_gap_stays_found(raw, ledger):
    unguarded(raw)
    raw.execute("DELETE FROM audit WHERE number = 5")
    raw.commit()
    ledger.append_audit("me", "did", "p", "later", {})
    assert faults(ledger) == [("removed", 5)]


# -- files that are no ledger


def test_a_newer_layout_is_left_alone(path, ledger):
    ledger.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    db.close()
    with pytest.raises(LedgerError, match="written by a newer Penstock") as told:
        SQLiteLedger(path)
    assert told.value.hint == "pip install --upgrade penstock"
    assert (told.value.code, told.value.exit_code) == ("PSK-LED-003", 1)


@pytest.mark.parametrize("data", [b"broken\n", b"x" * 5000, b"SQLite format 3\0" + b"y" * 5000])
def test_a_file_that_is_no_database(path, data):
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="is damaged: ") as told:
        SQLiteLedger(path)
    assert told.value.code == "PSK-LED-001"
    assert "mv ledger.sqlite ledger.sqlite.damaged" in told.value.hint
    assert path.read_bytes() == data


def test_pages_that_were_overwritten(path, ledger):
    for number in range(40):
        ledger.append_audit("me", "did", "p", str(number), {"text": "x" * 2000})
    ledger.close()
    data = bytearray(path.read_bytes())
    for at in range(8192, len(data), 4096):
        data[at : at + 200] = b"\xee" * 200
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="damaged") as told:
        SQLiteLedger(path).audit()
    assert told.value.code == "PSK-LED-001"


def test_a_table_that_is_gone(path, ledger, raw):
    raw.execute("DROP TABLE quarantine")
    raw.commit()
    with pytest.raises(LedgerError, match="no such table"):
        ledger.quarantine_states("p")


def test_text_that_is_no_json(ledger, raw):
    ledger.begin("r", "p", "k", "prog", "s", {})
    raw.execute("UPDATE attempts SET report = '{'")
    raw.commit()
    with pytest.raises(LedgerError, match="not JSON"):
        ledger.run("r")


def test_the_database_of_another_program(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (a)")
    db.close()
    with pytest.raises(LedgerError, match="a database of another program"):
        SQLiteLedger(path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(LedgerError, match="cannot be read or written: unable to open") as told:
        SQLiteLedger(tmp_path / "missing" / "ledger.sqlite")
    assert told.value.code == "PSK-LED-002"


def test_a_folder_in_its_place(path):
    path.mkdir()
    with pytest.raises(LedgerError, match="unable to open"):
        SQLiteLedger(path)


def test_a_file_that_may_not_be_written(path, ledger, tmp_path):
    ledger.close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    code = (
        "import os, sys, pathlib\n"
        "from penstock.errors import LedgerError\n"
        "from penstock.runtime.ledger.sqlite import SQLiteLedger\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0: os.setuid(12345)  # root may write anything\n"
        "try:\n"
        "    SQLiteLedger(pathlib.Path('ledger.sqlite')).append_audit('a', 'b', 'p', 's', {})\n"
        "except LedgerError as told:\n"
        "    print(told.code, told.message)\n"
    )
    try:
        found = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
    finally:
        tmp_path.chmod(0o755)
    assert found.stdout.startswith("PSK-LED-002 "), found


def test_a_lock_nobody_lets_go(path, ledger, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    impatient = SQLiteLedger(path)
    held = threading.Event()
    done = threading.Event()

    def hold():
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        held.set()
        done.wait(30)
        db.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        assert len(impatient.audit()) == 5, "readers never wait"
        with pytest.raises(Conflict, match="was locked by another process"):
            impatient.append_audit("a", "b", "p", "s", {})
    finally:
        done.set()
        thread.join()
    impatient.append_audit("a", "b", "p", "s", {})
    impatient.close()


# -- the file


def test_settings(path, ledger):
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    with ledger._file.reading() as mine:
        assert mine.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert mine.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_an_error_inside_undoes_the_whole(ledger):
    def interrupted():
        with ledger._file.writing() as db:
            db.execute("INSERT INTO quarantine VALUES ('p', 'k', 'replayed')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ledger.quarantine_states("p") == {}
    ledger.append_audit("a", "b", "p", "s", {})


def test_close_twice(ledger):
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError):
        ledger.current("p")


def test_opening_needs_nothing_but_the_standard_library():
    code = (
        "import sys; from penstock.runtime.ledger.sqlite import SQLiteLedger\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names))"
    )
    found = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    assert [m for m in found.stdout.split() if not m.startswith("__")] == ["penstock"]
