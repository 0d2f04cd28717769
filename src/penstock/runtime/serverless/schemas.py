"""Schemas that change while a pipeline is deployed: looked at before a run is planned.

A worker's Program is fixed. Where what is new has columns that the Program has no place for, and
the source's rule takes them up (`add`, `widen`), the planner has another Program compiled and puts
it beside the build's; the audit trail is told, and only then slices are planned, by a plan that
names that Program. A planner that dies in between does the same again, with the same outcome.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.errors import InvalidDefinition, RunError
from penstock.runtime.evolution import MISSING, evolve
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.ledger.holder import current_actor
from penstock.runtime.plan import open_source
from penstock.runtime.schema_changes import ACTION
from penstock.runtime.serverless import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Column, Program, Read
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.plan import Plan
    from penstock.runtime.serverless.settings import Function

    Compile = Callable[[Path, Program, Mapping[str, tuple[Column, ...]]], Program]
    """Compiles the definition in a folder for other schemas of its sources."""

CODE = "PSK-FN-008"
CODE_MUCH = "PSK-FN-010"
MOST_LOOKED_AT = 5_000_000_000
"""Bytes that a planner fetches and looks at in its 300 s, at some 25 MB a second."""
Changes = list[dict[str, Any]]


def take_up(
    function: Function, program: Program, found: Plan, recompile: Compile | None
) -> tuple[Program, Changes]:
    """Look at what is new.

    Returns:
        The Program to plan with: the same, or one that has a place for every column; and what
        differs from the schemas of the one given.

    Raises:
        RunError: the definition does not compile for what is there now (names the columns).
        PenstockError: a source, the ledger or the bucket cannot be used.
    """
    schemas: dict[str, tuple[Column, ...]] = {}
    changes: Changes = []
    for read in program.reads:
        schema, differs = _looked_at(function, read, found)
        schemas[read.dataset] = schema
        changes += differs
    changes = [c for c in changes if not _was_late(function, c)]
    if all(schemas[r.dataset] == r.schema for r in program.reads):
        _tell(function, program, changes)
        return program, changes
    made = _compiled(function, program, schemas, changes, recompile)
    programs.put(function, made)
    _tell(function, made, changes)
    programs.make_current(function, made)
    return made, changes


def _looked_at(function: Function, read: Read, found: Plan) -> tuple[tuple[Column, ...], Changes]:
    """The schema that a source's rule makes of what it has now, and what differs."""
    files = found.slices[read.dataset].files
    source: Any = open_source(read, function.root)
    # Under `strict` the workers say what differs: a run ends by it, and is told in the ledger.
    if read.schema_evolution == "strict" or not hasattr(source, "shapes"):
        return read.schema, []
    some = {"some": files} if files else {}
    if not files and read.incremental == "files":
        return read.schema, []
    if hasattr(source, "fetched_to_look"):
        _refuse_too_much(read, source, files)
    shaped = source.shapes(read.schema, grow=read.schema_evolution == "widen", **some)
    schema, changes = evolve(read.schema, shaped, read.schema_evolution)
    return schema, [change.as_json(read.dataset) for change in changes]


def _refuse_too_much(read: Read, source: Any, files: Sequence[InputFile]) -> None:
    """End a planning in words that would otherwise end by its time limit, or by a full disk.

    Raises:
        RunError: more has to be fetched than a planner has time and disk for.
    """
    grow = read.schema_evolution == "widen"
    whole = source.fetched_to_look(files or source.stamped(), grow=grow)
    size = sum(file.size for file in whole)
    room = min(MOST_LOOKED_AT, shutil.disk_usage(tempfile.gettempdir()).free)
    largest = max((file.size for file in whole), default=0)
    if size <= MOST_LOOKED_AT and largest < room:
        return
    least = "Parquet, or `schema_evolution: add` for CSV: of these a part of each file is enough"
    rule = f"`schema_evolution: {read.schema_evolution}`"
    raise RunError(
        f"`{read.dataset}` has {size / 1e9:,.1f} GB in {len(whole):,} files that have to be looked "
        f"at whole before a run is planned ({rule}), and this planner can look at "
        f"{MOST_LOOKED_AT / 1e9:,.0f} GB, in files of {room / 1e9:,.1f} GB at most",
        code=CODE_MUCH,
        hint=f"deliver less at once, or {least}; or name the new columns in the schema and say "
        "`ignore`: then each worker looks at its own files",
    )


def _was_late(function: Function, change: Mapping[str, Any]) -> bool:
    """Whether a column is missing that the definition never asked for: it came one day."""
    if change["change"] != MISSING:
        return False
    first = next(r for r in function.program.reads if r.dataset == change["dataset"])
    return change["column"] not in {c.name for c in first.schema}


def _compiled(
    function: Function,
    program: Program,
    schemas: Mapping[str, tuple[Column, ...]],
    changes: Changes,
    recompile: Compile | None,
) -> Program:
    told = "; ".join(
        f"`{c['dataset']}`: column `{c['column']}` {c['change']}"
        + (f" in {c['file']}" if c["file"] else "")
        for c in changes
    )
    if recompile is None:
        raise RunError(
            f"what there is to read has other columns than the Program ({told}), and this planner "
            "has no compiler",
            code=CODE,
            hint="apply the build again: its planner's package has one",
        )
    try:
        made = recompile(function.root, function.program, schemas)
    except InvalidDefinition as error:
        first = next(d for d in error.diagnostics if d.severity == "error")
        raise RunError(
            f"the pipeline does not compile for what there is to read now ({told}): "
            f"{first.message} ({first.code})",
            code=CODE,
            hint="change the definition, and build it again; nothing was read, and nothing is lost",
            span=first.span,
        ) from error
    return replace(made, schema_changes=(*program.schema_changes, *changes))


def _tell(function: Function, program: Program, changes: Changes) -> None:
    """An audit entry for each change that was not told before."""
    if not changes:
        return
    ledger, name = function.ledger, function.program.pipeline
    last = ledger.last_succeeded(name, lane=DAILY)
    known = {_kind(c) for c in (last.report or {}).get("schema_changes", ())} if last else set()
    known |= {
        _kind(entry.detail)
        for entry in ledger.audit(limit=1000)
        if entry.action == ACTION and entry.pipeline == name
    }
    for change in changes:
        if _kind(change) not in known:
            detail = {**change, "program": program.digest}
            ledger.append_audit(current_actor(), ACTION, name, change["dataset"], detail)


def _kind(change: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(change.get(key) for key in ("dataset", "column", "change", "from", "to"))
