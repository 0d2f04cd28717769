"""A worker: one slice, from its files to what is staged for each target.

A task may come twice, late, or to two workers at once. Each try stages under a name of its own,
and the first that puts `slices/N.json` counts; what another has staged it removes itself.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from penstock.errors import Conflict, Interrupted, PenstockError, RunError, RunStopped
from penstock.runtime import publish, quarantine
from penstock.runtime.attempt import Attempt
from penstock.runtime.document import RunDocument
from penstock.runtime.ledger.base import Watermark
from penstock.runtime.plan import Plan, open_source
from penstock.runtime.serverless import dead, merging, programs, settings
from penstock.runtime.serverless.loader import LEASE_SECONDS
from penstock.runtime.serverless.messages import LoadMessage
from penstock.runtime.serverless.work import WorkFolder
from penstock.runtime.sources.windowed import WindowedSource
from penstock.runtime.telemetry.fan_out import trace_of
from penstock.runtime.widening import TAKES
from penstock.runtime.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.program import Load, Program
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.serverless.messages import Task
    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.serverless.work import RunPlan
    from penstock.runtime.sources.base import Source
    from penstock.runtime.targets.base import Staged

MARGIN_SECONDS = 20.0
"""What is left of a function's time for removing what was staged and giving the task back."""
CLOCKS_SECONDS = 10.0
"""By how much the clocks of two functions may differ."""


def work(
    function: Function, task: Task, *, seconds_left: Callable[[], float], last: bool = False
) -> None:
    """Do a task, unless it is done, or of a run that is over.

    Args:
        last: the queue gives it to nobody again: if it fails, the run ends as failed.

    Raises:
        Interrupted: the time was too short; the task is to come again.
        PenstockError: something that may pass; the task is to come again.
    """
    folder = WorkFolder(function.work, task.run_id, task.attempt)
    try:
        plan = _current(function, folder, task)
    except Exception as error:
        folder.note(task.slice, error)
        raise
    if plan is None:
        dead.take_up(function, task)
        return
    if folder.slice(task.slice) is None:
        try:
            with folder.noting(task.slice, last_until=_ends(seconds_left()) if last else None):
                _do(function, folder, task, plan, seconds_left)
        except Exception:
            if last:
                dead.end(function, folder, plan)
            raise
    if folder.done() == task.of:
        message = LoadMessage(task.pipeline, task.run_id, task.attempt)
        settings.send(function.loads_queue, message, trace=trace_of(function.observer))


def _ends(seconds: float) -> str:
    """When a function that has so many seconds left has ended, in the ledger's form."""
    moment = datetime.now(UTC) + timedelta(seconds=max(0.0, seconds) + CLOCKS_SECONDS)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _current(function: Function, folder: WorkFolder, task: Task) -> RunPlan | None:
    """The run's plan, its lock renewed; None: the run is over, or another attempt is under way."""
    record = function.ledger.run(task.run_id)
    if record is None or record.status != "running" or record.attempt != task.attempt:
        return None
    plan = folder.plan()
    if plan is None:
        return None
    try:
        function.ledger.renew(plan.lock, lease_seconds=LEASE_SECONDS)
    except Conflict:
        return None
    return plan


def _do(
    function: Function,
    folder: WorkFolder,
    task: Task,
    plan: RunPlan,
    seconds_left: Callable[[], float],
) -> None:
    part = f"{task.slice:05d}{secrets.token_hex(4)}"
    bound = programs.bound(function, plan)
    kept = False
    try:
        try:
            result = _Slice(function, folder, task, plan, bound, part).go(seconds_left)
        except PenstockError as error:
            if error.transient:
                raise
            result = _failed(error)
        # Its lock may have passed to the next attempt meanwhile, which begins anew.
        if _current(function, folder, task) is not None:
            kept = folder.put_slice(task.slice, result) and "error" not in result
    finally:
        if not kept:
            for load in bound.loads:
                target: Any = publish.open_target(load, function.root)
                if hasattr(target, "discard_part"):
                    target.discard_part(plan.key, part)


