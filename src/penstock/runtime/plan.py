"""Planning: what each source has to give now, and which run that makes this.

A run is (pipeline, program digest, slice, the run before it in its lane). Planning the same again
while nothing succeeded in between gives the same key, so that a run killed anywhere is taken up
again instead of being done twice.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError
from penstock.program import canonical
from penstock.runtime import references, registry
from penstock.runtime import window as windows
from penstock.runtime.ledger.base import BACKFILL, DAILY
from penstock.runtime.places import placed
from penstock.runtime.sources.base import STATE
from penstock.runtime.sources.windowed import WindowedSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.program import Program, Read
    from penstock.runtime.ledger.base import Ledger, Progress, Watermark
    from penstock.runtime.sources.base import Slice, Source
    from penstock.runtime.window import Window

DATE = "${run.date}"


@dataclass(frozen=True, slots=True)
class Span:
    """What `run --from/--to` asks for; either may be missing."""

    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        sources: dataset → the built source.
        slices: dataset → the part of it this run reads.
        slice: identity of all slices together.
        key: identity of the run.
        nothing_new: there is nothing that the last succeeded run has not read.
        files: dataset → (name, identity) of each file read, for the ledger.
        lane: the lane of the run.
        identities: dataset → identity of everything there is to read, for the ledger.
        exhausted: nothing is new, and every source gives what is new only: a run would publish
            nothing, whatever the definition and the targets are now.
        notes: what the report says about what is read.
    """

    sources: Mapping[str, Source]
    slices: Mapping[str, Slice]
    slice: str
    key: str
    nothing_new: bool
    files: Mapping[str, list[tuple[str, str]]]
    lane: str = DAILY
    identities: Mapping[str, str] = field(default_factory=dict)
    exhausted: bool = False
    notes: tuple[str, ...] = ()

    def watermarks(self) -> dict[str, Watermark]:
        """Dataset → how far it is read, once every source was read."""
        marks = {n: getattr(s, "reached", None) for n, s in self.sources.items()}
        return {name: mark for name, mark in marks.items() if mark is not None}

    def notes_of_reading(self) -> list[str]:
        """What the report says once every source was read."""
        told = [getattr(s, "note", None) for s in self.sources.values()]
        return [note for ask in told if ask and (note := ask())]


@dataclass(slots=True)
class _Found:
    """What there is of one source."""

    source: Source
    part: Slice
    identity: str
    fresh: bool
    notes: list[str]


def plan(
    program: Program,
    root: Path,
    ledger: Ledger,
    *,
    date: str,
    full_refresh: bool = False,
    span: Span | None = None,
) -> Plan:
    """Ask every source what there is, and find out whether that is a run not done yet.

    Args:
        date: the run's date, part of its identity where the Program mentions `${run.date}`.
        full_refresh: read everything again, whatever was read before.
        span: the rows that a backfill reads; None: an ordinary run.

    Raises:
        SourceUnavailable: a source is missing or unreachable.
        UsageError: the span is none of a source's column.
        RunError: a source was read by another column until now.
    """
    known = {} if full_refresh or span else ledger.progress(program.pipeline)
    found = {}
    for read in program.reads:
        with placed(program, f"dataset:{read.dataset}"):
            source = open_source(read, root)
            if span is not None:
                found[read.dataset] = _backfilled(read, source, span)
            elif isinstance(read.incremental, dict):
                found[read.dataset] = _by_column(read, source, known.get(read.dataset))
            elif read.incremental == "state":
                found[read.dataset] = _resumed(read, source, known.get(read.dataset))
            else:
                seen = None
                if read.incremental == "files" and not full_refresh:
                    seen = ledger.seen_files(program.pipeline, read.dataset)
                found[read.dataset] = _whole(read, source, seen, known.get(read.dataset))
    slices = {name: f.part for name, f in found.items()}
    identity = {name: part.identity for name, part in slices.items()}
    identities = {name: f.identity for name, f in found.items()}
    if references.mentions_date(program):
        identity[DATE] = identities[DATE] = date
    lane = DAILY
    if span is not None:
        lane = BACKFILL
        identity["--from"], identity["--to"] = span.start or "", span.end or ""
    slice_ = _digest(identity)
    last = ledger.last_succeeded(program.pipeline, lane=lane)
    parent = last.run_id if last else None
    # Whoever asks for everything again means it: that is a new run each time.
    again = secrets.token_hex(8) if full_refresh else None
    key = _digest([program.pipeline, program.digest, slice_, parent, again])
    ordinary = last is not None and span is None and not full_refresh
    same_program = last is not None and last.program == program.digest
    same = last is not None and same_program and last.slice == slice_
    fresh = not found or any(f.fresh for f in found.values())
    incremental = bool(program.reads) and all(r.incremental != "none" for r in program.reads)
    today = DATE not in identities or (DATE in known and known[DATE].identity == date)
    notes = [note for f in found.values() for note in f.notes]
    if ordinary and incremental and fresh and not same_program:
        notes.append(
            "the definition changed: what was published before was made by the one before; "
            "`penstock run --full-refresh` makes all of it anew"
        )
    return Plan(
        sources={name: f.source for name, f in found.items()},
        slices=slices,
        slice=slice_,
        key=key,
        nothing_new=ordinary
        and (same or (not fresh and (incremental or (same_program and today)))),
        files={n: [(f.name, f.identity) for f in part.files] for n, part in slices.items()},
        lane=lane,
        identities=identities,
        exhausted=ordinary and incremental and not fresh,
        notes=tuple(notes),
    )


