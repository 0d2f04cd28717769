"""A ledger made again of what was kept beside the runs, and held against the tables.

Each run is told to a new ledger as it was told to the old one, in the order in which they ended.
What was in flight stays so: the next run rolls it forward, which changes nothing where it was
published already. Where a run is missing that decides what is loaded, no ledger is made.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LedgerError, PenstockError
from penstock.runtime import corrections, publish, records
from penstock.runtime.ledger.holder import current_actor, describe, is_alive
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.ledger.sqlite.check import audit_trail, damage
from penstock.runtime.replay import settle_states
from penstock.runtime.targets.durable import locked, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.program import Load
    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.records import Record

CODE = "PSK-LED-004"
ACTION = "ledger.rebuilt"
_HINT = (
    "put its folder back from a backup and rebuild again; or put the ledger aside and "
    "`penstock run --full-refresh`, which publishes everything anew"
)
_ALWAYS_LOST = (
    "the audit trail before this entry",
    "earlier attempts at runs that were tried again",
)


SECOND = len("20260102-030405")
"""How much of a run's id is its time."""


@dataclass(slots=True)
class Rebuilt:
    """What came of it.

    Attributes:
        damage: what was wrong with the old file.
        kept: where the old file is now, relative to the pipeline folder; None: there was none.
        lost: what could not be recovered, in words.
        unfinished: runs that the next run finishes, or does anew.
    """

    damage: str
    kept: str | None = None
    runs: int = 0
    versions: int = 0
    files: int = 0
    discarded: int = 0
    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


def unknown_run(root: Path, ledger: Ledger | None) -> str | None:
    """The run that succeeded last by what its folder tells, if the ledger does not know it."""
    runs = root / ".penstock" / "runs"
    names = sorted((p.name for p in runs.iterdir()), reverse=True) if runs.is_dir() else []
    last: tuple[str, str] | None = None
    second = ""
    for name in names:
        if last is not None and name[:SECOND] < second:
            break
        try:
            ended = json.loads((runs / name / "end.json").read_bytes())
        except (OSError, ValueError):
            continue
        if ended.get("status") == "succeeded":
            # Runs of one second have names in any order.
            second = name[:SECOND]
            last = max(last or ("", ""), (ended["ended_at"], name))
    if last is None or (ledger is not None and ledger.run(last[1]) is not None):
        return None
    return last[1]


def wrong(root: Path, path: Path, pipeline: str) -> str | None:
    """Why the ledger has to be rebuilt, in words; None: it need not be.

    Raises:
        LedgerError: a newer Penstock wrote it.
    """
    told = damage(path, pipeline)
    if told is not None:
        return told
    with closing(SQLiteLedger(path)) as ledger:
        unknown = unknown_run(root, ledger)
    return f"it knows nothing of run {unknown}" if unknown else None


