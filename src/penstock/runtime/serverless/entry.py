"""What the handlers of the functions call: an event in, the answer that AWS understands out."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, Interrupted, PenstockError, in_words
from penstock.runtime import aws
from penstock.runtime.serverless import (
    by_event,
    events,
    loader,
    messages,
    planner,
    settings,
    spending,
    watching,
    worker,
)
from penstock.runtime.telemetry.opening import open_in_function

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from penstock.runtime.serverless.schemas import Compile
    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.telemetry.fan_out import Telemetry

COMES_AGAIN_SECONDS = 5
"""After how long a slice that was given back is tried again."""
ASKS_AGAIN_SECONDS = 30
"""After how long a planning that met a run under way is tried again."""
FIRST_WAIT_SECONDS, WAITS_GROW, MOST_WAIT_SECONDS = 5, 3, 900
"""A message that failed comes again after 5 s, then 15, 45, …, at most 15 minutes."""
MOST_TRIES = 5
"""Of a message, unless `PENSTOCK_MOST_TRIES` says another number: that of the queue."""


@cache
def _telemetry() -> Telemetry:
    aws.quieten()
    root = Path(os.environ.get("PENSTOCK_ROOT") or Path(gettempdir()) / "penstock")
    return open_in_function(os.environ, root, cost=spending.counted(root))


@cache
def _function() -> Function:
    """Opened once for as long as the function's process lives."""
    return settings.from_environment(observer=_telemetry())


def _about(context: Any) -> AbstractContextManager[None]:
    return _telemetry().about(request_id=getattr(context, "aws_request_id", None))


def plan(event: Any, context: Any, recompile: Compile | None = None) -> Any:
    """Plan a run: for a schedule, for files that came, for a request, for messages of these.

    Or look how the pipeline stands (`penstock.look/1`), and plan none.

    Args:
        recompile: compiles the definition for other schemas; the runtime has no compiler.
    """
    with _about(context):
        return _plan(event, recompile)


def _plan(event: Any, recompile: Compile | None) -> Any:
    if events.is_batch(event):
        return _plan_for_messages(event, recompile)
    if events.is_request(event):
        return _plan_for_request(event, recompile)
    looks = events.is_look(event)
    wish = events.Asked("nobody") if looks else events.asked(event)
    if wish.by == "nobody" and not looks:
        return {"status": "ignored"}
    try:
        if looks:
            return asdict(watching.look(_function()))
        found = planner.run(_function(), full_refresh=wish.full_refresh, recompile=recompile)
    except PenstockError as error:
        _tell_error(error)
        raise error.with_traceback(None) from None  # Lambda prints it: the error was told
    _told("planned", **asdict(found))
    if found.status == "busy" and (wish.by == "files" or wish.full_refresh):
        # A schedule has its next time; these would be lost.
        raise Conflict(
            "a run is under way, and what is asked is for the one after it",
            code="PSK-FN-007",
            hint="have events wait in a queue in front of the planner: they come again until "
            "there is room for a run",
        )
    return asdict(found)


def work(event: Any, context: Any) -> dict[str, Any]:
    """Do tasks."""
    function = _function()

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    def do(message: events.Message) -> None:
        task = messages.read(messages.Task, message.body)
        try:
            with _telemetry().about(run_id=task.run_id, attempt=task.attempt, slice=task.slice):
                last = message.deliveries >= _tries()
                worker.work(function, task, seconds_left=seconds_left, last=last)
        except Interrupted:
            _soon_again(function.tasks_queue, message, COMES_AGAIN_SECONDS)
            raise

    return _each(event, do, context, function.tasks_queue)


def load(event: Any, context: Any) -> dict[str, Any]:
    """Publish runs."""
    function = _function()

    def do(message: events.Message) -> None:
        wanted, ended = by_event.read(message.body)
        with _telemetry().about(run_id=wanted.run_id, attempt=wanted.attempt):
            _told("loaded", status=loader.load(function, wanted, ended))

    return _each(event, do, context, function.loads_queue)


