"""The quarantine of a deployment: the rows that workers set aside, out of the work bucket.

Of the slices of an attempt that succeeded, as they are named in what each worker put: what another
try left beside them does not count. They are there for as long as the work bucket keeps what
belonged to a run (`work_days`); the counts stay in the run reports.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.runtime.ledger.base import DAILY
from penstock.runtime.quarantine import read_file
from penstock.runtime.serverless.work import WorkFolder
from penstock.runtime.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.deploy.operate.deployments import Deployment
    from penstock.runtime.ledger.base import Ledger, RunRecord
    from penstock.runtime.quarantine import QuarantinedRow

SUFFIX = ".ndjson.gz"


def read(
    deployment: Deployment,
    ledger: Ledger,
    *,
    run_id: str = "",
    gone: Callable[[str], None] = lambda _: None,
) -> Iterator[QuarantinedRow]:
    """The quarantine table, as `penstock.runtime.quarantine.read` gives it.

    Args:
        run_id: only the rows of runs with this beginning of an id.
        gone: told of each run that had set rows aside which are not there any more.

    Raises:
        Unavailable: the work bucket cannot be read.
    """
    store = open_store(
        f"{deployment.outputs['work']}/{deployment.pipeline}", Path(), region=deployment.region
    )
    states = ledger.quarantine_states(deployment.pipeline)
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="penstock-held-") as place:
        for run in ledger.runs(deployment.pipeline, limit=1_000_000):
            if run.status != "succeeded" or run.lane != DAILY or not run.run_id.startswith(run_id):
                continue
            if not set_aside(run):
                continue
            folder = WorkFolder(store, run.run_id, run.attempt)
            plan = folder.plan()
            if plan is None:
                gone(run.run_id)
                continue
            for number in range(len(plan.files)):
                for row in _of_slice(folder, number, Path(place) / "rows"):
                    if row.replay_key not in seen:  # a row that several runs met is there once
                        seen.add(row.replay_key)
                        yield replace(row, state=states.get(row.replay_key, "held"))


def set_aside(run: RunRecord) -> int:
    """How many rows a run has set aside, as its report says."""
    counts = (run.report or {}).get("datasets", {}).values()
    return sum(int(c.get("quarantined") or 0) + int(c.get("rejected") or 0) for c in counts)


def _of_slice(folder: WorkFolder, number: int, to: Path) -> Iterator[QuarantinedRow]:
    found = folder.slice(number) or {}
    for name in found.get("held", ()):
        if name.endswith(SUFFIX):
            folder.fetch(name, to)
            yield from read_file(to)
