"""What runs settled about quarantined rows: those that went through, and accepted corrections.

One JSON file for each run that settled something, `.penstock/quarantine/corrections/RUN.json`.
It counts only once the ledger holds its run as succeeded: the end of the run and what the run
settled are one step, whenever the process dies.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from penstock.errors import LedgerError
from penstock.runtime.targets.durable import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.runtime.ledger.base import Ledger, QuarantineState


@dataclass(frozen=True, slots=True)
class Correction:
    """What takes the place of a held row or record, whenever a run meets it again.

    Attributes:
        kind: `raw`: the text of a record; `row`: a row as JSON text.
        file: the source file of the record.
    """

    key: str
    dataset: str
    kind: Literal["raw", "row"]
    text: str
    file: str | None = None


@dataclass(slots=True)
class Settled:
    """What one run settled.

    Attributes:
        replayed: keys of rows that went through.
        held: keys of rows that had gone through once, corrected, and do not any more.
        corrections: those that were accepted.
    """

    replayed: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)


def _folder(root: Path) -> Path:
    return root / ".penstock" / "quarantine" / "corrections"


def write(root: Path, run_id: str, settled: Settled) -> None:
    """Keep what a run is about to settle, flushed to disk; nothing if that is nothing."""
    path = _folder(root) / f"{run_id}.json"
    if not (settled.replayed or settled.held):
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as out:
        json.dump(asdict(settled), out, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


@dataclass(frozen=True, slots=True)
class Discarded:
    """Rows that somebody gave up."""

    pipeline: str
    keys: list[str]
    actor: str
    reason: str


def write_discarded(root: Path, given_up: Discarded) -> None:
    """Keep which rows are about to be given up, flushed to disk, for a ledger that is rebuilt."""
    folder = root / ".penstock" / "quarantine" / "discarded"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.json"
    write_atomically(folder / name, json.dumps(asdict(given_up), ensure_ascii=False).encode())


def discarded(root: Path, pipeline: str) -> list[Discarded]:
    """Every row of a pipeline that somebody gave up, oldest first.

    Raises:
        LedgerError: a file that tells it is damaged.
    """
    found = []
    for path in sorted((root / ".penstock" / "quarantine" / "discarded").glob("*.json")):
        try:
            each = Discarded(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise LedgerError(
                f"{path} cannot be used: {error}",
                code="PSK-LED-004",
                hint="put it back from a backup, or remove it: its rows are held again then",
            ) from error
        if each.pipeline == pipeline:
            found.append(each)
    return found


def of_run(root: Path, run_id: str) -> Settled | None:
    """What a run settled, or is about to; None: nothing."""
    path = _folder(root) / f"{run_id}.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    corrections = [Correction(**c) for c in found["corrections"]]
    return Settled(found["replayed"], found["held"], corrections)


def history(root: Path, ledger: Ledger, pipeline: str) -> Iterator[tuple[str, Settled]]:
    """Run id and what it settled, for succeeded runs, oldest first."""
    there = {p.stem for p in _folder(root).glob("*.json")}
    if not there:
        return
    for run in reversed(ledger.runs(pipeline, limit=1_000_000)):
        if run.run_id in there and run.status == "succeeded":
            settled = of_run(root, run.run_id)
            if settled is not None:
                yield run.run_id, settled


def states(root: Path, ledger: Ledger, pipeline: str) -> dict[str, QuarantineState]:
    """Replay key → state, for rows that are not, or were not always, held."""
    found: dict[str, QuarantineState] = dict(ledger.quarantine_states(pipeline))
    discarded = {key for key, state in found.items() if state == "discarded"}
    for _, settled in history(root, ledger, pipeline):
        found |= dict.fromkeys(settled.replayed, "replayed")
        found |= dict.fromkeys(settled.held, "held")
    return found | dict.fromkeys(discarded, "discarded")


def accepted(root: Path, ledger: Ledger, pipeline: str) -> list[Correction]:
    """The corrections that take part in every run that meets their rows."""
    found: dict[str, Correction] = {}
    for _, settled in history(root, ledger, pipeline):
        found |= {c.key: c for c in settled.corrections}
        for key in settled.held:
            found.pop(key, None)
    return list(found.values())
