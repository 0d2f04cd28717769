"""Commits that a server does and an event tells the end of (`targets.base.CommitsByEvent`).

The loader begins them and ends. EventBridge's event goes into the loads queue as it is; the loader
that gets it goes on. Each call finds out what was done already, so that an event may come twice,
late, or never: then the next planning finishes the run.

The event: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed, RunError, Unavailable
from penstock.runtime import publish
from penstock.runtime.serverless import messages
from penstock.runtime.targets.base import Published, Staged

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.ledger.base import RunRecord

DETAIL_TYPE = "Redshift Data Statement Status Change"
PREFIX = "penstock"


@dataclass(frozen=True, slots=True)
class Ended:
    """A commit ended. `name` is what it was begun with, `statement` what the target calls it."""

    name: str
    statement: str


def read(text: str) -> tuple[messages.LoadMessage, Ended | None]:
    """What a message of the loads queue asks for: one of ours, or an event.

    Raises:
        RunError: it is neither.
    """
    try:
        found: Any = json.loads(text)
        event = found["detail"] if found.get("detail-type") == DETAIL_TYPE else None
    except (ValueError, KeyError, TypeError, AttributeError):
        event = None
    if event is None:
        return messages.read(messages.LoadMessage, text), None
    name = str(event.get("statementName"))
    parts = name.split("/")
    if len(parts) != 5 or parts[0] != PREFIX or not parts[3].isdigit():
        raise RunError(
            f"an event tells of the statement `{name}`, which no run of Penstock began",
            code=messages.CODE,
            hint=f"have the rule send only events whose statementName begins with `{PREFIX}/`",
        )
    message = messages.LoadMessage(parts[1], parts[2], int(parts[3]))
    return message, Ended(name, str(event.get("statementId")))


def advance(record: RunRecord, root: Path, ended: Ended | None = None) -> list[str]:
    """Begin the commits of a run that can go by event, or see what became of them.

    Returns:
        The names of those that are under way; empty: each is done, or waits for nobody.

    Raises:
        Conflict: another writer moved a target, or what was staged is gone.
        LoadFailed: a server refused the rows.
        Unavailable: it did, and another target shows them already: the run is to be finished.
    """
    under_way: list[str] = []
    published: list[str] = []
    for item in record.staged or []:
        load = publish.load_from_json(item["load"])
        target: Any = publish.open_target(load, root)
        if not hasattr(target, "begin"):
            continue
        staged = Staged(**item["staged"])
        name = "/".join((PREFIX, record.pipeline, record.run_id, str(record.attempt), load.target))
        try:
            if ended is not None and ended.name == name:
                found = target.completed(staged, ended.statement, name)
            else:
                found = target.begin(staged, name)
        except LoadFailed as error:
            if published:  # done anew with more rows beside them, they would be there twice
                raise Unavailable(error.message, code=error.code, hint=error.hint) from error
            raise
        (published if isinstance(found, Published) else under_way).append(name)
    return under_way
