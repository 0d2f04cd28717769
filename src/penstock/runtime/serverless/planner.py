"""The planner: what there is to read, cut into slices, and a task for each.

It takes the lane's lock for the run, not for its own life: the lease is longer than a function
lives, and passes to workers and loader by its token. Where everything dies the lease passes, and
the next planning begins the next attempt at the same run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from penstock.errors import Conflict, RunError, in_words
from penstock.runtime import publish
from penstock.runtime.document import RunDocument, utc_now
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.plan import anew, new_run_id, plan
from penstock.runtime.serverless import loader, settings
from penstock.runtime.serverless.messages import Task
from penstock.runtime.serverless.work import RunPlan, WorkFolder
from penstock.runtime.sources.windowed import WindowedSource

if TYPE_CHECKING:
    from penstock.program import Program
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.ledger.base import Lock, RunRecord
    from penstock.runtime.plan import Plan
    from penstock.runtime.serverless.settings import Function

LEASE_SECONDS = 1200.0
"""Longer than a function lives (900 s): whoever works renews it when it begins."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a planning came to. `busy`: a run is under way, and what is new is for the next one."""

    status: str
    run_id: str | None = None
    attempt: int = 0
    slices: int = 0


def run(function: Function, *, full_refresh: bool = False) -> Planned:
    """Plan a run, and have workers begin.

    Raises:
        PenstockError: a source, the ledger or the bucket cannot be used; nothing has begun.
    """
    program = anew(function.program) if full_refresh else function.program
    name = publish.lane_lock(program.pipeline, DAILY)
    started, run_id = utc_now(), new_run_id()
    try:
        lock = function.ledger.acquire(name, f"run:{run_id}", lease_seconds=LEASE_SECONDS)
    except Conflict:
        return Planned("busy")
    handed_over = False
    try:
        loader.roll_forward(function, lock)
        found = plan(
            program,
            function.root,
            function.ledger,
            date=started[:10],
            full_refresh=full_refresh,
        )
        last = function.ledger.last_succeeded(program.pipeline, lane=DAILY)
        if last and found.nothing_new and (found.exhausted or not _moved(function)):
            return Planned("skipped", last.run_id, last.attempt)
        record = function.ledger.begin(
            run_id,
            program.pipeline,
            found.key,
            program.digest,
            found.slice,
            found.files,
            lane=DAILY,
            sources=found.identities,
            lock=lock,
        )
        try:
            publish.clear_dead(program, function.root, function.ledger, record, lock)
            planned = _hand_over(function, program, found, record, lock, full_refresh=full_refresh)
        except Exception as error:
            _failed(function, program, record, lock, error)
            raise
        handed_over = True
        return planned
    finally:
        if not handed_over:
            function.ledger.release(lock)


def _hand_over(
    function: Function,
    program: Program,
    found: Plan,
    record: RunRecord,
    lock: Lock,
    *,
    full_refresh: bool,
) -> Planned:
    """Write down what is to be done, and tell the workers."""
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
    )
    WorkFolder(function.work, record.run_id, record.attempt).put_plan(made)
    function.ledger.renew(lock, lease_seconds=LEASE_SECONDS)
    count = len(slices)
    tasks = [
        Task(program.pipeline, record.run_id, record.attempt, number, count)
        for number in range(count)
    ]
    settings.send(function.tasks_queue, *tasks)
    return Planned("planned", record.run_id, record.attempt, count)


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
