"""Runs of which a slice is dead: told as failed, and gone on with where its message is sent again.

A slice is dead when its message was given to workers as often as the queue does, and none made it.
The worker that fails the last time ends the run; where it was killed, whoever looks next does,
after the time by which it must have ended. What the other slices made stays: `penstock replay`
brings the message again, and the next attempt goes on with the slices that are there. If nobody
replays, the next planning reads the same files; a replay after that finds the run over.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.errors import Conflict, RunError
from penstock.runtime import publish
from penstock.runtime.document import RunDocument
from penstock.runtime.heartbeat import HeldLock
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.serverless import loader, programs, settings, tasks
from penstock.runtime.serverless.messages import LoadMessage
from penstock.runtime.serverless.work import CODE_DEAD, WorkFolder
from penstock.runtime.telemetry.fan_out import trace_of

if TYPE_CHECKING:
    from penstock.runtime.ledger.base import Lock, RunRecord
    from penstock.runtime.serverless.messages import Task
    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.serverless.work import RunPlan

TAKING_UP_SECONDS = 40.0
"""The lease while a run is taken up; then the lock is left to its workers."""


def end_any(function: Function) -> bool:
    """End the run under way if a slice of it is dead; False: there is none."""
    for record in under_way(function):
        folder = WorkFolder(function.work, record.run_id, record.attempt)
        plan = folder.plan()
        if plan is not None and end(function, folder, plan):
            return True
    return False


def under_way(function: Function) -> list[RunRecord]:
    """The ordinary runs that have not ended."""
    found = function.ledger.runs(function.program.pipeline, limit=10)
    return [r for r in found if r.status == "running" and r.lane == DAILY]


def end(function: Function, folder: WorkFolder, plan: RunPlan) -> bool:
    """End a run as failed if a slice of it is dead, and give its lock back.

    Under the publishing lock: a loader that finds every slice after all has staged before, or
    finds the run ended. What is staged is left, for the attempt that goes on with it.

    Returns:
        Whether it was ended here.
    """
    ledger = function.ledger
    if not folder.dead():
        return False
    with suppress(Conflict), HeldLock(ledger, publish.publish_lock(plan.pipeline)):
        record = ledger.run(plan.run_id)
        if record is None or (record.status, record.attempt) != ("running", plan.attempt):
            return False
        found = folder.dead()
        if not found or record.staged is not None:
            return False
        document = RunDocument(
            programs.bound(function, plan), plan.run_id, plan.attempt, plan.started_at
        )
        document.count_from_start()
        number, note = min(found.items())
        more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
        document.fail(
            RunError(
                f"slice {number} of {len(plan.files)} failed as often as it may be tried{more}: "
                f"{note['message']} [{note['code']}]",
                code=CODE_DEAD,
                hint="mend the cause, then `penstock replay` goes on with this run; without it "
                "the next start reads the same again",
            )
        )
        document.end("failed")
        ledger.finish(plan.run_id, "failed", document.as_json(), lock=plan.lock)
        ledger.release(plan.lock)
        loader.tell_end(function, document)
        return True
    return False


def take_up(function: Function, task: Task) -> bool:
    """Go on with a run that a dead slice has ended; its message was sent again.

    Returns:
        False: the run is over, or another planning has begun what it would have read.

    Raises:
        Conflict: another planning or taking up is at it; to be tried again.
    """
    ledger = function.ledger
    if not _ended_dead(function, task):
        return False
    name = publish.lane_lock(task.pipeline, DAILY)
    lock = HeldLock(ledger, name, by=f"run:{task.run_id}", lease_seconds=TAKING_UP_SECONDS)
    with lock as held:
        loader.roll_forward(function, held.lock)
        record = _ended_dead(function, task)
        plan = WorkFolder(function.work, task.run_id, task.attempt).plan()
        last = ledger.last_succeeded(task.pipeline, lane=DAILY)
        if record is None or plan is None or (last.run_id if last else None) != plan.after:
            return False
        plan = _next_attempt(function, record, plan, held.lock)
        folder = WorkFolder(function.work, plan.run_id, plan.attempt)
        missing = [n for n in range(len(plan.files)) if folder.slice(n) is None]
        tasks.tell(function, plan, missing)
        if not missing:
            load = LoadMessage(plan.pipeline, plan.run_id, plan.attempt)
            settings.send(function.loads_queue, load, trace=trace_of(function.observer))
        with suppress(Conflict):  # they were quick, and the loader has given it back
            held.hand_over(lease_seconds=loader.LEASE_SECONDS)
    return True


def _ended_dead(function: Function, task: Task) -> RunRecord | None:
    """The run of a task, if a dead slice ended it and no other run of the lane came after it."""
    found = function.ledger.runs(task.pipeline, limit=50)
    newest = next((r for r in found if r.lane == DAILY), None)
    if newest is None or (newest.run_id, newest.attempt) != (task.run_id, task.attempt):
        return None
    error = (newest.report or {}).get("error") or {}
    return newest if newest.status == "failed" and error.get("code") == CODE_DEAD else None


def _next_attempt(function: Function, record: RunRecord, plan: RunPlan, lock: Lock) -> RunPlan:
    """Begin it, with the plan in place before: whoever dies in between leaves nothing half done."""
    ledger = function.ledger
    made = replace(
        plan,
        attempt=record.attempt + 1,
        lock=lock,
        work_of=plan.work_of or plan.attempt,
    )
    WorkFolder(function.work, made.run_id, made.attempt).put_plan(made)
    ledger.begin(
        record.run_id,
        record.pipeline,
        record.key,
        record.program,
        record.slice,
        ledger.files_read(record.run_id),
        lane=DAILY,
        sources=plan.sources,
        lock=lock,
    )
    return made
