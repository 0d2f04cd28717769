"""Has workers begin: a message for each slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.serverless import settings
from penstock.runtime.serverless.messages import Task
from penstock.runtime.serverless.work import WorkFolder
from penstock.runtime.telemetry.fan_out import trace_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.serverless.work import RunPlan


def tell(function: Function, plan: RunPlan, some: Sequence[int] | None = None) -> None:
    """Send a task for each slice, or for some, and note that all are sent.

    Raises:
        RunError: the queue did not take one; the caller does all of it again.
    """
    count = len(plan.files)
    numbers = range(count) if some is None else some
    tasks = [Task(plan.pipeline, plan.run_id, plan.attempt, number, count) for number in numbers]
    settings.send(function.tasks_queue, *tasks, trace=trace_of(function.observer))
    WorkFolder(function.work, plan.run_id, plan.attempt).put_told()
