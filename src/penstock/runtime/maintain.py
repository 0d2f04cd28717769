"""Upkeep of published tables: small files written together, what only old versions need deleted.

What is done to a table is kept as a run of a lane of its own, so that the next ordinary run finds
the table as the ledger knows it, and so that what a killed one left is found and removed. The
audit trail is told before anything changes, and afterwards what was done.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError
from penstock.program import Load, Program, canonical
from penstock.runtime import publish, records, registry
from penstock.runtime.document import RunDocument, utc_now
from penstock.runtime.heartbeat import AwaitedLock, HeldLock
from penstock.runtime.ledger.holder import current_actor
from penstock.runtime.plan import new_run_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from penstock.runtime.engines.base import Engine
    from penstock.runtime.ledger.base import Ledger, RunRecord, Version
    from penstock.runtime.observer import Observer
    from penstock.runtime.targets.base import Maintained, Upkeep

LANE = "maintain"
ACTION = "target.maintained"
_WAIT = 1800.0


@dataclass(frozen=True, slots=True)
class Upkept:
    """What was done to one target, or would be.

    Attributes:
        run_id: under which the ledger has it; None: nothing was to be done, or it was a dry run.
    """

    target: str
    done: Maintained
    run_id: str | None = None

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        done = self.done
        removed = done.versions_removed or done.files_removed or done.metadata_removed
        return bool(done.files_compacted or removed)


def maintain(
    root: Path,
    ledger: Ledger,
    pipeline: str,
    targets: Sequence[str],
    upkeep: Upkeep,
    open_engine: Callable[[], Engine],
    observer: Observer,
) -> list[Upkept]:
    """Do the upkeep of some targets, or of all that were published.

    Raises:
        UsageError: nothing was published under one of the names.
        Conflict: another run publishes, or another writer moved a table meanwhile.
    """
    current = ledger.current(pipeline)
    for name in targets:
        if name not in current:
            hint = did_you_mean(name, current, noun="published targets") if current else None
            raise UsageError(
                f"nothing was published as `{name}`",
                code="PSK-CLI-042",
                hint=hint or "`penstock run` publishes",
            )
    names = list(dict.fromkeys(targets)) or list(current)
    if upkeep.dry_run:
        loads = [publish.load_from_json(current[name].load) for name in names]
        with _Engine(open_engine) as engine:
            return [
                Upkept(x.target, publish.open_target(x, root).maintain(engine.get(), upkeep, ""))
                for x in loads
            ]
    with HeldLock(ledger, publish.lane_lock(pipeline, LANE)) as held:
        work = _Upkeep(root, ledger, pipeline, upkeep, held, observer)
        return work.go(names, open_engine)


class _Engine:
    """An engine that is opened when it is first asked for."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open = open_engine
        self._engine: Engine | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._engine is not None:
            self._engine.close()

    def get(self) -> Engine:
        """The engine."""
        if self._engine is None:
            self._engine = self._open()
        return self._engine


