"""The run loop: plan slice → extract → transform → check → write → commit → record.

Nothing is visible before a target's commit. Before the first commit the ledger records the
intent to publish, with everything the commits need; a run killed between two commits is rolled
forward by the next one. A run killed before that leaves nothing but files no reader looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, Interrupted, PenstockError, RunError, RunStopped, in_words
from penstock.runtime import backfill, continuing, publish, records, schema_changes
from penstock.runtime.attempt import Attempt, Work
from penstock.runtime.document import RunDocument, utc_now
from penstock.runtime.heartbeat import AwaitedLock, HeldLock
from penstock.runtime.injection import corrected
from penstock.runtime.ledger.base import BACKFILL, DAILY
from penstock.runtime.plan import Plan, Span, anew, new_run_id, plan
from penstock.runtime.references import bind_run

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.program import Program
    from penstock.runtime.ledger.base import Ledger, RunRecord, Status
    from penstock.runtime.observer import Observer

PUBLISH_WAIT = 1800.0
"""Seconds that a run waits at most while one of another lane publishes."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run.

    Attributes:
        memory_bytes: what the process may use; None: most of what the machine has.
        threads: None: every core.
        full_refresh: read and publish everything again.
        span: the rows of a backfill, of every source read by a column; the targets that are made
            from such a source are published.
    """

    memory_bytes: int | None = None
    threads: int | None = None
    full_refresh: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        error: what ended it, if something did.
        previous: the report of the succeeded run before it.
    """

    document: RunDocument
    error: PenstockError | None = None
    previous: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """0 for `succeeded` and `skipped`, else the error's own."""
        return self.error.exit_code if self.error else 0


def run(
    program: Program, root: Path, ledger: Ledger, observer: Observer, options: RunOptions
) -> RunResult:
    """Run a Program once, for the pipeline folder `root`.

    Never raises for what a user can cause: the result tells.
    """
    if options.full_refresh and not options.span:
        program = anew(program)
    return _Run(program, root, ledger, observer, options).go()


