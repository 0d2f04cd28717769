"""A function's log in CloudWatch Logs, which is moto's."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.sandbox.lambdas.function import Function


def write(function: Function, stream: str, lines: Sequence[str]) -> None:
    """Append an invocation's lines to the environment's stream."""
    from moto.logs.exceptions import ResourceAlreadyExistsException
    from moto.logs.models import logs_backends

    backend = logs_backends[function.account][function.region]
    backend.ensure_log_group(function.log_group)
    with suppress(ResourceAlreadyExistsException):
        backend.create_log_stream(function.log_group, stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": f"{line}\n"} for line in lines]
    backend.put_log_events(function.log_group, stream, events)
