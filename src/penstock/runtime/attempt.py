"""One attempt at a run, up to the point where everything is written and nothing is visible."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from penstock.errors import STANDS, BadRecords, Interrupted, RunError
from penstock.program import Read, unchecked
from penstock.runtime import checks as rules
from penstock.runtime import corrections, kpis, publish, quarantine, registry, statements
from penstock.runtime.accounting import Counts
from penstock.runtime.corrections import Settled
from penstock.runtime.injection import Added, Injection
from penstock.runtime.places import place, placed
from penstock.runtime.quarantine import QuarantineWriter
from penstock.runtime.schedule import run_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Check, Load, PartialRule, Program, Statement
    from penstock.runtime.document import RunDocument
    from penstock.runtime.engines.base import Engine, Extracted
    from penstock.runtime.observer import Observer
    from penstock.runtime.plan import Plan
    from penstock.runtime.targets.base import Staged

MAX_WORKERS = 4


class Work(Protocol):
    """What the run loop asks of an attempt."""

    def work(self, memory_bytes: int | None, threads: int | None) -> dict[str, Staged]:
        """Do it all. Target name → what was staged for it."""

    def abandon(self) -> None:
        """Remove what was staged."""

    def close(self) -> None:
        """Free everything."""


class Attempt:
    """Extracts, transforms, checks and stages, as a graph of tasks over one engine.

    Attributes:
        counted: number of a check → what this part of the run has for it, of the rules that are
            decided when all parts have counted (`partial`).
    """

    def __init__(
        self,
        program: Program,
        root: Path,
        plan: Plan,
        *,
        observer: Observer,
        document: RunDocument,
        work: Path,
        injection: Injection | None = None,
        before_load: Callable[[], None] = lambda: None,
        stage: Callable[[Load, Engine], Staged] | None = None,
        partial: Sequence[PartialRule] = (),
    ) -> None:
        self._program = program
        self._root = root
        self._plan = plan
        self._observer = observer
        self._document = document
        self._work = work
        self._before_load = before_load
        self._stage = stage or self._staged_whole
        self._given_up = threading.Event()
        self._injection = injection or Injection()
        self._folder = quarantine.run_folder(root, document.run_id)
        shutil.rmtree(self._folder, ignore_errors=True)
        corrections.write(root, document.run_id, Settled())
        self._quarantine = QuarantineWriter(
            self._folder,
            salts=self._salts(),
            known=self._injection.known,
            silent=self._injection.silent,
        )
        self._checks: dict[str, list[Check]] = {}
        for check in program.checks:
            self._checks.setdefault(check.dataset, []).append(check)
        self._schemas = {r.dataset: r.schema for r in program.reads}
        self._schemas |= {s.dataset: s.schema for s in program.statements}
        readers = Counter(d for s in program.statements for d in set(s.depends_on))
        readers.update(x.dataset for x in program.loads)
        readers.update(d for check in program.checks for d in check.depends_on)
        readers.update(d for kpi in program.kpis for d in kpi.depends_on)
        self._readers = readers
        self._only_load = {
            x.dataset for x in program.loads if readers[x.dataset] == 1
        } - self._checks.keys()
        self._partial = partial
        self.counted: dict[int, list[int]] = {}
        self._staged: dict[str, Staged] = {}
        self._reading = threading.Semaphore(1)
        self._engine: Engine | None = None

    def work(self, memory_bytes: int | None, threads: int | None) -> dict[str, Staged]:
        """Do it all. Target name → what was staged for it."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        engine: Engine = registry.engine(self._program.engine)(
            work=self._work, memory_bytes=memory_bytes, threads=threads
        )
        self._engine = engine
        tasks: dict[str, Callable[[], None]] = {}
        needs: dict[str, list[str]] = {}
        for read in self._program.reads:
            tasks[read.dataset] = lambda r=read: self._timed(r.dataset, self._read, r)  # type: ignore[misc]
        for made in self._program.statements:
            tasks[made.dataset] = lambda s=made: self._timed(s.dataset, self._make, s)  # type: ignore[misc]
            needs[made.dataset] = list(made.depends_on)
        for check in self._program.checks:
            needs.setdefault(check.dataset, []).extend(check.depends_on)
        for load in self._program.loads:
            name = f"load:{load.target}"
            tasks[name] = lambda x=load: self._load(x)  # type: ignore[misc]
            needs[name] = [load.dataset]
        cores = engine.threads  # few in little memory, which two at once would fight for
        workers = min(cores, MAX_WORKERS)
        # An engine reads one source with several threads. Two large ones at once leave the larger
        # with a single thread: three times slower on two cores (tests/bench).
        self._reading = threading.Semaphore(max(1, cores // 2))
        with _Polling(engine, self._observer):
            run_graph(tasks, needs, workers=workers, interrupt=engine.interrupt)
        corrections.write(self._root, self._document.run_id, self._injection.settled())
        kpis.compute(engine, self._program, self._document, self._observer)
        return self._staged

    def abandon(self) -> None:
        """Remove what this attempt staged."""
        for load in self._program.loads:
            publish.open_target(load, self._root).abandon(self._plan.key)

    def interrupt(self) -> None:
        """Have `work` end at the next boundary, with Interrupted; from another thread."""
        self._given_up.set()
        if self._engine is not None:
            self._engine.interrupt()

    def close(self) -> None:
        """Free the engine and its working files."""
        if self._engine is not None:
            self._engine.close()
        shutil.rmtree(self._work, ignore_errors=True)

    # -- one dataset

    def _timed(self, dataset: str, make: Callable[[Any], Counts], what: Read | Statement) -> None:
        clock = time.monotonic()
        self._go_on()
        kind = "source" if isinstance(what, Read) else "transform"
        self._observer.event("dataset_started", dataset=dataset, kind=kind)
        with placed(self._program, f"dataset:{dataset}"):
            counts = make(what)
        counts.seconds = time.monotonic() - clock
        with self._document.guard:
            self._document.datasets[dataset] = counts
        self._observer.event("dataset_finished", dataset=dataset, **counts.as_json())

    def _read(self, read: Read) -> Counts:
        name = read.dataset
        relation = self._first_relation(name)
        counts = Counts("source")
        first = f"{name}__met" if self._injection.into(name) else relation
        headers: Mapping[str, str] = {}
        alone = self._injection.only(name)
        if not alone:
            part = self._plan.slices[name]
            with self._reading:
                found = self._plan.sources[name].extract(part, self._running, first, keep=True)
            counts.rows_in, counts.rows_out = found.rows_in, found.rows_out
            counts.rejected, counts.bytes = len(found.rejected), found.bytes
            headers = found.headers
            self._records(read, found)
        counts.balance(name)
        if alone or first != relation:
            base = None if alone else first
            within = None if alone else getattr(self._plan.sources[name], "condition", None)
            added = self._inject(read, counts, base, headers, within)
            counts.rows_in += added.replayed
            counts.rejected += added.rejected
            counts.rows_out += added.replayed - added.rejected - added.quarantined
            counts.quarantined += added.quarantined
        self._check(name, counts, counts.rows_out)
        counts.balance(name)
        return counts

    def _inject(
        self,
        what: Read | Statement,
        counts: Counts,
        base: str | None,
        headers: Mapping[str, str] | None = None,
        within: str | None = None,
    ) -> Added:
        """Make the dataset's first relation of `base` and the held rows that go in again."""
        name = what.dataset
        holding = [c for c in self._checks.get(name, ()) if c.action == "quarantine"]
        if base and holding:
            met = self._quarantine.rows(self._running, holding, name, base, tell=True)
            self._injection.note(met)
        added = self._injection.add(
            self._running,
            name,
            what.schema,
            holding,
            base=base,
            relation=self._first_relation(name),
            headers=headers or {},
            read=what if isinstance(what, Read) else None,
            root=self._root,
            work=self._work,
            within=within,
        )
        counts.replayed = added.replayed
        self._quarantine.again(name, self._injection.again(name), self._injection.headers(name))
        return added

    def _make(self, made: Statement) -> Counts:
        name = made.dataset
        relation = self._first_relation(name)
        if self._injection.only(name):
            counts = Counts("transform")
            return self._completed(made, counts, self._inject(made, counts, None))
        # Reading a chain of row steps twice costs less than keeping its rows (tests/bench); a
        # model's joins and groups are computed once.
        readers = self._readers[made.dataset]
        checked = name in self._checks and not made.row_by_row
        joined = self._injection.into(name)
        materialize = joined or readers + checked != 1
        first = f"{name}__met" if joined else relation
        built = statements.build(self._running, made, first, self._root, materialize=materialize)
        counts = Counts(
            "transform",
            rows_in=sum(self._document.datasets[d].rows_out for d in made.depends_on[:1])
            if made.row_by_row
            else sum(self._document.datasets[d].rows_out for d in made.depends_on),
            filtered=built.filtered,
            deduplicated=built.deduplicated,
        )
        if joined:
            counts.rows_out = statements.count_rows(self._running, first)
            return self._completed(made, counts, self._inject(made, counts, first))
        if name in self._only_load and not made.row_by_row and built.rows is None:
            counts.rows_out = -1  # the load tells
            return counts
        rows = built.rows
        if rows is None:
            rows = statements.count_rows(self._running, relation)
        counts.rows_out = rows
        return self._completed(made, counts, Added())

    def _completed(self, made: Statement, counts: Counts, added: Added) -> Counts:
        """Count what went in again, check the dataset, and hold its rows against each other."""
        counts.rows_in += added.replayed
        counts.quarantined += added.quarantined
        rows = counts.rows_out + added.replayed - added.quarantined
        self._check(made.dataset, counts, rows)
        if made.row_by_row:
            counts.balance(made.dataset)
        return counts

    def _check(self, dataset: str, counts: Counts, rows: int) -> None:
        """Evaluate the dataset's rules; set aside what breaks a quarantine rule."""
        counts.rows_out = rows
        if dataset in self._checks:
            self._observer.event("checks_started", dataset=dataset)
            self._evaluate(dataset, counts)
            self._observer.event("checks_finished", dataset=dataset)

    def _evaluate(self, dataset: str, counts: Counts) -> None:
        every, schema = self._checks[dataset], self._schemas[dataset]
        holding = [c for c in every if c.action == "quarantine"]
        outcomes = rules.evaluate(self._running, holding, unchecked(dataset))
        if holding:
            outcomes_failed = [o for o in outcomes if not o.passed or o.failed_rows]
            rules.keep(self._running, holding, dataset, schema)
            if outcomes_failed:
                broken, held = rules.broken(self._running, holding, dataset, schema)
                counts.quarantined += held
                self._quarantine.rows(self._running, holding, dataset, broken)
            counts.rows_out = statements.count_rows(self._running, dataset)
            self._samples([o.check for o in outcomes_failed], unchecked(dataset))
            self._tell(outcomes)
        partial = [p for p in self._partial if self._program.checks[p.check].dataset == dataset]
        self.counted.update(rules.count(self._running, partial, dataset))
        later = {id(self._program.checks[p.check]) for p in partial}
        rest = [c for c in every if c.action != "quarantine" and id(c) not in later]
        found = rules.evaluate(self._running, rest, dataset)
        self._samples([o.check for o in found if not o.passed], dataset)
        self._tell(found)
        rules.stop(self._program, dataset, found)

    def _records(self, read: Read, found: Extracted) -> None:
        if not found.rejected:
            return
        with self._document.guard:
            self._document.rejected += [
                {
                    "dataset": read.dataset,
                    "file": r.file,
                    "line": r.line,
                    "reason": r.reason,
                    "raw": r.raw[:500],
                }
                for r in found.rejected[: rules.SAMPLE_ROWS]
            ]
        if read.on_bad_record == "fail":
            first = found.rejected[0]
            line = f":{first.line}" if first.line else ""
            raise BadRecords(
                f"{len(found.rejected):,} record(s) of `{read.dataset}` cannot be read, the first "
                f"at {first.file}{line}: {first.reason}",
                hint="`on_bad_record: quarantine` sets such records aside and keeps the others",
            )
        kept = self._quarantine.records(read.dataset, found.rejected, found.headers)
        self._injection.note(kept)

    def _samples(self, broken: list[Check], relation: str) -> None:
        for check in broken:
            schema = self._schemas[check.dataset]
            rows = rules.sample(self._running, check, relation, schema)
            if rows:
                with self._document.guard:
                    self._document.samples.append(
                        {"dataset": check.dataset, "rule": check.rule, "rows": rows}
                    )

    def _tell(self, outcomes: list[rules.Outcome]) -> None:
        with self._document.guard:
            self._document.quality += outcomes
        for outcome in outcomes:
            self._observer.event("check", **outcome.as_json())

    # -- one target

    def _load(self, load: Load) -> None:
        self._before_load()
        self._go_on()
        clock = time.monotonic()
        self._observer.event("target_started", target=load.target)
        with placed(self._program, f"load:{load.target}"):
            try:
                staged = self._stage(load, self._running)
            except RunError as error:
                # A value that the dataset's own SQL does not take: it is computed as it is written.
                if error.span is None and error.code == "PSK-RUN-022":
                    error.span = place(self._program, f"dataset:{load.dataset}")
                raise
        counts = self._document.datasets[load.dataset]
        with self._document.guard:
            self._staged[load.target] = staged
            self._document.targets[load.target] = {"seconds": time.monotonic() - clock}
            if counts.rows_out < 0:
                counts.rows_out = staged.rows
                counts.seconds += time.monotonic() - clock
        self._observer.event("target_staged", target=load.target)

    def _staged_whole(self, load: Load, engine: Engine) -> Staged:
        return publish.open_target(load, self._root).stage(engine, load.dataset, self._plan.key)

    # -- small things

    def _go_on(self) -> None:
        if self._given_up.is_set():
            raise Interrupted("the work was given up at a boundary", hint=STANDS)

    @property
    def _running(self) -> Engine:
        assert self._engine is not None
        return self._engine

    def _first_relation(self, dataset: str) -> str:
        holds = any(c.action == "quarantine" for c in self._checks.get(dataset, ()))
        return unchecked(dataset) if holds else dataset

    def _salts(self) -> dict[str, str]:
        """Dataset → what tells its rows from those of other runs, where each file is read once."""
        found: dict[str, str] = {}
        for read in self._program.reads:
            found[read.dataset] = ""
            if read.incremental in ("files", "state") and self._injection.known is None:
                part = self._plan.slices.get(read.dataset)
                found[read.dataset] = part.identity if part else ""
        for made in self._program.statements:
            found[made.dataset] = found.get(made.depends_on[0], "") if made.depends_on else ""
        return found | dict.fromkeys(self._injection.active, self._injection.salt)


class _Polling:
    """Asks the engine now and then how far it is, and tells the observer."""

    def __init__(self, engine: Engine, observer: Observer) -> None:
        self._engine = engine
        self._observer = observer
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="penstock-progress", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._stop.wait(0.25):
            ask = self._engine.progress()
            for relation, share in (ask() if ask else {}).items():
                self._observer.event(
                    "dataset_progress", dataset=relation.partition("__")[0], share=share
                )
