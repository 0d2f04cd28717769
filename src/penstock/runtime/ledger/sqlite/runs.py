"""Runs, their attempts and what they published."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger import words
from penstock.runtime.ledger.base import AttemptRecord, RunRecord, Version
from penstock.runtime.ledger.sqlite.reads import note
from penstock.runtime.ledger.words import to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from penstock.runtime.ledger.sqlite.reads import Reads

_RUNS = """
SELECT r.run_id, r.pipeline, r.key, r.program, r.slice, a.status, a.number, a.started_at,
       a.ended_at, r.lane, a.staged, a.report
FROM runs AS r JOIN attempts AS a ON a.run_id = r.run_id AND a.number = r.attempt
"""
_VERSIONS = "SELECT pipeline, target, version, run_id, location, published_at, load FROM versions"
_RUN_FIELDS = (
    *(f.name for f in fields(RunRecord) if f.name not in {"staged", "report", "lane"}),
    "lane",
)
_VERSION_FIELDS = tuple(f.name for f in fields(Version))[:6]


def begin(
    db: sqlite3.Connection,
    *,
    run_id: str,
    pipeline: str,
    key: str,
    program: str,
    slice_: str,
    lane: str,
    reads: Reads,
    at: str,
) -> RunRecord:
    """Start a run, or the next attempt at the lane's newest run with this key."""
    where = "WHERE r.pipeline = ? AND r.key = ? AND r.lane = ? ORDER BY r.number DESC LIMIT 1"
    found = _select(db, where, (pipeline, key, lane))
    if found and found[0].status != "succeeded":
        return _again(db, found[0], reads, at)
    if by_id(db, run_id, exact=True) is not None:
        raise words.id_taken(run_id)
    db.execute(
        "INSERT INTO runs (run_id, pipeline, key, program, slice, attempt, lane) "
        "VALUES (?, ?, ?, ?, ?, 1, ?)",
        (run_id, pipeline, key, program, slice_, lane),
    )
    return _attempt(db, run_id, 1, reads, at)


def _again(db: sqlite3.Connection, run: RunRecord, reads: Reads, at: str) -> RunRecord:
    db.execute(
        "UPDATE attempts SET status = 'interrupted', ended_at = ? "
        "WHERE run_id = ? AND status = 'running'",
        (at, run.run_id),
    )
    db.execute("UPDATE runs SET attempt = ? WHERE run_id = ?", (run.attempt + 1, run.run_id))
    return _attempt(db, run.run_id, run.attempt + 1, reads, at)


def _attempt(db: sqlite3.Connection, run_id: str, number: int, reads: Reads, at: str) -> RunRecord:
    db.execute(
        "INSERT INTO attempts (run_id, number, status, started_at) VALUES (?, ?, 'running', ?)",
        (run_id, number, at),
    )
    note(db, run_id, reads)
    return _select(db, "WHERE r.run_id = ?", (run_id,))[0]


def running(db: sqlite3.Connection, run_id: str) -> RunRecord:
    """A run that has not ended.

    Raises:
        Conflict: it has ended, so that whoever asks for it is a zombie.
        LedgerError: there is no such run.
    """
    found = by_id(db, run_id, exact=True)
    if found is None:
        raise words.unknown(run_id)
    if found.status != "running":
        raise words.ended(run_id, found.status)
    return found


def stage(db: sqlite3.Connection, run_id: str, staged: list[dict[str, Any]]) -> None:
    """Note the intent to publish."""
    run = running(db, run_id)
    db.execute(
        "UPDATE attempts SET staged = ? WHERE run_id = ? AND number = ?",
        (to_json(staged), run_id, run.attempt),
    )


def end(
    db: sqlite3.Connection, run: RunRecord, *, status: str, report: object, at: str, entry: int
) -> None:
    """Note the end of an attempt; `entry` is the number of the audit entry that tells of it."""
    db.execute(
        "UPDATE attempts SET status = ?, ended_at = ?, report = ?, finished = ? "
        "WHERE run_id = ? AND number = ?",
        (status, at, to_json(report), entry, run.run_id, run.attempt),
    )


