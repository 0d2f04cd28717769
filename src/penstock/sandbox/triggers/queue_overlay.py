"""moto's queues made safe for many threads, and its own deliveries to functions turned off."""

from __future__ import annotations

import threading
import time
from typing import Any

_LOOK_SECONDS = 0.05


def install() -> None:
    """Change moto's SQS and its event source mappings."""
    _one_at_a_time()
    _mappings()


def _one_at_a_time() -> None:
    """Moto replaces a queue's list of messages when one is deleted: another's message was lost."""
    from moto.sqs.models import Queue, SQSBackend

    lock = threading.RLock()
    add, delete = Queue.add_message, Queue.delete_message
    receive, change = SQSBackend.receive_message, SQSBackend.change_message_visibility

    def add_message(self: Any, message: Any) -> None:
        with lock:
            add(self, message)

    def delete_message(self: Any, receipt_handle: str) -> None:
        with lock:
            delete(self, receipt_handle)

    def receive_message(
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Any]:
        deadline = time.monotonic() + (wait_seconds_timeout or 0)
        while True:
            with lock:
                found: list[Any] = receive(
                    self, queue_name, count, 0, visibility_timeout, message_attribute_names
                )
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(_LOOK_SECONDS)

    def change_message_visibility(
        self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        with lock:
            change(self, queue_name, receipt_handle, visibility_timeout)

    Queue.add_message, Queue.delete_message = add_message, delete_message
    SQSBackend.receive_message = receive_message
    SQSBackend.change_message_visibility = change_message_visibility


def _mappings() -> None:
    from moto.awslambda.exceptions import InvalidParameterValueException
    from moto.awslambda.models import LambdaBackend
    from moto.sqs.models import sqs_backends

    create, update = (
        LambdaBackend.create_event_source_mapping,
        LambdaBackend.update_event_source_mapping,
    )

    def checked(spec: dict[str, Any], size: int, window: int) -> None:
        if spec.get("FilterCriteria"):
            raise InvalidParameterValueException("the sandbox does not filter messages of queues")
        if size > 10 and window < 1:
            raise InvalidParameterValueException(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
                "greater than 10"
            )
        most = (spec.get("ScalingConfig") or {}).get("MaximumConcurrency")
        if most is not None and not 2 <= most <= 1000:
            raise InvalidParameterValueException("MaximumConcurrency must be from 2 to 1000")

    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        arn = spec.get("EventSourceArn") or ""
        if arn.split(":")[2:3] != ["sqs"]:
            raise InvalidParameterValueException(
                f"the sandbox brings functions messages of SQS queues only, not of {arn}"
            )
        window = int(spec.get("MaximumBatchingWindowInSeconds") or 0)
        checked(spec, int(spec.get("BatchSize") or 10), window)
        region, account, name = arn.split(":")[3:6]
        visible = int(sqs_backends[account][region].get_queue(name).visibility_timeout)
        seconds = int(self.get_function(spec["FunctionName"]).timeout)
        if visible < seconds:
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {visible} seconds is less than Function timeout: "
                f"{seconds} seconds"
            )
        mapping = create(self, spec)
        # Else moto calls the function while the message is being sent.
        queue = sqs_backends[account][region].get_queue(name)
        queue.lambda_event_source_mappings.clear()
        return mapping

    def update_event_source_mapping(self: Any, uuid: str, spec: dict[str, Any]) -> Any:
        found = self.get_event_source_mapping(uuid)
        if found is not None:
            size = int(spec.get("BatchSize") or found.batch_size)
            window = spec.get("MaximumBatchingWindowInSeconds")
            checked(spec, size, int((found.max_batch_window or 0) if window is None else window))
        return update(self, uuid, spec)

    LambdaBackend.create_event_source_mapping = create_event_source_mapping
    LambdaBackend.update_event_source_mapping = update_event_source_mapping
