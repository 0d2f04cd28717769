"""The loader: with every slice there, one commit for each target.

Killed anywhere it goes on where it was: before `ledger.stage` from the slices, after it from the
ledger. A message that comes again finds the run ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Span
from penstock.errors import Conflict, LoadFailed, PenstockError, RunError, RunStopped
from penstock.runtime import publish
from penstock.runtime.document import RunDocument
from penstock.runtime.heartbeat import HeldLock
from penstock.runtime.ledger.base import DAILY, Watermark
from penstock.runtime.serverless import by_event, gathering, merging, programs
from penstock.runtime.serverless.work import WorkFolder
from penstock.runtime.targets.base import Staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Load, Program
    from penstock.runtime.ledger.base import Lock, RunRecord, Status
    from penstock.runtime.serverless.by_event import Ended
    from penstock.runtime.serverless.messages import LoadMessage
    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.serverless.work import RunPlan

LEASE_SECONDS = 1200.0
"""Longer than a function lives (900 s): whoever works renews it when it begins."""


EARLIER = 10
"""How many runs before are told of at the end of one: what it cost is held against theirs."""


def load(function: Function, message: LoadMessage, ended: Ended | None = None) -> str:
    """Publish a run, unless it is published, or not all of it is there.

    Returns:
        `succeeded`, `failed`, `stopped`; `over`, where it had ended before; `early`, where slices
        are missing still: the worker of the last one sends another message; `awaited`, where a
        server is at it: an event tells of its end.

    Raises:
        Conflict: another loader is at it, or a run of another lane publishes; to be tried again.
        PenstockError: something that may pass.
    """
    folder = WorkFolder(function.work, message.run_id, message.attempt)
    with folder.noting("load"):
        return _load(function, folder, message, ended)


def _load(function: Function, folder: WorkFolder, message: LoadMessage, ended: Ended | None) -> str:
    ledger = function.ledger
    record = ledger.run(message.run_id)
    plan = folder.plan()
    if record is None or plan is None or record.attempt != message.attempt:
        return "over"
    if record.status != "running":
        ledger.release(plan.lock)  # its loader may have died before it did
        return "over"
    try:
        ledger.renew(plan.lock, lease_seconds=LEASE_SECONDS)
    except Conflict:
        return "over"  # another planning has taken over
    count = len(plan.files)
    if record.staged is None and folder.done() < count:
        return "early"
    slices = [found for n in range(count) if (found := folder.slice(n)) is not None]
    with HeldLock(ledger, publish.publish_lock(plan.pipeline)):
        record = ledger.run(message.run_id)  # another loader may have been quicker
        if record is None or record.status != "running":
            return "over"
        status = _publish(function, record, plan, slices, ended)
    if status != "awaited":
        ledger.release(plan.lock)
    return status


def roll_forward(function: Function, lock: Lock) -> None:
    """Finish runs of the lane that died while they published; `lock` is the lane's."""
    name = function.program.pipeline
    for record in function.ledger.unfinished(name):
        folder = WorkFolder(function.work, record.run_id, record.attempt)
        plan = folder.plan()
        if plan is None:
            continue  # of another lane, which has its own way
        slices = [found for n in range(len(plan.files)) if (found := folder.slice(n)) is not None]
        with HeldLock(function.ledger, publish.publish_lock(name)):
            now = function.ledger.run(record.run_id)
            if now is None or now.status != "running":
                continue  # a late loader has finished it
            # No event brings a loader back any more: the run's lock was taken over.
            document = _document(function, plan, slices)
            document.notes.append("finished by a later planning, after it was cut off")
            publish.publish_staged(
                record, document, function.root, function.ledger, function.observer, lock
            )


def _publish(
    function: Function,
    record: RunRecord,
    plan: RunPlan,
    slices: Sequence[dict[str, Any]],
    ended: Ended | None,
) -> str:
    ledger = function.ledger
    errors = [s["error"] for s in slices if "error" in s]
    if errors:
        return _give_up(function, plan, _error(errors[0]))
    document = _document(function, plan, slices)
    if record.staged is None:
        bound = programs.bound(function, plan)
        try:
            gathering.stop(document)
            gathering.balance(document)
            staged = {x.target: _joined(function, plan, bound, x, slices) for x in bound.loads}
        except PenstockError as error:
            if error.transient and not isinstance(error, Conflict):
                raise  # a merge reads and writes: the message comes again
            return _give_up(function, plan, error)
        marks = {n: Watermark(**m) for n, m in slices[0]["watermarks"].items()}
        intent = publish.intent(bound, staged)
        ledger.stage(plan.run_id, intent, plan.lock, watermarks=marks)
        found = ledger.run(plan.run_id)
        assert found is not None
        record = found
    last = ledger.last_succeeded(plan.pipeline, lane=DAILY)
    try:
        if by_event.advance(record, function.root, ended):
            return "awaited"
    except (Conflict, LoadFailed) as error:
        return _give_up(function, plan, error)
    publish.publish_staged(record, document, function.root, ledger, function.observer, plan.lock)
    tell_end(function, document, last)
    return document.status


def tell_end(function: Function, document: RunDocument, last: RunRecord | None = None) -> None:
    """Tell the observer how a run ended; `last` is the succeeded one before it."""
    name = document.program.pipeline
    last = last or function.ledger.last_succeeded(name, lane=DAILY)
    earlier = function.ledger.runs(name, limit=EARLIER + 1)
    function.observer.event(
        "run_finished",
        status=document.status,
        run_id=document.run_id,
        document=document,
        previous=last.report if last else None,
        earlier=[r.report for r in earlier if r.report and r.run_id != document.run_id],
    )


def _document(function: Function, plan: RunPlan, slices: Sequence[dict[str, Any]]) -> RunDocument:
    """The run's report, of those of its slices."""
    bound = programs.bound(function, plan)
    document = RunDocument(bound, plan.run_id, plan.attempt, plan.started_at)
    document.count_from_start()
    document.notes += plan.notes
    told = [dict(c) for c in bound.schema_changes]
    document.schema_changes = told + [c for c in plan.schema_changes if c not in told]
    gathering.gather(document, plan, slices)
    return document


def _joined(
    function: Function,
    plan: RunPlan,
    bound: Program,
    load: Load,
    slices: Sequence[dict[str, Any]],
) -> Staged:
    parts = [Staged(**s["staged"][load.target]) for s in slices]
    if len(parts) == 1:
        return parts[0]
    if load.mode == "merge":
        folder = WorkFolder(function.work, plan.run_id, plan.attempt)
        return merging.merge(function, bound, load, plan, folder, parts)
    target: Any = publish.open_target(load, function.root)
    joined: Staged = target.join(parts)
    return joined


def _give_up(function: Function, plan: RunPlan, error: PenstockError) -> str:
    """Remove what was staged, and record how the run ended."""
    bound = programs.bound(function, plan)
    for load in bound.loads:
        publish.open_target(load, function.root).abandon(plan.key)
    status: Status = "stopped" if isinstance(error, RunStopped) else "failed"
    document = RunDocument(bound, plan.run_id, plan.attempt, plan.started_at)
    document.count_from_start()
    document.fail(error)
    document.end(status)
    function.ledger.finish(plan.run_id, status, document.as_json(), lock=plan.lock)
    tell_end(function, document)
    return status


def _error(told: dict[str, Any]) -> PenstockError:
    kind = RunStopped if told["stopped"] else RunError
    span = Span(**told["span"]) if told["span"] else None
    return kind(told["message"], code=told["code"], hint=told["hint"], span=span)
