"""Invocations: those whose caller waits, and events that Lambda keeps and tries again."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.sandbox.lambdas import logs, metrics
from penstock.sandbox.lambdas.function import described, refusal
from penstock.sandbox.lambdas.pool import Pool, Throttled

if TYPE_CHECKING:
    from penstock.sandbox.delivery import Delivery
    from penstock.sandbox.lambdas.execution import Outcome
    from penstock.sandbox.lambdas.function import Function
    from penstock.sandbox.world import World

DEFAULT_RETRIES = 2
THROTTLED_WAIT_SECONDS = 0.2  # AWS: 1 s, growing to 5 min
MOST_ERROR_MESSAGE = 1024  # bytes of the dead-letter queue's ErrorMessage attribute


@dataclass(frozen=True)
class Asynchronous:
    """What is to become of an event nobody waits for.

    Attributes:
        retries: after the first attempt.
        most_age: seconds; older events are given up.
    """

    retries: int
    most_age: int
    on_success: str | None
    on_failure: str | None
    dead_letters: str | None


class Calls:
    """Runs functions for whoever calls them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.pool = Pool(world)
        self.delivery: Delivery | None = None  # set when both are made
        self._events = ThreadPoolExecutor(32, thread_name_prefix="events")

    def now(self, function: Function, payload: bytes, client_context: str | None = None) -> Outcome:
        """Run a function and wait.

        Raises:
            Throttled: too many are under way.
            NotImplementedError: the sandbox cannot run this function.
        """
        return self._run(function, payload, client_context, str(uuid.uuid4()))

    def later(self, found: Any, payload: bytes, client_context: str | None = None) -> str:
        """Take an event for a function; gives the invocation's id.

        Args:
            found: moto's function: its settings are read when the event is handled.
            payload: JSON.
            client_context: as for `now`.

        Raises:
            NotImplementedError: the sandbox cannot run this function.
        """
        if told := refusal(described(found)):
            raise NotImplementedError(told)
        request_id = str(uuid.uuid4())
        self._world.begun()
        self._events.submit(self._event, found, payload, client_context, request_id)
        return request_id

    def close(self) -> None:
        """End what runs; events that wait are lost, as the sandbox is."""
        self._events.shutdown(wait=False, cancel_futures=True)
        self.pool.close()

    def _run(
        self, function: Function, payload: bytes, client_context: str | None, request_id: str
    ) -> Outcome:
        if told := refusal(function):
            raise NotImplementedError(told)
        with self.pool.environment(function) as execution:
            outcome = execution.invoke(request_id, payload, client_context)
            logs.write(function, execution.stream, outcome.lines)
        try:
            metrics.write(function, outcome.lines)
        except ValueError as error:
            self._world.problem(f"{function.name}: {error}")
        return outcome

    def _event(
        self, found: Any, payload: bytes, client_context: str | None, request_id: str
    ) -> None:
        try:
            self._attempts(found, payload, client_context, request_id)
        except Exception as error:  # noqa: BLE001  # nobody waits: it is told in `status`
            if not self._world.ended.is_set():
                self._world.problem(f"an event for {found.function_name} was lost: {error!r}")
        finally:
            self._world.over()

    def _attempts(
        self, found: Any, payload: bytes, client_context: str | None, request_id: str
    ) -> None:
        born, attempt = time.monotonic(), 0
        while not self._world.ended.is_set():
            settings = _asynchronous(found)
            if time.monotonic() - born > settings.most_age:
                return self._given_up(
                    found, payload, request_id, settings, attempt, None, "EventAgeExceeded"
                )
            try:
                outcome = self._run(described(found), payload, client_context, request_id)
            except Throttled:
                time.sleep(THROTTLED_WAIT_SECONDS)
                continue
            attempt += 1
            if outcome.error is None:
                if settings.on_success:
                    record = _record(found, payload, request_id, attempt, outcome, "Success")
                    self._deliver(settings.on_success, record)
                return None
            if attempt > settings.retries:
                return self._given_up(
                    found, payload, request_id, settings, attempt, outcome, "RetriesExhausted"
                )
            self._world.ended.wait(self._world.retry_seconds * attempt)
        return None

    def _given_up(
        self,
        found: Any,
        payload: bytes,
        request_id: str,
        settings: Asynchronous,
        attempts: int,
        outcome: Outcome | None,
        condition: str,
    ) -> None:
        if settings.on_failure:
            record = _record(found, payload, request_id, attempts, outcome, condition)
            self._deliver(settings.on_failure, record)
        if settings.dead_letters:
            told = _loads(outcome.payload) if outcome else {}
            message = str(told.get("errorMessage", "")) if isinstance(told, dict) else ""
            attributes = {
                "RequestID": request_id,
                "ErrorCode": "200",
                "ErrorMessage": message.encode()[:MOST_ERROR_MESSAGE].decode(errors="ignore"),
            }
            assert self.delivery is not None
            self.delivery.send(settings.dead_letters, payload.decode(), attributes=attributes)
        if not (settings.on_failure or settings.dead_letters):
            self._world.problem(
                f"{found.function_name} failed {attempts} times; the event is lost, as it has "
                "neither a destination for failures nor a dead-letter queue"
            )

    def _deliver(self, arn: str, record: dict[str, Any]) -> None:
        assert self.delivery is not None
        self.delivery.record(arn, record)


def _asynchronous(found: Any) -> Asynchronous:
    """A function's settings for asynchronous events, as moto keeps them.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
    """
    kept = found.event_invoke_config[-1].response() if found.event_invoke_config else {}
    destinations = kept.get("DestinationConfig") or {}
    retries = kept.get("MaximumRetryAttempts")
    dead = getattr(found, "dead_letter_config", None) or {}
    return Asynchronous(
        retries=DEFAULT_RETRIES if retries is None else int(retries),
        most_age=int(kept.get("MaximumEventAgeInSeconds") or 6 * 3600),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        dead_letters=dead.get("TargetArn") or None,
    )


def _record(
    found: Any,
    payload: bytes,
    request_id: str,
    attempts: int,
    outcome: Outcome | None,
    condition: str,
) -> dict[str, Any]:
    """An invocation record.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    function = described(found)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": now,
        "requestContext": {
            "requestId": request_id,
            "functionArn": function.qualified,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": _loads(payload),
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": function.version}
        if outcome.error:
            record["responseContext"]["functionError"] = outcome.error
        record["responsePayload"] = _loads(outcome.payload)
    return record


def _loads(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
