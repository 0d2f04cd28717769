"""Publishing: the intent, the commits, and rolling forward a run that was cut off between them."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, Interrupted, LoadFailed
from penstock.program import Load, Program
from penstock.runtime import records, references, registry
from penstock.runtime.document import RunDocument, utc_now
from penstock.runtime.ledger.base import DAILY, Version
from penstock.runtime.targets.base import Staged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.runtime.ledger.base import Ledger, Lock, RunRecord
    from penstock.runtime.observer import Observer
    from penstock.runtime.targets.base import Target


def open_target(load: Load, root: Path) -> Target:
    """The target of a load, its secrets resolved."""
    options = references.with_secrets(load.options, references.environment())
    target: Target = registry.target(load.connector)(replace(load, options=options), root)
    return target


def intent(program: Program, staged: Mapping[str, Staged]) -> list[dict[str, Any]]:
    """What the ledger keeps so that the commits can be done without the engine."""
    return [{"load": asdict(x), "staged": asdict(staged[x.target])} for x in program.loads]


def commit(
    load: Load, staged: Staged, root: Path, document: RunDocument, observer: Observer
) -> Version:
    """Make what was staged for one target visible, and note it.

    Raises:
        Conflict: another writer moved the target.
    """
    clock = time.monotonic()
    observer.event("commit_started", target=load.target)
    done = open_target(load, root).commit(staged)
    before = document.targets.get(load.target, {}).get("seconds", 0.0)
    document.published(load.target, done, before + time.monotonic() - clock)
    document.notes += done.notes
    observer.event("target_finished", target=load.target, **document.targets[load.target])
    return Version(
        pipeline=document.program.pipeline,
        target=load.target,
        version=done.version,
        run_id=document.run_id,
        location=done.location,
        published_at=utc_now(),
        load=json.loads(json.dumps(asdict(load))),
    )


def finish(
    record: RunRecord,
    document: RunDocument,
    root: Path,
    ledger: Ledger,
    versions: Sequence[Version],
    *,
    lock: Lock | None,
) -> None:
    """Record that a run succeeded, everything it has to publish being published.

    Its folder is told first: a process that dies in between leaves a run that is rolled forward.
    """
    records.end(root, ledger, record, "succeeded", utc_now(), versions)
    ledger.finish(record.run_id, "succeeded", document.as_json(), versions, lock=lock)
    if (folder := run_folder(root, record.run_id)).is_dir():
        write_json(folder / "report.json", document.as_json())


def roll_forward(
    record: RunRecord, root: Path, ledger: Ledger, observer: Observer, lock: Lock
) -> None:
    """Finish the commits of a run that was killed after it had recorded its intent.

    `lock` is that of the run's lane; the caller holds the pipeline's publishing lock besides.

    A target that was moved by somebody else since then ends that run as failed: its rows are
    computed again by the next run.
    """
    observer.event(
        "message", text=f"finishing run {record.run_id}, which was cut off while publishing"
    )
    folder = run_folder(root, record.run_id)
    program = Program.from_json(json.loads((folder / "program.json").read_text(encoding="utf-8")))
    document = RunDocument(program, record.run_id, record.attempt, record.started_at)
    document.notes.append("finished by a later run, after this one was cut off while publishing")
    publish_staged(record, document, root, ledger, observer, lock)


def publish_staged(
    record: RunRecord,
    document: RunDocument,
    root: Path,
    ledger: Ledger,
    observer: Observer,
    lock: Lock,
) -> None:
    """Commit what a run has recorded its intent to publish, again or for the first time.

    A target that was moved by somebody else ends the run as failed, and so does one that refuses
    the rows before anything is published. `lock` is that of its lane.
    """
    items = [(load_from_json(i["load"]), Staged(**i["staged"])) for i in record.staged or []]
    try:
        versions = [commit(load, staged, root, document, observer) for load, staged in items]
    except (Conflict, LoadFailed) as error:
        if not gives_up(error, document):
            raise
        if isinstance(error, LoadFailed):
            for load, staged in items:
                open_target(load, root).abandon(staged.key)
        document.fail(error)
        document.end("failed")
        records.end(root, ledger, record, "failed", utc_now())
        ledger.finish(record.run_id, "failed", document.as_json(), lock=lock)
        observer.event("message", text=f"run {record.run_id} cannot be finished: {error.message}")
        return
    document.end("succeeded")
    finish(record, document, root, ledger, versions, lock=lock)


def gives_up(error: Exception, document: RunDocument) -> bool:
    """Whether a run that was publishing ends with an error, and is not finished later.

    A target that refuses the rows refuses them again. Where another one shows them already, the
    run stays: done anew with more rows beside them, they would be there twice.
    """
    published = any("version" in told for told in document.targets.values())
    return isinstance(error, Conflict) or (isinstance(error, LoadFailed) and not published)


def clear_dead(
    program: Program, root: Path, ledger: Ledger, current: RunRecord, lock: Lock
) -> None:
    """Remove what killed runs had staged, and record that they ended."""
    for old in ledger.runs(program.pipeline, limit=40):
        if old.status != "running" or old.run_id == current.run_id or old.staged:
            continue
        if old.lane != current.lane:
            continue  # it may be alive: its lane has a lock of its own
        for load in program.loads:
            open_target(load, root).abandon(old.key)
        shutil.rmtree(run_folder(root, old.run_id) / "work", ignore_errors=True)
        document = RunDocument(program, old.run_id, old.attempt, old.started_at)
        document.fail(Interrupted("this run was killed before it had published anything"))
        document.end("failed")
        records.end(root, ledger, old, "interrupted", utc_now())
        ledger.finish(old.run_id, "interrupted", document.as_json(), lock=lock)


def moved(program: Program, root: Path, ledger: Ledger) -> dict[str, str]:
    """Target → in words, why it does not show what was published last; empty: every one does."""
    current = ledger.current(program.pipeline)
    found: dict[str, str] = {}
    for load in program.loads:
        version = current.get(load.target)
        if version is None:
            found[load.target] = "was not published yet"
        elif not open_target(load, root).holds(version.version):
            found[load.target] = "was changed or removed since the last run published it"
    return found


def lane_lock(pipeline: str, lane: str) -> str:
    """Name of the lock under which the runs of a lane work."""
    return f"pipeline:{pipeline}" if lane == DAILY else f"pipeline:{pipeline}:{lane}"


def publish_lock(pipeline: str) -> str:
    """Name of the lock under which runs of any lane stage and commit."""
    return f"publish:{pipeline}"


def run_folder(root: Path, run_id: str) -> Path:
    """Where a run keeps its Program, report and working files."""
    return records.run_folder(root, run_id)


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def load_from_json(data: dict[str, Any]) -> Load:
    """A Load as the ledger keeps it."""
    empty = Program("", "").as_json()
    return Program.from_json({**empty, "loads": [data]}).loads[0]