def rebuild(root: Path, path: Path, pipeline: str, loads: Iterable[Load], reason: str) -> Rebuilt:
    """Make the ledger again; the old file is kept under another name.

    Args:
        loads: of the definition as it is now: their tables are looked at besides those of the runs.
        reason: what is wrong with the old file.

    Raises:
        LedgerError: a run that decides what is loaded is missing; nothing was changed.
        Conflict: a run is under way.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name("rebuild.lock")):
        found = _records(root)
        for record in found:
            if record.status == "running" and is_alive(record.holder):
                raise Conflict(
                    f"run {record.run_id} is under way ({describe(record.holder)})",
                    hint="wait until it has ended, or end it",
                )
        _refuse_missing(found)
        rebuilt = Rebuilt(reason, lost=list(_ALWAYS_LOST))
        _hold_against_tables(root, found, loads, rebuilt)
        new = path.with_name(f"{path.name}.rebuilding")
        for left in (new, *_beside(new)):
            left.unlink(missing_ok=True)
        suffix = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        kept = path.with_name(f"{path.name}.damaged-{suffix}")
        rebuilt.kept = kept.relative_to(root).as_posix() if path.exists() else None
        _fill(new, root, pipeline, _in_order(found), rebuilt, audit_trail(path))
        # The ledger first: without one no ordinary run starts where there are runs' folders.
        for old, aside in zip((path, *_beside(path)), (kept, *_beside(kept)), strict=True):
            if old.exists():
                os.rename(old, aside)  # noqa: PTH104  # tests kill the process at this very call
        os.replace(new, path)  # noqa: PTH105
        sync_folder(path.parent)
    return rebuilt


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _records(root: Path) -> list[Record]:
    """Every run that is told of.

    Raises:
        LedgerError: one succeeded, and what it read is not told.
    """
    folder = root / ".penstock" / "runs"
    found = []
    for run in sorted(folder.iterdir()) if folder.is_dir() else ():
        record = records.read(run)
        if record is not None:
            found.append(record)
        elif _report(run).get("status") == "succeeded":
            raise LedgerError(
                f"the folder of run {run.name} does not tell what it read: {run / 'record.json'} "
                "is missing",
                code=CODE,
                hint=_HINT,
            )
    return found


def _report(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "report.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_missing(found: list[Record]) -> None:
    """Each run names the one that had succeeded before it: one that is gone is noticed."""
    known = {r.run_id for r in found}
    for record in found:
        if record.after is not None and record.after not in known:
            raise LedgerError(
                f"run {record.after} succeeded before run {record.run_id}, and its folder is gone: "
                "what it read would be read again",
                code=CODE,
                hint=_HINT,
            )


def _hold_against_tables(
    root: Path, found: list[Record], loads: Iterable[Load], rebuilt: Rebuilt
) -> None:
    """The newest version of a table has to be that of a run that is told of."""
    keys = {r.key for r in found}
    every = {load.target: load for load in loads}
    for record in found:
        every |= {v.target: publish.load_from_json(v.load) for v in record.versions}
    for target, load in every.items():
        try:
            versions = publish.open_target(load, root).versions()
        except PenstockError as error:
            rebuilt.lost.append(f"whether `{target}` shows what was published: {error.message}")
            continue
        if not versions:
            continue
        newest = versions[0]
        if newest.key is not None and newest.key not in keys:
            raise LedgerError(
                f"version {newest.version} of `{target}` was published by a run whose folder is "
                "gone: what it read would be read again",
                code=CODE,
                hint=_HINT,
            )
        if newest.key is None and load.connector != "file":
            rebuilt.lost.append(
                f"nothing, but `{target}` was changed by another program since the last run"
            )


def _in_order(found: list[Record]) -> list[Record]:
    """As they ended; each after the one it names, whatever the clock said. Unfinished ones last."""
    by_id = {r.run_id: r for r in found}
    done: set[str] = set()
    ordered: list[Record] = []
    for record in sorted(found, key=lambda r: (r.ended_at is None, r.ended_at or r.started_at)):
        chain = []
        at: Record | None = record
        while at is not None and at.run_id not in done:
            done.add(at.run_id)
            chain.append(at)
            at = by_id.get(at.after or "")
        ordered += reversed(chain)
    return ordered


def _fill(
    new: Path,
    root: Path,
    pipeline: str,
    ordered: list[Record],
    rebuilt: Rebuilt,
    trail: tuple[int, str] | None,
) -> None:
    clock = _Clock()
    discarded = corrections.discarded(root, pipeline)
    rebuilt.runs = len(ordered)
    rebuilt.versions = sum(len(r.versions) for r in ordered)
    ended = [r for r in ordered if r.status == "succeeded"]
    rebuilt.files = sum(len(read) for r in ended for read in r.files.values())
    rebuilt.discarded = sum(len(d.keys) for d in discarded)
    rebuilt.unfinished = [r.run_id for r in ordered if r.status == "running"]
    reports = {r.run_id: _report(publish.run_folder(root, r.run_id)) for r in ordered}
    rebuilt.lost += [
        f"the report of run {r.run_id}"
        for r in ordered
        if r.status != "running" and not reports[r.run_id]
    ]
    with closing(SQLiteLedger(new, clock=clock)) as ledger:
        ledger.append_audit(
            current_actor(),
            ACTION,
            pipeline,
            "ledger",
            {
                "damage": rebuilt.damage,
                "kept": rebuilt.kept,
                "from": ".penstock/runs, .penstock/quarantine and the published tables",
                "runs": [r.run_id for r in ordered],
                "unfinished": rebuilt.unfinished,
                "not_recovered": rebuilt.lost,
                "last_audit_entry": {"number": trail[0], "hash": trail[1]} if trail else None,
            },
        )
        lock = ledger.acquire("rebuild", "rebuild", lease_seconds=1e9)
        for record in ordered:
            clock.at = record.started_at
            for _ in range(record.attempt):  # earlier attempts left no record; the number counts
                ledger.begin(
                    record.run_id,
                    record.pipeline,
                    record.key,
                    record.program,
                    record.slice,
                    record.files,
                    lane=record.lane,
                    sources=record.sources,
                )
            if record.staged is not None:
                ledger.stage(record.run_id, record.staged, lock, watermarks=record.watermarks)
            if record.status == "running":
                continue
            clock.at = record.ended_at or record.started_at
            report = reports[record.run_id] or {"run_id": record.run_id, "status": record.status}
            ledger.finish(record.run_id, record.status, report, record.versions)
        clock.at = None
        ledger.release(lock)
        for each in discarded:
            ledger.set_quarantine_state(
                pipeline, each.keys, "discarded", actor=each.actor, reason=each.reason
            )
        settle_states(root, ledger, pipeline)


class _Clock:
    """Tells the time that a record tells."""

    at: str | None = None

    def __call__(self) -> float:
        """Seconds since 1970."""
        moment = datetime.fromisoformat(self.at) if self.at else datetime.now(UTC)
        return moment.timestamp()
