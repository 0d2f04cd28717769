"""The ledger in DynamoDB: each method is one transaction over the functions beside this file."""

from __future__ import annotations

import time
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger import words
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.ledger.dynamodb import (
    locks,
    payload,
    pipelines,
    published,
    reads,
    runs,
    schema,
    trail,
)
from penstock.runtime.ledger.dynamodb.client import connect
from penstock.runtime.ledger.dynamodb.table import Table, put
from penstock.runtime.ledger.dynamodb.trail import Event
from penstock.runtime.ledger.holder import current_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
    from penstock.runtime.ledger.dynamodb.items import Item, Value
    from penstock.runtime.ledger.dynamodb.table import Write


class DynamoDBLedger:
    """A ledger in one table, which must be there (see `create_table`).

    Endpoint, region and keys come from the usual AWS variables.

    Args:
        table: name of the table.
        region: None: as AWS_REGION or the machine's AWS profile says.
        actor: who works here, for the audit trail; None: `user@host`.
        clock: seconds since 1970.

    Raises:
        MissingExtra: boto3 is not installed.
        LedgerError: the table is not there, is from a newer Penstock, or cannot be used.
    """

    def __init__(
        self,
        table: str,
        *,
        region: str | None = None,
        actor: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._actor = actor
        self._clock = clock
        self._table = Table(connect(region), table)
        try:
            schema.prepare(self._table)
        except BaseException:
            self._table.close()
            raise

    def close(self) -> None:
        """Free the connections."""
        self._table.close()

    # -- locks

    def acquire(self, name: str, holder: str, *, lease_seconds: float) -> Lock:
        """Take the lock, or take it over from a holder that is dead or let its lease pass."""
        return self._table.again(
            lambda: locks.acquire(
                self._table, name, holder, now=self._clock(), lease_seconds=lease_seconds
            )
        )

    def renew(self, lock: Lock, *, lease_seconds: float) -> None:
        """Extend the lease."""
        self._table.again(
            lambda: locks.renew(self._table, lock, now=self._clock(), lease_seconds=lease_seconds)
        )

    def release(self, lock: Lock) -> None:
        """Give the lock back."""
        self._table.again(partial(locks.release, self._table, lock))

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
        table = self._table
        locks.fence(table, lock)
        name, datasets = reads.keep(table, pipeline, files)
        read = reads.Reads(name, datasets, dict(sources))
        given: dict[str, Value | None] = {"reads": name, "sources": read.keep(table)}
        new = runs.New(run_id, pipeline, key, program, slice_, lane)

        def attempt() -> Item:
            fence = locks.fence(table, lock)
            head = pipelines.read(table, pipeline)
            run, writes = runs.begin(table, new, given, self._now(), head)
            table.transact(head.write(), *fence, *writes)
            return run

        return self._record(table.again(attempt))

    def stage(
        self,
        run_id: str,
        staged: list[dict[str, Any]],
        lock: Lock,
        *,
        watermarks: Mapping[str, Watermark] = MappingProxyType({}),
    ) -> None:
        """Record the intent to publish."""
        table = self._table
        locks.fence(table, lock)
        kept = payload.keep_json(table, staged)
        marks = {d: [w.column, w.type, w.value] for d, w in watermarks.items()}

        def attempt() -> None:
            fence = locks.fence(table, lock)
            head, run = self._running(run_id)
            read = reads.Reads.of_item(table, run)
            read.marks.update(marks)
            (head.staged.add if staged else head.staged.discard)(run.number)
            _, writes = runs.changed(run, staged=kept, sources=read.keep(table))
            table.transact(head.write(), *fence, *writes)

        table.again(attempt)

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
        table = self._table
        locks.fence(table, lock)
        kept = payload.keep_json(table, report)

        def attempt() -> None:
            fence = locks.fence(table, lock)
            head, run = self._running(run_id)
            published.check(head.pipeline, versions)
            at = self._now()
            told = words.told_of_end(
                run.integer("attempt"), run.text("program"), run.text("slice"), report, versions
            )
            event = Event(at, self._who(), f"run.{status}", head.pipeline, run_id, told)
            entry, writes = trail.following(table, event)
            head.staged.discard(run.number)
            _, ended = runs.changed(run, status=status, ended_at=at, report=kept)
            writes += ended
            if status == "succeeded":
                writes += self._advance(head, run)
            writes += published.publish(table, head.pipeline, versions, entry.number)
            table.transact(head.write(), *fence, *writes)

        table.again(attempt)

    def _advance(self, head: pipelines.Head, run: Item) -> list[Write]:
        lane = run.text("lane")
        head.last = head.lanes[lane] = run.number
        read = reads.Reads.of_item(self._table, run)
        if lane != DAILY or not read.sources:
            return []
        return [put(reads.advanced(self._table, head.pipeline, run.text("run_id"), read))]

    def _running(self, run_id: str) -> tuple[pipelines.Head, Item]:
        """A run that has not ended, and the head of its pipeline, read before it."""
        known = runs.locate(self._table, run_id)
        head = pipelines.read(self._table, known.text("pipeline"))
        return head, runs.running(self._table, known)

    def run(self, run_id: str) -> RunRecord | None:
        """A run by its id, or by a prefix of it."""
        if not run_id:
            return None
        found = runs.exact(self._table, run_id) or runs.by_prefix(self._table, run_id)
        return self._record(found) if found else None

    def runs(self, pipeline: str, *, limit: int = 50) -> list[RunRecord]:
        """Latest first."""
        return runs.records(self._table, runs.latest(self._table, pipeline, limit))

    def attempts(self, run_id: str) -> list[AttemptRecord]:
        """Every attempt at a run, oldest first."""
        run = runs.exact(self._table, run_id)
        return runs.attempts(self._table, run) if run else []

    def files_read(self, run_id: str) -> dict[str, list[tuple[str, str]]]:
        """Dataset → (name, identity) of each file that a run read, sorted."""
        run = runs.exact(self._table, run_id)
        if run is None:
            return {}
        read = reads.Reads.of_item(self._table, run)
        return reads.files_read(self._table, run.text("pipeline"), read)

    def seen_files(self, pipeline: str, dataset: str) -> set[tuple[str, str]]:
        """(name, identity) of every file that a succeeded ordinary run has read."""
        names = runs.succeeded_reads(self._table, pipeline)
        return reads.seen_files(self._table, pipeline, dataset, names)

    def progress(self, pipeline: str) -> dict[str, Progress]:
        """Dataset → what the last succeeded ordinary run that read it has read."""
        return reads.progress(self._table, pipeline)

    def last_succeeded(self, pipeline: str, *, lane: str | None = None) -> RunRecord | None:
        """The run that succeeded last, of any lane or of one."""
        found = runs.last_succeeded(self._table, pipeline, lane)
        return self._record(found) if found else None

    def unfinished(self, pipeline: str, *, lane: str | None = None) -> list[RunRecord]:
        """Runs still `running` that recorded their intent to publish, oldest first."""
        return runs.records(self._table, runs.unfinished(self._table, pipeline, lane))

    def _record(self, run: Item) -> RunRecord:
        (record,) = runs.records(self._table, [run])
        return record

    # -- published versions

    def current(self, pipeline: str) -> dict[str, Version]:
        """Target → the version published last."""
        return published.current(self._table, pipeline)

    def versions(self, pipeline: str, target: str) -> list[Version]:
        """Latest first."""
        return published.versions(self._table, pipeline, target)

    # -- quarantine

    def quarantine_states(self, pipeline: str) -> dict[str, QuarantineState]:
        """Replay key → state, for rows no longer held."""
        return published.quarantine_states(self._table, pipeline)

    def set_quarantine_state(
        self, pipeline: str, keys: Iterable[str], state: QuarantineState, *, actor: str, reason: str
    ) -> None:
        """Change the state of rows, with one audit entry."""
        table = self._table
        named = sorted(set(keys))
        detail = {"rows": len(named), "keys": named, "reason": reason}
        change, told = payload.keep_json(table, [state, named]), trail.keep(table, detail)

        def attempt() -> None:
            head = pipelines.read(table, pipeline)
            event = Event(self._now(), actor, f"quarantine.{state}", pipeline, "quarantine", detail)
            entry, writes = trail.following(table, event, told)
            mark = published.mark(pipeline, change, entry.number)
            table.transact(head.write(), *writes, mark)

        table.again(attempt)

    # -- audit

    def append_audit(
        self, actor: str, action: str, pipeline: str, subject: str, detail: dict[str, Any]
    ) -> AuditEntry:
        """Add an entry."""
        kept = trail.keep(self._table, detail)

        def attempt() -> AuditEntry:
            event = Event(self._now(), actor, action, pipeline, subject, detail)
            entry, writes = trail.following(self._table, event, kept)
            self._table.transact(*writes)
            return entry

        return self._table.again(attempt)

    def audit(self, *, limit: int | None = None) -> list[AuditEntry]:
        """Oldest first; with a limit, the newest of them."""
        return trail.entries(self._table, limit)

    def verify_audit(self) -> list[AuditFault]:
        """Every place where the chain does not hold; empty: it holds."""
        return trail.verify(self._table)

    def _now(self) -> str:
        return words.iso(self._clock())

    def _who(self) -> str:
        if self._actor is None:
            self._actor = current_actor()
        return self._actor
