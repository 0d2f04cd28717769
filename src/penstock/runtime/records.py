"""What the ledger knows of a run, kept beside the run as well: `penstock ledger rebuild` reads it.

Three small files in the run's folder, each written once for an attempt, whole or not at all, and
on the disk before the ledger (or a reader) goes on from it: `record.json` when an attempt begins,
`staged.json` before it publishes, `end.json` when everything is published or given up.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.errors import LedgerError
from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.base import Version, Watermark
from penstock.runtime.targets.durable import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.runtime.ledger.base import Ledger, RunRecord, Status

SCHEMA = "penstock.record/1"


@dataclass(frozen=True, slots=True)
class Record:
    """A run as its folder tells of it.

    Attributes:
        holder: the process that worked at it, as `host:pid:start-time`.
        status: `running` where no end is told.
        after: the run that had succeeded last when this one ended, of any lane.
        files: dataset → (name, identity) of each file it read.
        sources: dataset → identity of what there was to read.
    """

    run_id: str
    pipeline: str
    key: str
    program: str
    slice: str
    lane: str
    attempt: int
    started_at: str
    holder: str
    files: dict[str, list[tuple[str, str]]]
    sources: dict[str, str]
    staged: list[dict[str, Any]] | None = None
    watermarks: dict[str, Watermark] = field(default_factory=dict)
    status: Status = "running"
    ended_at: str | None = None
    after: str | None = None
    versions: tuple[Version, ...] = ()


def run_folder(root: Path, run_id: str) -> Path:
    """Where a run keeps its Program, record, report and working files."""
    return root / ".penstock" / "runs" / run_id


def begin(
    root: Path,
    run: RunRecord,
    files: Mapping[str, Sequence[tuple[str, str]]],
    sources: Mapping[str, str],
) -> None:
    """Note that an attempt begins, and what it reads."""
    folder = run_folder(root, run.run_id)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("end.json", "staged.json"):
        (folder / name).unlink(missing_ok=True)
    _write(
        folder / "record.json",
        {
            "run_id": run.run_id,
            "pipeline": run.pipeline,
            "key": run.key,
            "program": run.program,
            "slice": run.slice,
            "lane": run.lane,
            "attempt": run.attempt,
            "started_at": run.started_at,
            "holder": holder(),
            "files": {d: [list(f) for f in read] for d, read in files.items()},
            "sources": dict(sources),
        },
    )


def stage(
    root: Path,
    run_id: str,
    staged: list[dict[str, Any]],
    watermarks: Mapping[str, Watermark],
) -> None:
    """Note what is about to be published, so that whoever comes next can finish it."""
    marks = {dataset: asdict(mark) for dataset, mark in watermarks.items()}
    _write(
        run_folder(root, run_id) / "staged.json",
        {"attempt": _attempt(root, run_id), "staged": staged, "watermarks": marks},
    )


def end(
    root: Path,
    ledger: Ledger,
    run: RunRecord,
    status: Status,
    ended_at: str,
    versions: Sequence[Version] = (),
) -> None:
    """Note how an attempt ended; where it succeeded, all of it is published by now."""
    folder = run_folder(root, run.run_id)
    if _attempt(root, run.run_id) != run.attempt:
        return  # another process has begun it anew, or somebody removed it: the ledger alone tells
    last = ledger.last_succeeded(run.pipeline)
    _write(
        folder / "end.json",
        {
            "attempt": run.attempt,
            "status": status,
            "ended_at": ended_at,
            "after": last.run_id if last else None,
            "versions": [asdict(v) for v in versions],
        },
    )


def read(folder: Path) -> Record | None:
    """The record in a run's folder; None: there is none.

    Raises:
        LedgerError: it is damaged, or from a newer Penstock.
    """
    begun = _read(folder / "record.json")
    if begun is None:
        return None
    begun["files"] = {d: [(n, i) for n, i in read] for d, read in begun["files"].items()}
    staged, ended = _read(folder / "staged.json"), _read(folder / "end.json")
    more: dict[str, Any] = {}
    if staged is not None and staged["attempt"] == begun["attempt"]:
        marks = {d: Watermark(**m) for d, m in staged["watermarks"].items()}
        more |= {"staged": staged["staged"], "watermarks": marks}
    if ended is not None and ended["attempt"] == begun["attempt"]:
        more |= {k: ended[k] for k in ("status", "ended_at", "after")}
        more["versions"] = tuple(Version(**v) for v in ended["versions"])
    try:
        return Record(**begun, **more)
    except TypeError as error:
        raise _unusable(folder / "record.json", str(error)) from error


def _attempt(root: Path, run_id: str) -> int:
    begun = _read(run_folder(root, run_id) / "record.json")
    return int(begun["attempt"]) if begun else 0


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps({"schema": SCHEMA, **document}, ensure_ascii=False, default=str)
    write_atomically(path, text.encode())


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        schema = found.pop("schema")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise _unusable(path, str(error)) from error
    if schema != SCHEMA:
        raise _unusable(path, f"its layout is {schema}, and this Penstock knows {SCHEMA}")
    return found


def _unusable(path: Path, reason: str) -> LedgerError:
    return LedgerError(
        f"{path} cannot be used: {reason}",
        code="PSK-LED-004",
        hint="put it back from a backup; `penstock explain PSK-LED-004` says what else there is",
    )
