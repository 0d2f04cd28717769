"""SQS event source mappings: batches of messages to functions, as Lambda's pollers do it.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from penstock.sandbox.lambdas.function import described
from penstock.sandbox.lambdas.pool import Throttled
from penstock.sandbox.state import ACCOUNT

if TYPE_CHECKING:
    from penstock.sandbox.lambdas.calls import Calls
    from penstock.sandbox.lambdas.execution import Outcome
    from penstock.sandbox.world import World

LOOK_SECONDS = 0.05
THROTTLED_WAIT_SECONDS = 0.2
MOST_AT_ONCE = 10  # messages of one ReceiveMessage
MOST_BYTES = 6 * 1024 * 1024  # of one batch
REPORT = "ReportBatchItemFailures"


class Pollers:
    """One thread for each mapping, and one that starts and ends them."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._known: set[str] = set()

    def start(self) -> None:
        """Look for mappings from now on."""
        threading.Thread(target=self._look, daemon=True, name="mappings").start()

    def _look(self) -> None:
        from moto.awslambda.models import lambda_backends

        while not self._world.ended.wait(LOOK_SECONDS):
            for backend in list(lambda_backends[ACCOUNT].values()):
                for mapping in list(backend._event_source_mappings.values()):  # noqa: SLF001
                    if mapping.uuid not in self._known:
                        self._known.add(mapping.uuid)
                        threading.Thread(
                            target=self._poll, args=(backend, mapping), daemon=True
                        ).start()

    def _poll(self, backend: Any, mapping: Any) -> None:
        scaling = mapping.scaling_config or {}
        most = int(scaling.get("MaximumConcurrency") or self._world.concurrency)
        room = threading.Semaphore(most)
        with ThreadPoolExecutor(most, thread_name_prefix="batches") as workers:
            while not self._world.ended.is_set():
                if backend.get_event_source_mapping(mapping.uuid) is not mapping:
                    return  # deleted
                room.acquire()
                batch: list[Any] = []
                try:
                    batch = self._batch(mapping) if mapping.enabled else []
                except Exception as error:  # noqa: BLE001  # the queue may be gone
                    self._world.problem(
                        f"nothing can be read from {mapping.event_source_arn}: {error!r}"
                    )
                    self._world.ended.wait(1)
                if not batch:
                    room.release()
                    self._world.ended.wait(LOOK_SECONDS)
                    continue
                workers.submit(self._handle, backend, mapping, batch, room)

    def _batch(self, mapping: Any) -> list[Any]:
        """Messages for one invocation; waits for more of them as long as the mapping says."""
        size = mapping.batch_size
        window = int(mapping.max_batch_window or 0)
        batch: list[Any] = []
        deadline: float | None = None
        total = 0
        while len(batch) < size and total < MOST_BYTES:
            found = self._receive(mapping, min(MOST_AT_ONCE, size - len(batch)))
            batch += found
            total += sum(len(message.body) for message in found)
            if batch and deadline is None:
                deadline = time.monotonic() + window
            if not batch or not window or time.monotonic() >= (deadline or 0):
                break
            if not found and self._world.ended.wait(LOOK_SECONDS):
                break
        return batch

    def _receive(self, mapping: Any, count: int) -> list[Any]:
        backend, name = _queue_of(mapping)
        seconds = int(backend.get_queue(name).visibility_timeout)
        found: list[Any] = backend.receive_message(name, count, 0, seconds, ["All"])
        return found

    def _handle(
        self, backend: Any, mapping: Any, batch: list[Any], room: threading.Semaphore
    ) -> None:
        try:
            outcome = self._invoke(backend, mapping, batch)
            if outcome is not None:
                queue, name = _queue_of(mapping)
                for message in done(outcome, batch, mapping.function_response_types or ()):
                    queue.delete_message(name, message.receipt_handle)
        except Exception as error:  # noqa: BLE001  # nobody waits; the messages come again
            if not self._world.ended.is_set():
                self._world.problem(
                    f"a batch of {mapping.event_source_arn} was not handled: {error!r}"
                )
        finally:
            room.release()

    def _invoke(self, backend: Any, mapping: Any, batch: list[Any]) -> Outcome | None:
        """Run the function; None: it was throttled until the messages were visible again."""
        found = backend.get_function(mapping.function_arn)
        event = {"Records": [record(mapping, message) for message in batch]}
        payload = json.dumps(event).encode()
        visible = min(message.visible_at for message in batch) / 1000
        while time.time() < visible and not self._world.ended.is_set():
            try:
                return self._calls.now(described(found), payload)
            except Throttled:
                time.sleep(THROTTLED_WAIT_SECONDS)
        return None


def waiting() -> int:
    """Messages in queues that functions are called for, those they work on included."""
    from moto.awslambda.models import lambda_backends

    count = 0
    for backend in list(lambda_backends[ACCOUNT].values()):
        for mapping in list(backend._event_source_mappings.values()):  # noqa: SLF001
            queue, name = _queue_of(mapping)
            found = queue.get_queue(name)
            count += found.approximate_number_of_messages
            count += found.approximate_number_of_messages_not_visible
            count += found.approximate_number_of_messages_delayed
    return count


def done(outcome: Outcome, batch: list[Any], types: Any) -> list[Any]:
    """The messages that are to be deleted after an invocation.

    With `ReportBatchItemFailures` those that the answer does not name; none, if it names one that
    is not in the batch, or names none under `itemIdentifier`. An empty or null answer names none.
    """
    if outcome.error is not None:
        return []
    if REPORT not in types:
        return batch
    try:
        answer = json.loads(outcome.payload or b"null")
    except ValueError:
        return []
    if answer is None or answer == {}:
        return batch
    if not isinstance(answer, dict):
        return []
    failures = answer.get("batchItemFailures")
    if failures is None:
        return batch
    if not isinstance(failures, list) or not all(isinstance(each, dict) for each in failures):
        return []
    named = {each.get("itemIdentifier") for each in failures}
    if not named <= {message.id for message in batch}:
        return []
    return [message for message in batch if message.id not in named]


def record(mapping: Any, message: Any) -> dict[str, Any]:
    """A message as functions see it.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if message.group_id is not None:
        attributes["MessageGroupId"] = message.group_id
    if message.deduplication_id is not None:
        attributes["MessageDeduplicationId"] = message.deduplication_id
    if message.sequence_number is not None:
        attributes["SequenceNumber"] = message.sequence_number
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: _attribute(value) for name, value in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.event_source_arn,
        "awsRegion": mapping.event_source_arn.split(":")[3],
    }


def _attribute(value: Any) -> dict[str, Any]:
    told = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if value.get("BinaryValue") is not None:
        return {"binaryValue": value["BinaryValue"], **told}
    return {"stringValue": value.get("StringValue"), **told}


def _queue_of(mapping: Any) -> tuple[Any, str]:
    from moto.sqs.models import sqs_backends

    region, account, name = mapping.event_source_arn.split(":")[3:6]
    return sqs_backends[account][region], name
