"""Rolling a target back: a new version with the content of an older one.

It is kept as a run of a lane of its own, so that the ledger knows the version and the next
ordinary run finds the target as the ledger says it is. The audit trail is told before anything
changes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from penstock.errors import Conflict, UsageError
from penstock.program import Program, canonical
from penstock.runtime import publish, records
from penstock.runtime.document import RunDocument, utc_now
from penstock.runtime.heartbeat import HeldLock
from penstock.runtime.ledger.base import DAILY, Version
from penstock.runtime.ledger.holder import current_actor
from penstock.runtime.observer import Silent
from penstock.runtime.plan import new_run_id

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.ledger.base import Ledger

LANE = "rollback"


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What readers see now; `changed`: it is another version than before."""

    version: str
    rows_loaded: int
    run_id: str | None
    changed: bool


def rollback(
    root: Path,
    ledger: Ledger,
    pipeline: str,
    target: str,
    version: str,
    *,
    reason: str | None = None,
    elsewhere: bool = False,
) -> RolledBack:
    """Have a target show an older version again. Done again with nothing in between: no change.

    Args:
        elsewhere: runs are made by functions, and only these can finish one that was cut off.

    Raises:
        UsageError: the target was never published.
        LoadFailed: the version is gone, or the target keeps none.
        Conflict: a run is under way.
    """
    with HeldLock(ledger, publish.lane_lock(pipeline, DAILY)) as held:
        for record in ledger.unfinished(pipeline, lane=DAILY):
            if elsewhere:
                raise Conflict(
                    f"run {record.run_id} was cut off while it published",
                    hint="start the pipeline once: its planner finishes that run; then roll back",
                )
            publish.roll_forward(record, root, ledger, Silent(), held.lock)
        with HeldLock(ledger, publish.publish_lock(pipeline)):
            return _rolled_back(root, ledger, pipeline, target, version, held, reason)


def _rolled_back(
    root: Path,
    ledger: Ledger,
    pipeline: str,
    target: str,
    version: str,
    held: HeldLock,
    reason: str | None,
) -> RolledBack:
    current = ledger.current(pipeline).get(target)
    if current is None:
        raise UsageError(f"nothing was published as `{target}`")
    load = publish.load_from_json(current.load)
    opened = publish.open_target(load, root)
    shown = opened.versions()
    if shown and shown[0].version == version:
        return RolledBack(version, shown[0].rows or 0, None, changed=False)
    identity = [pipeline, "rollback", target, version, current.version, shown[0].version]
    key = hashlib.sha256(canonical(identity)).hexdigest()
    program = Program(pipeline, "duckdb", loads=(load,)).seal()
    document = RunDocument(program, new_run_id(), 1)
    record = ledger.begin(
        document.run_id, pipeline, key, program.digest, key, {}, lane=LANE, lock=held.lock
    )
    document.run_id, document.attempt = record.run_id, record.attempt
    records.begin(root, record, {}, {})
    publish.write_json(publish.run_folder(root, record.run_id) / "program.json", program.as_json())
    ledger.append_audit(
        current_actor(),
        "target.rollback",
        pipeline,
        target,
        {"from": shown[0].version, "to": version, "run": record.run_id, "reason": reason},
    )
    try:
        done = opened.restore(version, key)
    except BaseException:
        document.end("failed")
        records.end(root, ledger, record, "failed", utc_now())
        ledger.finish(record.run_id, "failed", document.as_json(), lock=held.lock)
        raise
    document.published(target, done, 0.0)
    document.notes.append(f"`{target}` was rolled back to {version}")
    document.end("succeeded")
    published = Version(
        pipeline=pipeline,
        target=target,
        version=done.version,
        run_id=record.run_id,
        location=done.location,
        published_at=utc_now(),
        load=json.loads(json.dumps(asdict(load))),
    )
    publish.finish(record, document, root, ledger, [published], lock=held.lock)
    return RolledBack(done.version, done.rows_loaded, record.run_id, changed=True)