def publish(db: sqlite3.Connection, versions: Iterable[Version]) -> None:
    """Note published versions."""
    db.executemany(
        "INSERT INTO versions (pipeline, target, version, run_id, location, published_at, load) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (v.pipeline, v.target, v.version, v.run_id, v.location, v.published_at, to_json(v.load))
            for v in versions
        ],
    )


# -- asking


def by_id(db: sqlite3.Connection, run_id: str, *, exact: bool = False) -> RunRecord | None:
    """A run by its id or by a prefix of it.

    Raises:
        UsageError: the prefix is that of several runs.
    """
    found = _select(db, "WHERE r.run_id = ?", (run_id,))
    if found or exact or not run_id:
        return found[0] if found else None
    found = _select(
        db, "WHERE substr(r.run_id, 1, ?) = ? ORDER BY r.number DESC", (len(run_id), run_id)
    )
    if len(found) > 1:
        raise words.ambiguous(run_id, [r.run_id for r in found])
    return found[0] if found else None


def latest(db: sqlite3.Connection, pipeline: str, limit: int) -> list[RunRecord]:
    """Latest first."""
    return _select(db, "WHERE r.pipeline = ? ORDER BY r.number DESC LIMIT ?", (pipeline, limit))


def last_succeeded(db: sqlite3.Connection, pipeline: str, lane: str | None) -> RunRecord | None:
    """The run that succeeded last, of any lane or of one."""
    found = _select(
        db,
        "WHERE r.pipeline = ? AND r.lane = coalesce(?, r.lane) AND a.status = 'succeeded' "
        "ORDER BY a.finished DESC LIMIT 1",
        (pipeline, lane),
    )
    return found[0] if found else None


def unfinished(db: sqlite3.Connection, pipeline: str, lane: str | None) -> list[RunRecord]:
    """Runs that recorded their intent to publish and have not ended, oldest first."""
    where = (
        "WHERE r.pipeline = ? AND r.lane = coalesce(?, r.lane) "
        "AND a.status = 'running' AND a.staged IS NOT NULL ORDER BY r.number"
    )
    return [run for run in _select(db, where, (pipeline, lane)) if run.staged]


def attempts(db: sqlite3.Connection, run_id: str) -> list[AttemptRecord]:
    """Oldest first."""
    rows = db.execute(
        "SELECT run_id, number, status, started_at, ended_at FROM attempts "
        "WHERE run_id = ? ORDER BY number",
        (run_id,),
    )
    return [AttemptRecord(*row) for row in rows]


def current(db: sqlite3.Connection, pipeline: str) -> dict[str, Version]:
    """Target → the version published last."""
    newest = "SELECT max(number) FROM versions WHERE pipeline = ? GROUP BY target"
    rows = db.execute(f"{_VERSIONS} WHERE number IN ({newest}) ORDER BY target", (pipeline,))
    return {v.target: v for v in map(_version, rows)}


def versions(db: sqlite3.Connection, pipeline: str, target: str) -> list[Version]:
    """Latest first."""
    where = "WHERE pipeline = ? AND target = ? ORDER BY number DESC"
    return [_version(row) for row in db.execute(f"{_VERSIONS} {where}", (pipeline, target))]


def _select(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> list[RunRecord]:
    return [_run(*row) for row in db.execute(f"{_RUNS} {where}", values)]


def _run(*row: Any) -> RunRecord:
    staged, report = (json.loads(text) if text is not None else None for text in row[10:])
    plain = dict(zip(_RUN_FIELDS, row[:10], strict=True))
    return RunRecord(**plain, staged=staged, report=report)


def _version(row: tuple[Any, ...]) -> Version:
    plain = dict(zip(_VERSION_FIELDS, row[:6], strict=True))
    return Version(**plain, load=json.loads(row[6]))