class _Run:
    """One call of `run`, and what its steps share."""

    def __init__(
        self,
        program: Program,
        root: Path,
        ledger: Ledger,
        observer: Observer,
        options: RunOptions,
    ) -> None:
        self.program = program
        self.root = root
        self.ledger = ledger
        self.observer = observer
        self.options = options
        self.document = RunDocument(program, new_run_id(), 0)
        self.previous: dict[str, Any] | None = None
        self.name = program.pipeline
        self.lane = BACKFILL if options.span else DAILY
        self.publishing = AwaitedLock(
            ledger, publish.publish_lock(self.name), told=self._waits, wait_seconds=PUBLISH_WAIT
        )

    def _waits(self) -> None:
        what = "waiting while another run of this pipeline publishes"
        self.observer.event("message", text=what)

    def go(self) -> RunResult:
        """Hold the lane's lock and do it."""
        try:
            if self.options.span:
                program = backfill.cut(self.program, full_refresh=self.options.full_refresh)
                self.program = self.document.program = program
            with HeldLock(self.ledger, publish.lane_lock(self.name, self.lane)) as held:
                return self._locked(held)
        except (Exception, KeyboardInterrupt) as error:
            known = in_words(error)
            if known is None:
                raise
            return self._ended(known)
        finally:
            self.publishing.release()

    def _locked(self, held: HeldLock) -> RunResult:
        self._roll_forward(held)
        options = self.options
        self.observer.event("plan_started", pipeline=self.name)
        planned = plan(
            self.program,
            self.root,
            self.ledger,
            date=self.document.started_at[:10],
            full_refresh=options.full_refresh,
            span=options.span,
        )
        self.observer.event("plan_finished", pipeline=self.name)
        last = self.ledger.last_succeeded(self.name, lane=self.lane)
        self.previous = last.report if last else None
        moved = publish.moved(self.program, self.root, self.ledger) if planned.nothing_new else {}
        if last and planned.nothing_new and (planned.exhausted or not moved):
            return self._skipped(last, moved)
        if not (options.full_refresh or options.span):
            continuing.check(self.program, self.root, self.ledger)
        self.document.notes += planned.notes
        return self._recorded(planned, held)

    def _roll_forward(self, held: HeldLock) -> None:
        """Finish what runs that were killed while publishing have begun, of other lanes too."""
        for record in self.ledger.unfinished(self.name):
            held.check()
            if record.lane == self.lane:
                self._finish(record.run_id, held)
                continue
            try:
                with HeldLock(self.ledger, publish.lane_lock(self.name, record.lane)) as theirs:
                    self._finish(record.run_id, theirs)
            except Conflict:
                continue  # a live run has that lane: it is publishing, or will finish its dead
        self.publishing.pause()

    def _finish(self, run_id: str, lane: HeldLock) -> None:
        self.publishing.take()
        record = self.ledger.run(run_id)
        if record is not None and record.status == "running":
            publish.roll_forward(record, self.root, self.ledger, self.observer, lane.lock)

    def _skipped(self, last: RunRecord, moved: dict[str, str]) -> RunResult:
        """There is nothing new: say what stays as it is although one might expect a change."""
        again = "`penstock run --full-refresh` publishes everything again"
        if last.program != self.program.digest:
            self.document.notes.append(
                "the definition changed, and there are no new rows to apply it to: what is "
                f"published was made by the one before; {again}"
            )
        for target, how in moved.items():
            self.document.notes.append(
                f"`{target}` {how}, and there is nothing new for it; {again}"
            )
        self.document.run_id, self.document.attempt = last.run_id, last.attempt
        self.document.end("skipped")
        self._tell_end()
        return RunResult(self.document, previous=self.previous)

    def _recorded(self, planned: Plan, held: HeldLock) -> RunResult:
        """From here on the ledger knows of the run, and is told how it ended."""
        document = self.document
        record = self.ledger.begin(
            document.run_id,
            self.program.pipeline,
            planned.key,
            self.program.digest,
            planned.slice,
            planned.files,
            lane=self.lane,
            sources=planned.identities,
            lock=held.lock,
        )
        document.run_id, document.attempt = record.run_id, record.attempt
        try:
            records.begin(self.root, record, planned.files, planned.identities)
            publish.clear_dead(self.program, self.root, self.ledger, record, held.lock)
            self._carry_out(planned, held)
        except (Exception, KeyboardInterrupt) as error:
            known = in_words(error)
            bug = RunError(f"{type(error).__name__}: {error}", code="PSK-BUG-001")
            result = self._give_up(known or bug, held)
            if known is None:
                raise
            return result
        self._tell_end()
        return RunResult(document, previous=self.previous)

    def _carry_out(self, planned: Plan, held: HeldLock) -> None:
        document = self.document
        folder = publish.run_folder(self.root, document.run_id)
        folder.mkdir(parents=True, exist_ok=True)
        publish.write_json(folder / "program.json", self.program.as_json())
        schema_changes.record(self.program, self.root, self.ledger, document, lane=self.lane)
        self._tell_start(planned)
        bound = bind_run(self.program, document.run_id, document.started_at[:10])
        attempt = self._attempt(bound, planned, folder / "work")
        try:
            staged = attempt.work(self.options.memory_bytes, self.options.threads)
        except BaseException:
            attempt.abandon()
            raise
        finally:
            attempt.close()
        document.notes += planned.notes_of_reading()
        held.check()
        self.publishing.take()
        self.publishing.check()
        intent, marks = publish.intent(bound, staged), planned.watermarks()
        records.stage(self.root, document.run_id, intent, marks)
        self.ledger.stage(document.run_id, intent, held.lock, watermarks=marks)
        versions = [
            publish.commit(load, staged[load.target], self.root, document, self.observer)
            for load in bound.loads
        ]
        document.end("succeeded")
        held.check()
        record = self.ledger.run(document.run_id)
        assert record is not None
        publish.finish(record, document, self.root, self.ledger, versions, lock=held.lock)

    def _attempt(self, bound: Program, planned: Plan, work: Path) -> Work:
        """What does the work of this run: corrected rows take the place of those they correct."""
        again = self.options.full_refresh or self.options.span is not None
        injection = corrected(self.root, self.ledger, self.program, again=again)
        return Attempt(
            bound,
            self.root,
            planned,
            observer=self.observer,
            document=self.document,
            work=work,
            injection=injection,
            before_load=self.publishing.take,
        )

    def _tell_start(self, planned: Plan) -> None:
        program = self.program
        datasets = [(r.dataset, "source") for r in program.reads]
        datasets += [(s.dataset, "transform") for s in program.statements]
        self.observer.event(
            "run_started",
            pipeline=program.pipeline,
            run_id=self.document.run_id,
            attempt=self.document.attempt,
            datasets=datasets,
            targets=[x.target for x in program.loads],
            document=self.document,
            bounds={n: dict(s.bounds) for n, s in planned.slices.items() if s.bounds},
        )

    def _tell_end(self) -> None:
        self.observer.event(
            "run_finished",
            status=self.document.status,
            run_id=self.document.run_id,
            document=self.document,
            previous=self.previous,
            lane=self.lane,
        )

    def _give_up(self, error: PenstockError, held: HeldLock) -> RunResult:
        result = self._ended(error)
        try:
            self._record_end(error, held)
        except PenstockError as second:
            # A successor has taken over and keeps the record, or the ledger is out of reach and
            # the next run finds this one dead. What ended this run is the first error.
            self.observer.event("message", text=f"the ledger did not take it: {second.message}")
        folder = publish.run_folder(self.root, self.document.run_id)
        if folder.is_dir():
            publish.write_json(folder / "report.json", self.document.as_json())
        return result

    def _record_end(self, error: PenstockError, held: HeldLock) -> None:
        record = self.ledger.run(self.document.run_id)
        if record is not None and record.staged and not publish.gives_up(error, self.document):
            return  # it was publishing: it stays as it is, for the next run to roll forward
        status: Status = "stopped" if isinstance(error, RunStopped) else "failed"
        if isinstance(error, Interrupted):
            status = "interrupted"
        if record is not None and record.attempt == self.document.attempt:
            records.end(self.root, self.ledger, record, status, utc_now())
        report = self.document.as_json()
        self.ledger.finish(self.document.run_id, status, report, lock=held.lock)

    def _ended(self, error: PenstockError) -> RunResult:
        document = self.document
        document.fail(error)
        document.end("stopped" if isinstance(error, RunStopped) else "failed")
        self._tell_end()
        return RunResult(document, error, self.previous)