def _each(
    event: Any, do: Callable[[events.Message], None], context: Any, queue: str
) -> dict[str, Any]:
    """Do every message; name those that are to come again."""
    failed: list[str] = []
    for message in events.messages(event):
        try:
            with _about(context), _telemetry().about(trace=message.trace):
                do(message)
        except Exception as error:  # noqa: BLE001  # the queue counts, and keeps the dead letters
            _tell_error(error, message_id=message.id, deliveries=message.deliveries)
            failed.append(message.id)
            if not isinstance(error, Interrupted):
                _soon_again(queue, message, _wait(message.deliveries, _tries()))
    return events.failures(failed)


def _plan_for_messages(event: Any, recompile: Compile | None) -> dict[str, Any]:
    """One planning for all messages of a batch: a run reads all that is new."""
    failed: list[str] = []
    wishes: dict[str, events.Asked] = {}
    batch = events.messages(event)
    for message in batch:
        try:
            wish = events.asked_by(message.body)
        except PenstockError as error:
            _tell_error(error, message_id=message.id)
            failed.append(message.id)
            continue
        if wish.by != "nobody":
            wishes[message.id] = wish
    if wishes:
        try:
            anew = any(w.full_refresh for w in wishes.values())
            found = planner.run(_function(), full_refresh=anew, recompile=recompile)
            _told("planned", **asdict(found))
            if found.status == "busy":  # what came is for the run after the one under way
                failed += wishes
                for message in batch:
                    if message.id in wishes:
                        _soon_again(_function().events_queue, message, ASKS_AGAIN_SECONDS)
        except Exception as error:  # noqa: BLE001  # as above
            _tell_error(error)
            failed += wishes
            for message in batch:
                if message.id in wishes:
                    wait = _wait(message.deliveries, sys.maxsize)
                    _soon_again(os.environ.get("PENSTOCK_EVENTS_QUEUE"), message, wait)
    return events.failures(failed)


def _plan_for_request(event: Any, recompile: Compile | None) -> dict[str, Any]:
    try:
        wish = events.asked(event)
    except PenstockError as error:
        return events.answer(400, _in_json(error))
    try:
        found = planner.run(_function(), full_refresh=wish.full_refresh, recompile=recompile)
    except PenstockError as error:
        _tell_error(error)
        return events.answer(503 if error.transient else 500, _in_json(error))
    _told("planned", **asdict(found))
    return events.answer(409 if found.status == "busy" else 202, asdict(found))


def _tries() -> int:
    return int(os.environ.get("PENSTOCK_MOST_TRIES") or MOST_TRIES)


def _wait(deliveries: int, tries: int) -> int:
    """Seconds until a message that failed comes again; none after the last try: it is dead.

    >>> [_wait(n, 9) for n in (1, 2, 3, 4, 8, 9)]
    [5, 15, 45, 135, 900, 0]
    """
    if deliveries >= tries:
        return 0
    return int(min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * WAITS_GROW ** (deliveries - 1)))


def _soon_again(queue: str | None, message: events.Message, seconds: int) -> None:
    """Have a message come again before its visibility time-out, which is that of the dead."""
    if queue is None:
        return
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        settings.queues().change_message_visibility(
            QueueUrl=queue, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
        )
    except (BotoCoreError, ClientError) as error:
        _told("comes_later", message_id=message.id, message=f"it stays hidden: {error}")


def _in_json(error: PenstockError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _told(what: str, **values: Any) -> None:
    _telemetry().event(what, **values)


def _tell_error(error: Exception, **values: Any) -> None:
    known = in_words(error)
    bug = {"code": "PSK-BUG-001", "message": f"{type(error).__name__}: {error}"}
    told = _in_json(known) if known else bug
    _telemetry().event("error", **told, **values)
