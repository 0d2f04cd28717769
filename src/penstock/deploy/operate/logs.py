"""What the functions of a deployment said, from CloudWatch Logs, in the order of time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from typing import TYPE_CHECKING, Any

from penstock.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line of a log.

    Attributes:
        at: milliseconds since 1970, as CloudWatch has it.
        id: of the event, so that it is not shown twice.
        function: planner, worker, loader, …
        text: as it was printed.
    """

    at: int
    id: str
    function: str
    text: str

    @property
    def fields(self) -> dict[str, Any]:
        r"""The line as JSON, if it is JSON; else its text under `message`.

        Lambda puts level, time and request in front of what is logged: `[INFO]\\t…\\t…\\t{…}`.
        """
        start = self.text.find("{")
        if start >= 0:
            try:
                found = json.loads(self.text[start:])
            except ValueError:
                found = None
            if isinstance(found, dict):
                head = self.text[:start].split("\t")[0].strip("[] ")
                found = {"level": head, **found} if head in LEVELS else found
                return _unwrapped(found)
        return {"message": self.text.rstrip()}

    @property
    def time(self) -> datetime:
        """When it was printed, UTC."""
        return datetime.fromtimestamp(self.at / 1000, UTC)


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """Lambda's JSON format puts what is logged, JSON itself, under `message`."""
    try:
        inner = json.loads(found.get("message") or "")
    except (ValueError, TypeError):
        return found
    return {**found, "message": None, **inner} if isinstance(inner, dict) else found


def lines(
    functions: Mapping[str, str],
    *,
    region: str,
    since: datetime,
    run: str | None = None,
) -> Iterator[Line]:
    """Lines of the functions' logs, the oldest first.

    Args:
        functions: kind → name of the function.
        since: what was printed before is left out.
        run: only lines that name this run.

    Raises:
        DeployError: CloudWatch refuses.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client: Any = boto3.client("logs", region_name=region)
    try:
        yield from merge(*(_of(client, kind, name, since, run) for kind, name in functions.items()))
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"the logs cannot be read: {error}", code="PSK-DEP-007") from error


def _of(client: Any, kind: str, name: str, since: datetime, run: str | None) -> Iterator[Line]:
    asked: dict[str, Any] = {
        "logGroupName": f"/aws/lambda/{name}",
        "startTime": int(since.timestamp() * 1000),
    }
    if run:
        asked["filterPattern"] = f'"{run}"'
    try:
        pages = client.get_paginator("filter_log_events").paginate(**asked)
        found = [
            Line(event["timestamp"], event["eventId"], kind, event["message"])
            for page in pages
            for event in page["events"]
            if run is None or run in event["message"]
        ]
    except client.exceptions.ResourceNotFoundException:
        return  # it was never called
    yield from sorted(found)
