"""The watch: what a pipeline tells when nothing runs.

A run tells how fresh the data is when it ends. Where none ends, nobody does: so a schedule of its
own calls the planner every few minutes, which looks into the ledger and plans nothing. Without it
an alarm would have to take missing data for stale data, and CloudWatch looks for older points for
several periods before it does
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.runtime.document import utc_now
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.serverless import dead

if TYPE_CHECKING:
    from penstock.runtime.ledger.base import RunRecord
    from penstock.runtime.serverless.settings import Function

SEEN = "seen.json"


@dataclass(frozen=True, slots=True)
class Looked:
    """What the watch saw, in seconds.

    Attributes:
        fresh: since what is published was all there is, at the least. Of a pipeline that has not
            published yet: since its Program was put there.
        running: since the run under way began; 0: there is none.
        ended: a run was ended whose slice was dead.
    """

    fresh: float
    running: float
    ended: bool


def look(function: Function) -> Looked:
    """Look at the pipeline, and have it told as metrics.

    Raises:
        PenstockError: ledger or bucket cannot be used.
    """
    ended = dead.end_any(function)
    name, now = function.program.pipeline, datetime.now(UTC)
    last = function.ledger.last_succeeded(name, lane=DAILY)
    under_way = [_seconds(now, run.started_at) for run in dead.under_way(function)]
    since = _known_since(function, last)
    found = Looked(_seconds(now, since), max(under_way, default=0.0), ended)
    function.observer.event("looked", pipeline=name, fresh=found.fresh, running=found.running)
    return found


def nothing_new(function: Function, last: RunRecord, at: str) -> None:
    """Note that a planning found at a time that what a run had published was all there is."""
    function.work.put(SEEN, json.dumps({"run_id": last.run_id, "at": at}).encode())


def _known_since(function: Function, last: RunRecord | None) -> str:
    """When it was known last that what is published is all there is."""
    if last is None:
        put = function.programs.head(function.program_file)
        return put.modified.isoformat() if put else utc_now()
    if function.work.head(SEEN) is None:
        return last.started_at
    seen = json.loads(function.work.read(SEEN))
    return str(seen["at"]) if seen["run_id"] == last.run_id else last.started_at


def _seconds(now: datetime, at: str) -> float:
    return max(0.0, (now - datetime.fromisoformat(at)).total_seconds())
