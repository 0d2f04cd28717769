"""The ledger in SQLite: each method is one transaction over the functions beside this file."""

from __future__ import annotations

import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger.base import DAILY
from penstock.runtime.ledger.holder import current_actor
from penstock.runtime.ledger.sqlite import audit, locks, reads, runs
from penstock.runtime.ledger.sqlite.connection import Connection
from penstock.runtime.ledger.sqlite.reads import Reads
from penstock.runtime.ledger.words import iso, told_of_end

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from penstock.runtime.ledger.base import (
        AttemptRecord,
        AuditEntry,
        AuditFault,
        Lock,
        Progress,
        QuarantineState,
        RunRecord,
        Status,
        Version,
        Watermark,
    )


class SQLiteLedger:
    """A ledger in one file, made if it is not there (its folder must be).

    Args:
        actor: who works here, for the audit trail; None: `user@host`.
        clock: seconds since 1970.

    Raises:
        LedgerError: the file is damaged, from a newer Penstock, or cannot be opened.
    """

    def __init__(
        self, path: Path, *, actor: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._actor = actor
        self._clock = clock
        self._file = Connection(path)

    def close(self) -> None:
        """Free the connection."""
        self._file.close()

    # -- locks

    def acquire(self, name: str, holder: str, *, lease_seconds: float) -> Lock:
        """Take the lock, or take it over from a holder that is dead or let its lease pass."""
        with self._file.writing() as db:
            now = self._clock()
            return locks.acquire(
                db, name, holder, now=now, at=iso(now), lease_seconds=lease_seconds
            )

    def renew(self, lock: Lock, *, lease_seconds: float) -> None:
        """Extend the lease."""
        with self._file.writing() as db:
            locks.renew(db, lock, now=self._clock(), lease_seconds=lease_seconds)

    def release(self, lock: Lock) -> None:
        """Give the lock back."""
        with self._file.writing() as db:
            locks.release(db, lock)

    # -- runs

    def begin(
        self,
        run_id: str,
        pipeline: str,
        key: str,
        program: str,
        slice_: str,
        files: Mapping[str, Sequence[tuple[str, str]]],
        *,
        lane: str = DAILY,
        sources: Mapping[str, str] = MappingProxyType({}),
        lock: Lock | None = None,
    ) -> RunRecord:
        """Start a run, or the next attempt at the lane's newest run with this key."""
        with self._file.writing() as db:
            _fence(db, lock)
            return runs.begin(
                db,
                run_id=run_id,
                pipeline=pipeline,
                key=key,
                program=program,
                slice_=slice_,
                lane=lane,
                reads=Reads(files, sources),
                at=self._now(),
            )

    def stage(
        self,
        run_id: str,
        staged: list[dict[str, Any]],
        lock: Lock,
        *,
        watermarks: Mapping[str, Watermark] = MappingProxyType({}),
    ) -> None:
        """Record the intent to publish."""
        with self._file.writing() as db:
            _fence(db, lock)
            runs.stage(db, run_id, staged)
            reads.mark(db, run_id, watermarks)

    def finish(
        self,
        run_id: str,
        status: Status,
        report: dict[str, Any],
        versions: Sequence[Version] = (),
        *,
        lock: Lock | None = None,
    ) -> None:
        """Record the end of an attempt and what it published."""
        with self._file.writing() as db:
            _fence(db, lock)
            run = runs.running(db, run_id)
            at = self._now()
            entry = audit.append(
                db,
                at=at,
                actor=self._who(),
                action=f"run.{status}",
                pipeline=run.pipeline,
                subject=run_id,
                detail=told_of_end(run.attempt, run.program, run.slice, report, versions),
            )
            runs.end(db, run, status=status, report=report, at=at, entry=entry.number)
            runs.publish(db, versions)

    def run(self, run_id: str) -> RunRecord | None:
        """A run by its id, or by a prefix of it."""
        with self._file.reading() as db:
            return runs.by_id(db, run_id)

    def runs(self, pipeline: str, *, limit: int = 50) -> list[RunRecord]:
        """Latest first."""
        with self._file.reading() as db:
            return runs.latest(db, pipeline, limit)

    def attempts(self, run_id: str) -> list[AttemptRecord]:
        """Every attempt at a run, oldest first."""
        with self._file.reading() as db:
            return runs.attempts(db, run_id)

    def files_read(self, run_id: str) -> dict[str, list[tuple[str, str]]]:
        """Dataset → (name, identity) of each file that a run read, sorted."""
        with self._file.reading() as db:
            return reads.files_read(db, run_id)

    def seen_files(self, pipeline: str, dataset: str) -> set[tuple[str, str]]:
        """(name, identity) of every file that a succeeded ordinary run has read."""
        with self._file.reading() as db:
            return reads.seen_files(db, pipeline, dataset)

    def progress(self, pipeline: str) -> dict[str, Progress]:
        """Dataset → what the last succeeded ordinary run that read it has read."""
        with self._file.reading() as db:
            return reads.progress(db, pipeline)

    def last_succeeded(self, pipeline: str, *, lane: str | None = None) -> RunRecord | None:
        """The run that succeeded last, of any lane or of one."""
        with self._file.reading() as db:
            return runs.last_succeeded(db, pipeline, lane)

    def unfinished(self, pipeline: str, *, lane: str | None = None) -> list[RunRecord]:
        """Runs still `running` that recorded their intent to publish, oldest first."""
        with self._file.reading() as db:
            return runs.unfinished(db, pipeline, lane)

    # -- published versions

    def current(self, pipeline: str) -> dict[str, Version]:
        """Target → the version published last."""
        with self._file.reading() as db:
            return runs.current(db, pipeline)

    def versions(self, pipeline: str, target: str) -> list[Version]:
        """Latest first."""
        with self._file.reading() as db:
            return runs.versions(db, pipeline, target)

    # -- quarantine

    def quarantine_states(self, pipeline: str) -> dict[str, QuarantineState]:
        """Replay key → state, for rows no longer held."""
        query = "SELECT replay_key, state FROM quarantine WHERE pipeline = ? AND state <> 'held'"
        with self._file.reading() as db:
            return dict(db.execute(query, (pipeline,)).fetchall())

    def set_quarantine_state(
        self, pipeline: str, keys: Iterable[str], state: QuarantineState, *, actor: str, reason: str
    ) -> None:
        """Change the state of rows, with one audit entry."""
        named = sorted(set(keys))
        with self._file.writing() as db:
            db.executemany(
                "INSERT INTO quarantine (pipeline, replay_key, state) VALUES (?, ?, ?) "
                "ON CONFLICT (pipeline, replay_key) DO UPDATE SET state = excluded.state",
                [(pipeline, key, state) for key in named],
            )
            audit.append(
                db,
                at=self._now(),
                actor=actor,
                action=f"quarantine.{state}",
                pipeline=pipeline,
                subject="quarantine",
                detail={"rows": len(named), "keys": named, "reason": reason},
            )

    # -- audit

    def append_audit(
        self, actor: str, action: str, pipeline: str, subject: str, detail: dict[str, Any]
    ) -> AuditEntry:
        """Add an entry."""
        with self._file.writing() as db:
            return audit.append(
                db,
                at=self._now(),
                actor=actor,
                action=action,
                pipeline=pipeline,
                subject=subject,
                detail=detail,
            )

    def audit(self, *, limit: int | None = None) -> list[AuditEntry]:
        """Oldest first; with a limit, the newest of them."""
        with self._file.reading() as db:
            return audit.entries(db, limit)

    def verify_audit(self) -> list[AuditFault]:
        """Every place where the chain does not hold; empty: it holds."""
        with self._file.reading() as db:
            return audit.verify(db)

    def _now(self) -> str:
        return iso(self._clock())

    def _who(self) -> str:
        if self._actor is None:
            self._actor = current_actor()
        return self._actor


def _fence(db: sqlite3.Connection, lock: Lock | None) -> None:
    if lock is not None:
        locks.check(db, lock)