def open_source(read: Read, root: Path) -> Source:
    """The source of a read, its secrets resolved."""
    made = registry.source(read.connector)
    options = references.with_secrets(
        read.options, references.environment(), but=getattr(made, "unread", ())
    )
    source: Source = made(replace(read, options=options), root)
    return source


def anew(program: Program) -> Program:
    """The Program of a full refresh: what a run adds to takes the place of what was there."""
    loads = (
        replace(x, mode="overwrite") if x.mode in {"append", "merge"} else x for x in program.loads
    )
    return replace(program, loads=tuple(loads))


def _whole(
    read: Read, source: Source, seen: set[tuple[str, str]] | None, before: Progress | None
) -> _Found:
    """All of a source; with `seen`, the files that were not read yet."""
    part = source.plan()
    identity = part.identity
    if seen is None:
        return _Found(source, part, identity, before is None or before.identity != identity, [])
    fresh = tuple(f for f in part.files if (f.name, f.identity) not in seen)
    names = {name for name, _ in seen}
    changed = [f.name for f in fresh if f.name in names]
    part = replace(part, files=fresh, identity=_digest([f.identity for f in fresh]))
    notes = [_new_versions(read.dataset, changed)] if changed else []
    return _Found(source, part, identity, bool(fresh), notes)


def _resumed(read: Read, source: Any, before: Progress | None) -> _Found:
    """What the source has to give since it was read last, as it remembers that itself."""
    mark = before.watermark if before else None
    if mark is not None and mark.type != STATE:
        raise RunError(
            f"`{read.dataset}` was read by `{mark.column}` until now, and is to go on from what "
            "it remembers",
            code="PSK-RUN-030",
            hint="`penstock run --full-refresh` reads and publishes everything again",
        )
    source.resume(mark.value if mark else None)
    part: Slice = source.plan()
    fresh = before is None or bool(part.files) or source.reached != mark
    return _Found(source, part, part.identity, fresh, [])


def _by_column(read: Read, source: Source, before: Progress | None) -> _Found:
    """What is newer than the watermark."""
    mark = before.watermark if before else None
    try:
        window = windows.ahead(read.incremental, _type(read), mark)
    except RunError as error:
        error.message = f"`{read.dataset}` {error.message}"
        error.args = (error.message,)
        raise
    found = _windowed(read, source, window, mark)
    found.fresh = before is None or before.identity != found.identity
    return found


def _backfilled(read: Read, source: Source, span: Span) -> _Found:
    """What is inside the span, or all of a source that has no column to go by."""
    if not isinstance(read.incremental, dict):
        part = source.plan()
        return _Found(source, part, part.identity, fresh=True, notes=[])
    type_ = _type(read)
    window = windows.between(read.incremental, type_, read.dataset, span.start, span.end)
    return _windowed(read, source, window, None)


def _windowed(read: Read, source: Source, window: Window, mark: Watermark | None) -> _Found:
    cut = WindowedSource(source, read.dataset, window, mark)
    part = cut.plan()
    return _Found(cut, part, part.identity, fresh=True, notes=[])


def _type(read: Read) -> str:
    column = read.incremental["column"]
    return next(c.type for c in read.schema if c.name == column)


def _new_versions(dataset: str, changed: list[str]) -> str:
    shown = ", ".join(changed[:3]) + (f" and {len(changed) - 3:,} more" if changed[3:] else "")
    are = "is a new version of a file" if len(changed) == 1 else "are new versions of files"
    return (
        f"`{dataset}`: {shown} {are} read before, and {'was' if len(changed) == 1 else 'were'} "
        "read again; rows that a target with `mode: append` has of the old version stay there"
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