class _Upkeep:
    """One call of `maintain`, under the lock of its lane."""

    def __init__(
        self,
        root: Path,
        ledger: Ledger,
        pipeline: str,
        upkeep: Upkeep,
        held: HeldLock,
        observer: Observer,
    ) -> None:
        self._root = root
        self._ledger = ledger
        self._pipeline = pipeline
        self._upkeep = upkeep
        self._held = held
        self._observer = observer

    def go(self, names: Sequence[str], open_engine: Callable[[], Engine]) -> list[Upkept]:
        """Finish what killed runs have begun to publish, then do it target by target."""
        publishing = AwaitedLock(
            self._ledger,
            publish.publish_lock(self._pipeline),
            told=lambda: self._observer.event("message", text="waiting while a run publishes"),
            wait_seconds=_WAIT,
        )
        try:
            publishing.take()
            self._roll_forward()
            self._clear_dead()
            current = self._ledger.current(self._pipeline)
            with _Engine(open_engine) as engine:
                found = []
                for name in names:
                    publishing.check()
                    found.append(self._target(current[name], engine))
                return found
        finally:
            publishing.release()

    def _roll_forward(self) -> None:
        """An unfinished run's commit is found again by what the table keeps of it.

        Raises:
            Conflict: one is still at work.
        """
        for record in self._ledger.unfinished(self._pipeline):
            with ExitStack() as stack:
                lock = self._held.lock
                if record.lane != LANE:
                    name = publish.lane_lock(self._pipeline, record.lane)
                    lock = stack.enter_context(HeldLock(self._ledger, name)).lock
                publish.roll_forward(record, self._root, self._ledger, self._observer, lock)

    def _clear_dead(self) -> None:
        """Remove what a killed upkeep has written, and record that it ended."""
        for old in self._ledger.runs(self._pipeline, limit=1_000_000):
            if old.lane != LANE or old.status != "running":
                continue
            folder = publish.run_folder(self._root, old.run_id)
            program = Program(old.pipeline, "duckdb").seal()
            if (path := folder / "program.json").is_file():
                program = Program.from_json(json.loads(path.read_bytes()))
            for load in program.loads:
                publish.open_target(load, self._root).abandon(old.key)
            document = RunDocument(program, old.run_id, old.attempt, old.started_at)
            document.notes.append("this upkeep was killed; a later one has finished it")
            document.end("failed")
            records.end(self._root, self._ledger, old, "interrupted", utc_now())
            self._ledger.finish(old.run_id, "interrupted", document.as_json(), lock=self._held.lock)

    def _target(self, published: Version, engine: _Engine) -> Upkept:
        load = publish.load_from_json(published.load)
        target = publish.open_target(load, self._root)
        plan = target.maintain(engine.get(), replace(self._upkeep, dry_run=True), "")
        if not Upkept(load.target, plan).changed:
            return Upkept(load.target, plan)
        ours = target.holds(published.version)
        run = self._begin(load, plan)
        document = RunDocument(run.program, run.record.run_id, run.record.attempt)
        try:
            done = target.maintain(engine.get(), self._upkeep, run.record.key)
        except BaseException:
            target.abandon(run.record.key)
            document.end("failed")
            records.end(self._root, self._ledger, run.record, "failed", utc_now())
            self._ledger.finish(
                run.record.run_id, "failed", document.as_json(), lock=self._held.lock
            )
            raise
        self._tell(ACTION, load.target, {"run": run.record.run_id, **asdict(done)})
        versions = []
        # What another program did since the last run is for the next run to notice.
        if ours and done.version is not None and done.version != published.version:
            versions = [
                replace(
                    published,
                    version=done.version,
                    run_id=run.record.run_id,
                    published_at=utc_now(),
                )
            ]
        document.notes.append(f"upkeep of `{load.target}`: {describe(done)}")
        document.end("succeeded")
        publish.finish(
            run.record, document, self._root, self._ledger, versions, lock=self._held.lock
        )
        return Upkept(load.target, done, run.record.run_id)

    def _begin(self, load: Load, plan: Maintained) -> _Begun:
        identity = [self._pipeline, LANE, load.target, plan.version, utc_now()]
        key = hashlib.sha256(canonical(identity)).hexdigest()
        program = Program(self._pipeline, "duckdb", loads=(load,)).seal()
        record = self._ledger.begin(
            new_run_id(),
            self._pipeline,
            key,
            program.digest,
            key,
            {},
            lane=LANE,
            lock=self._held.lock,
        )
        records.begin(self._root, record, {}, {})
        folder = publish.run_folder(self._root, record.run_id)
        publish.write_json(folder / "program.json", program.as_json())
        about = {"compact": self._upkeep.compact, "keep_days": self._upkeep.keep_days}
        self._tell("target.maintain", load.target, {"run": record.run_id, **about})
        return _Begun(program, record)

    def _tell(self, action: str, target: str, detail: dict[str, Any]) -> None:
        plain = json.loads(json.dumps(detail))
        self._ledger.append_audit(current_actor(), action, self._pipeline, target, plain)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run of this lane."""

    program: Program
    record: RunRecord


def describe(done: Maintained) -> str:
    """In words, for notes."""
    return (
        f"{done.files_compacted:,} small files written as {done.files_written:,}, "
        f"{len(done.versions_removed):,} old versions and {done.files_removed:,} files removed"
        + (f", {done.metadata_removed:,} of metadata" if done.metadata_removed else "")
    )


def removed(ledger: Ledger, pipeline: str, target: str) -> dict[str, str]:
    """Version → when upkeep removed it."""
    return {
        version: entry.at
        for entry in ledger.audit()
        if (entry.action, entry.pipeline, entry.subject) == (ACTION, pipeline, target)
        for version in entry.detail.get("versions_removed", ())
    }


def duckdb_engine(root: Path, memory_bytes: int | None, threads: int | None) -> Engine:
    """The engine that writes files together."""
    work = root / ".penstock" / "maintain"
    work.mkdir(parents=True, exist_ok=True)
    engine: Engine = registry.engine("duckdb")(
        work=work, memory_bytes=memory_bytes, threads=threads
    )
    return engine
