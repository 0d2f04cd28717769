"""The planner: what there is to read, cut into slices, and a task for each.

It takes the lane's lock for the run, not for its own life: once the workers are told, it leaves
the lock to them and the loader, who know its token, with a lease that is longer than a function
lives. Where everything dies the lease passes, and the next planning begins the next attempt at the
same run. A planner that dies lets its short lease pass; where it died while it told the workers,
and these keep the run alive, the next planning tells them again.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from penstock.errors import Conflict, RunError, in_words
from penstock.runtime import continuing, publish
from penstock.runtime.document import RunDocument, utc_now
from penstock.runtime.heartbeat import HeldLock
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.plan import anew, new_run_id, plan
from penstock.runtime.serverless import dead, loader, programs, schemas, settings, tasks, watching
from penstock.runtime.serverless.loader import LEASE_SECONDS
from penstock.runtime.serverless.work import RunPlan, WorkFolder
from penstock.runtime.sources.windowed import WindowedSource

if TYPE_CHECKING:
    from penstock.program import Program
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.ledger.base import Lock, RunRecord
    from penstock.runtime.plan import Plan
    from penstock.runtime.serverless.schemas import Changes, Compile
    from penstock.runtime.serverless.settings import Function

PLANNING_SECONDS = 40.0
"""Of a planner: below the minute after which Lambda calls again one that died
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a planning came to. `busy`: a run is under way, and what is new is for the next one."""

    status: str
    run_id: str | None = None
    attempt: int = 0
    slices: int = 0


def run(
    function: Function, *, full_refresh: bool = False, recompile: Compile | None = None
) -> Planned:
    """Plan a run, and have workers begin.

    Args:
        recompile: for schemas that have changed.

    Raises:
        PenstockError: a source, the ledger or the bucket cannot be used; nothing has begun.
    """
    name = publish.lane_lock(function.program.pipeline, DAILY)
    run_id = new_run_id()
    lock = HeldLock(function.ledger, name, by=f"run:{run_id}", lease_seconds=PLANNING_SECONDS)
    with ExitStack() as stack:
        try:
            held = stack.enter_context(lock)
        except Conflict:
            if not dead.end_any(function):
                _tell_again(function)
                return Planned("busy")
            try:
                held = stack.enter_context(lock)
            except Conflict:  # another planning was quicker
                return Planned("busy")
        return _plan(function, held, run_id, recompile, full_refresh=full_refresh)


def _plan(
    function: Function,
    held: HeldLock,
    run_id: str,
    recompile: Compile | None,
    *,
    full_refresh: bool,
) -> Planned:
    ledger = function.ledger
    loader.roll_forward(function, held.lock)
    began = utc_now()
    date = began[:10]
    program = programs.current(function)
    changes: Changes = []
    while True:
        function.observer.event("plan_started", pipeline=program.pipeline)
        found = plan(
            anew(program) if full_refresh else program,
            function.root,
            ledger,
            date=date,
            full_refresh=full_refresh,
        )
        function.observer.event("plan_finished", pipeline=program.pipeline)
        last = ledger.last_succeeded(program.pipeline, lane=DAILY)
        if last and found.nothing_new and (found.exhausted or not _moved(function)):
            watching.nothing_new(function, last, began)
            return Planned("skipped", last.run_id, last.attempt)
        if not full_refresh:
            continuing.check(program, function.root, ledger)
        before = program
        program, more = schemas.take_up(function, before, found, recompile)
        changes += [c for c in more if c not in changes]
        held.check()
        if program == before:
            break  # else files may have come while it was compiled
    program = anew(program) if full_refresh else program
    record = ledger.begin(
        run_id,
        program.pipeline,
        found.key,
        program.digest,
        found.slice,
        found.files,
        lane=DAILY,
        sources=found.identities,
        lock=held.lock,
    )
    try:
        publish.clear_dead(program, function.root, ledger, record, held.lock)
        made = _written(
            function, program, found, record, held.lock, changes, full_refresh=full_refresh
        )
        function.observer.event(
            "run_started",
            pipeline=program.pipeline,
            run_id=record.run_id,
            attempt=record.attempt,
            document=RunDocument(program, record.run_id, record.attempt, record.started_at),
            bounds={n: dict(s.bounds) for n, s in found.slices.items() if s.bounds},
        )
        tasks.tell(function, made)
    except Exception as error:
        _failed(function, program, record, held.lock, error)
        raise
    with suppress(Conflict):  # they were quick, and the loader has given it back
        held.hand_over(lease_seconds=LEASE_SECONDS)
    return Planned("planned", record.run_id, record.attempt, len(made.files))


def _written(
    function: Function,
    program: Program,
    found: Plan,
    record: RunRecord,
    lock: Lock,
    changes: Changes,
    *,
    full_refresh: bool,
) -> RunPlan:
    """Write down what is to be done."""
    last = function.ledger.last_succeeded(program.pipeline, lane=DAILY)
    slices = _cut(function, program, found)
    source = program.slicing.source if len(slices) > 1 else None
    windows = {
        name: {"window": asdict(s.window), "before": asdict(s.before) if s.before else None}
        for name, s in found.sources.items()
        if isinstance(s, WindowedSource)
    }
    whole = dict(found.slices)
    if source is not None:
        whole[source] = replace(whole[source], files=())
    folder = WorkFolder(function.work, record.run_id, record.attempt)
    whole = {name: folder.share(function.root, part) for name, part in whole.items()}
    made = RunPlan(
        pipeline=program.pipeline,
        run_id=record.run_id,
        attempt=record.attempt,
        key=found.key,
        program=program.digest,
        date=record.started_at[:10],
        started_at=record.started_at,
        lock=lock,
        whole=whole,
        source=source,
        files=slices,
        full_refresh=full_refresh,
        windows=windows,
        notes=found.notes,
        build=function.program.digest,
        schema_changes=tuple(changes),
        sources=dict(found.identities),
        after=last.run_id if last else None,
    )
    folder.put_plan(made)
    return made


def _tell_again(function: Function) -> None:
    """Send the tasks of the run under way, where its planner died while it did; twice is fine."""
    for record in dead.under_way(function):
        folder = WorkFolder(function.work, record.run_id, record.attempt)
        made = folder.plan()
        if made is not None and not folder.told():
            tasks.tell(function, made)


def _cut(function: Function, program: Program, found: Plan) -> tuple[tuple[InputFile, ...], ...]:
    """The files of each slice, in order; one slice without files where nothing can be cut."""
    name = program.slicing.source
    if program.slicing.by != "files" or name is None or not _all_join(function, program):
        return ((),)
    files = found.slices[name].files
    most = max(function.slice_bytes, sum(f.size for f in files) // settings.MOST_SLICES + 1)
    slices: list[list[InputFile]] = []
    size = 0
    for file in files:
        if not slices or size + file.size > most:
            slices.append([])
            size = 0
        slices[-1].append(file)
        size += file.size
    return tuple(map(tuple, slices)) or ((),)


def _all_join(function: Function, program: Program) -> bool:
    """Whether what several workers stage can be joined, as the targets are now."""
    for load in program.loads:
        if load.mode == "merge":
            continue  # once, by the loader
        target = publish.open_target(load, function.root)
        joins = getattr(target, "joins_now", None)
        if joins is None or not joins():
            return False
    return True


def _moved(function: Function) -> bool:
    return bool(publish.moved(function.program, function.root, function.ledger))


def _failed(
    function: Function, program: Program, record: RunRecord, lock: Lock, error: Exception
) -> None:
    """A run that nobody was told of ends at once; a dead planner's is found by the next one."""
    known = in_words(error) or RunError(str(error), code="PSK-BUG-001")
    document = RunDocument(program, record.run_id, record.attempt, record.started_at)
    document.fail(known)
    document.end("failed")
    function.ledger.finish(record.run_id, "failed", document.as_json(), lock=lock)
    loader.tell_end(function, document)