class _Slice:
    """One try at a slice."""

    def __init__(
        self,
        function: Function,
        folder: WorkFolder,
        task: Task,
        plan: RunPlan,
        bound: Program,
        part: str,
    ) -> None:
        self._function = function
        self._folder = folder
        self._task = task
        self._plan = plan
        self._bound = bound
        self._part = part

    def go(self, seconds_left: Callable[[], float]) -> dict[str, Any]:
        """Stage everything; gives what the loader has to know of it."""
        function, plan, bound = self._function, self._plan, self._bound
        began = time.monotonic()
        if bound.digest != plan.program:
            raise RunError(
                "this run was planned by another build of the pipeline",
                code="PSK-FN-005",
                hint="the next run is of one build; it reads what this one would have read",
            )
        document = RunDocument(bound, plan.run_id, plan.attempt, plan.started_at)
        sources = {r.dataset: self._source(r.dataset) for r in bound.reads}
        parts = plan.part(self._task.slice)
        fetched = {n: self._folder.bring(function.root, part) for n, part in parts.items()}
        planned = Plan(
            sources=sources,
            slices={name: part for name, (part, _) in fetched.items()},
            slice="",
            key=plan.key,
            nothing_new=False,
            files={},
        )
        folder = function.root / ".penstock" / "work" / self._part
        attempt = Attempt(
            bound,
            function.root,
            planned,
            observer=function.observer,
            document=document,
            work=folder,
            stage=self._stage,
            partial=bound.slicing.partial if self._task.of > 1 else (),
        )
        try:
            with _Deadline(attempt, seconds_left):
                staged = attempt.work(function.memory_bytes, function.threads)
        finally:
            attempt.close()
            for file in (file for _, put in fetched.values() for file in put):
                file.unlink(missing_ok=True)
        held = quarantine.run_folder(function.root, plan.run_id)
        names = self._folder.keep(self._part, held) if held.is_dir() else []
        shutil.rmtree(held, ignore_errors=True)
        return {
            "part": self._part,
            "staged": {name: asdict(each) for name, each in staged.items()},
            "datasets": {name: asdict(counts) for name, counts in document.datasets.items()},
            "quality": [
                {
                    "check": bound.checks.index(o.check),
                    "passed": o.passed,
                    "observed": o.observed,
                    "failed_rows": o.failed_rows,
                }
                for o in document.quality
            ],
            "counted": {str(number): counts for number, counts in attempt.counted.items()},
            "samples": document.samples,
            "kpis": document.kpis,
            "rejected": document.rejected,
            "seconds": {name: t["seconds"] for name, t in document.targets.items()},
            "notes": planned.notes_of_reading(),
            "watermarks": {name: asdict(mark) for name, mark in planned.watermarks().items()},
            "held": names,
            "worked": time.monotonic() - began,
        }

    def _source(self, dataset: str) -> Source:
        read = next(r for r in self._bound.reads if r.dataset == dataset)
        if read.schema_evolution in TAKES and self._plan.part(self._task.slice)[dataset].files:
            # The planner has looked at these very files: they need not be fetched for it again.
            read = replace(read, schema_evolution="ignore")
        source = open_source(read, self._function.root)
        kept = self._plan.windows.get(dataset)
        if kept is None:
            return source
        before = Watermark(**kept["before"]) if kept["before"] else None
        windowed = WindowedSource(source, dataset, Window(**kept["window"]), before)
        windowed.tell_bounds()
        return windowed

    def _stage(self, load: Load, engine: Engine) -> Staged:
        target: Any = publish.open_target(load, self._function.root)
        alone = self._task.of == 1
        if load.mode == "merge" and not alone:
            return merging.leave(load, engine, self._folder, self._plan.key, self._part)
        if not hasattr(target, "stage_part"):
            staged: Staged = target.stage(engine, load.dataset, self._plan.key)
        else:
            staged = target.stage_part(
                engine, load.dataset, self._plan.key, self._part, alone=alone
            )
        return staged


class _Deadline:
    """Gives an attempt up when the function's time comes to its end."""

    def __init__(self, attempt: Attempt, seconds_left: Callable[[], float]) -> None:
        self._attempt = attempt
        self._left = seconds_left
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="penstock-deadline", daemon=True)

    def __enter__(self) -> Self:
        if self._left() <= MARGIN_SECONDS:
            raise Interrupted("there is no time left for this slice; it comes again")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(min(0.5, max(0.01, self._left() - MARGIN_SECONDS))):
            if self._left() <= MARGIN_SECONDS:
                self._attempt.interrupt()  # again, until what is under way has noticed
                time.sleep(0.1)


def _failed(error: PenstockError) -> dict[str, Any]:
    """An error that doing it again cannot mend is what came of the slice."""
    span = error.span
    return {
        "error": {
            "stopped": isinstance(error, RunStopped),
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "span": asdict(span) if span else None,
        }
    }
