"""The tables of the SQLite ledger, and how a file is known to be one.

`application_id` says that a file is a ledger, `user_version` which layout it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import LedgerError
from penstock.runtime.ledger.chain import GENESIS

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

APPLICATION_ID = 0x50534B4C  # "PSKL"
VERSION = 2

# `number` columns give the order of writing; the clock may go backwards.
_TABLES = f"""
CREATE TABLE locks (
    name TEXT PRIMARY KEY,
    holder TEXT,                     -- NULL: free
    token INTEGER NOT NULL,          -- of the last taking; never goes down, so rows stay
    acquired_at TEXT NOT NULL,
    lease_until REAL NOT NULL        -- seconds since 1970
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL,
    key TEXT NOT NULL,
    program TEXT NOT NULL,
    slice TEXT NOT NULL,
    attempt INTEGER NOT NULL,        -- the latest
    lane TEXT NOT NULL DEFAULT 'daily'
);
CREATE INDEX runs_by_pipeline ON runs (pipeline, number);
CREATE INDEX runs_by_key ON runs (pipeline, key);
CREATE TABLE attempts (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    staged TEXT,                     -- JSON: the intent to publish
    report TEXT,                     -- JSON
    finished INTEGER,                -- number of the audit entry: the order of ends
    PRIMARY KEY (run_id, number)
);
CREATE INDEX attempts_by_status ON attempts (status, finished);
CREATE TABLE run_files (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    dataset TEXT NOT NULL,
    name TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (run_id, dataset, name, identity)
) WITHOUT ROWID;
CREATE TABLE run_sources (           -- what the latest attempt reads of each source
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    dataset TEXT NOT NULL,
    identity TEXT NOT NULL,
    mark_column TEXT,                -- the watermark, once the attempt recorded its intent
    mark_type TEXT,
    mark_value TEXT,
    PRIMARY KEY (run_id, dataset)
) WITHOUT ROWID;
CREATE TABLE versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline TEXT NOT NULL,
    target TEXT NOT NULL,
    version TEXT NOT NULL,
    run_id TEXT NOT NULL,
    location TEXT NOT NULL,
    published_at TEXT NOT NULL,
    load TEXT NOT NULL               -- JSON
);
CREATE INDEX versions_by_target ON versions (pipeline, target, number);
CREATE TABLE quarantine (
    pipeline TEXT NOT NULL,
    replay_key TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (pipeline, replay_key)
) WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,            -- canonical JSON
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE audit_head (            -- one row: finds a trail that was cut off at its end
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, '{GENESIS}');
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_only_continued BEFORE INSERT ON audit
WHEN NEW.number IS NOT (SELECT number + 1 FROM audit_head)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE ON audit_head
WHEN NEW.number IS NOT OLD.number + 1
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_head_is_not_removed BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
"""


# From each layout to the next, statement by statement.
_MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE runs ADD COLUMN lane TEXT NOT NULL DEFAULT 'daily'",
        """CREATE TABLE run_sources (
            run_id TEXT NOT NULL REFERENCES runs (run_id),
            dataset TEXT NOT NULL,
            identity TEXT NOT NULL,
            mark_column TEXT,
            mark_type TEXT,
            mark_value TEXT,
            PRIMARY KEY (run_id, dataset)
        ) WITHOUT ROWID""",
    ),
}


def is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has this layout; False where it is empty, or has an older one.

    Raises:
        LedgerError: a newer Penstock wrote it, or it is another program's database.
    """
    version = _pragma(connection, "user_version")
    owner = _pragma(connection, "application_id")
    if owner == APPLICATION_ID:
        if version > VERSION:
            raise LedgerError(
                f"the ledger {path} was written by a newer Penstock "
                f"(layout {version}; this one knows {VERSION})",
                code="PSK-LED-003",
                hint="pip install --upgrade penstock",
            )
        return version == VERSION
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner or version or tables:
        raise LedgerError(
            f"{path} is a database of another program, not a ledger",
            hint="put it aside under another name; the next run makes a new ledger",
        )
    return False


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older layout up to this one.

    Inside the caller's transaction: another process sees the file before or after.
    """
    if _pragma(connection, "application_id") != APPLICATION_ID:
        _create(connection)
        return
    for version in range(_pragma(connection, "user_version"), VERSION):
        for statement in _MIGRATIONS[version]:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _create(connection: sqlite3.Connection) -> None:
    # `executescript` would commit first; statements end at a `;` that closes a line.
    statement = ""
    for line in _TABLES.splitlines():
        statement += line.partition("--")[0].rstrip() + "\n"
        inside_trigger = "CREATE TRIGGER" in statement and not statement.rstrip().endswith("END;")
        if statement.rstrip().endswith(";") and not inside_trigger:
            connection.execute(statement)
            statement = ""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
