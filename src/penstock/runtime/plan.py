"""Planning: what each source has to give now, and which run that makes this.

A run is (pipeline, program digest, slice, the run before it). Planning the same again while
nothing succeeded in between gives the same key, so that a run killed anywhere is taken up
again instead of being done twice.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.program import canonical
from penstock.runtime import references, registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.program import Program
    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.sources.base import Slice, Source


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        sources: dataset → the built source.
        slices: dataset → the part of it this run reads.
        slice: identity of all slices together.
        key: identity of the run.
        nothing_new: the last succeeded run had this program and this slice.
        files: dataset → (name, identity) of each file read, for the ledger.
    """

    sources: Mapping[str, Source]
    slices: Mapping[str, Slice]
    slice: str
    key: str
    nothing_new: bool
    files: Mapping[str, list[tuple[str, str]]]


def plan(
    program: Program, root: Path, ledger: Ledger, *, date: str, full_refresh: bool = False
) -> Plan:
    """Ask every source what there is, and find out whether that is a run not done yet.

    Args:
        date: the run's date, part of its identity where the Program mentions `${run.date}`.
        full_refresh: read everything again, whatever was read before.

    Raises:
        SourceUnavailable: a source is missing or unreachable.
    """
    sources: dict[str, Source] = {}
    slices: dict[str, Slice] = {}
    waiting = False
    for read in program.reads:
        options = references.with_secrets(read.options, references.environment())
        source: Source = registry.source(read.connector)(replace(read, options=options), root)
        part = source.plan()
        if read.incremental == "files" and not full_refresh:
            seen = ledger.seen_files(program.pipeline, read.dataset)
            fresh = tuple(f for f in part.files if (f.name, f.identity) not in seen)
            waiting = waiting or bool(fresh)
            part = replace(part, files=fresh, identity=_digest([f.identity for f in fresh]))
        sources[read.dataset] = source
        slices[read.dataset] = part
    identity = {name: part.identity for name, part in slices.items()}
    if references.mentions_date(program):
        identity["${run.date}"] = date
    slice_ = _digest(identity)
    last = ledger.last_succeeded(program.pipeline)
    parent = last.run_id if last else None
    # Whoever asks for everything again means it: that is a new run each time.
    again = secrets.token_hex(8) if full_refresh else None
    key = _digest([program.pipeline, program.digest, slice_, parent, again])
    same = last is not None and (last.program, last.slice) == (program.digest, slice_)
    only_files = bool(program.reads) and all(r.incremental == "files" for r in program.reads)
    exhausted = only_files and last is not None and last.program == program.digest and not waiting
    return Plan(
        sources=sources,
        slices=slices,
        slice=slice_,
        key=key,
        nothing_new=(same or exhausted) and not full_refresh,
        files={n: [(f.name, f.identity) for f in part.files] for n, part in slices.items()},
    )


def new_run_id(now: datetime | None = None) -> str:
    """A run id: sortable by time, unique enough to be typed by its end.

    >>> new_run_id(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))[:16]
    '20260102-030405-'
    """
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()
