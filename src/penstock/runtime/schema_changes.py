"""What changed in the schemas of sources: for the report and the audit trail of a run.

The compiler tells what the files change of their contracts. Where there is no contract, and for
what is gone since, the schemas of the last succeeded run tell.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger.holder import current_actor
from penstock.runtime.publish import run_folder
from penstock.runtime.widening import holding
from penstock.types import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from penstock.program import Column, Program
    from penstock.runtime.document import RunDocument
    from penstock.runtime.ledger.base import Ledger

ACTION = "schema.changed"


def record(
    program: Program, root: Path, ledger: Ledger, document: RunDocument, *, lane: str
) -> None:
    """Put the changes into the report, and those that are new since the last run on the trail."""
    last = ledger.last_succeeded(program.pipeline, lane=lane)
    before = _schemas(root, last.run_id) if last else {}
    read = {r.dataset for r in program.reads}
    found = [dict(c) for c in program.schema_changes if c["dataset"] in read]
    told = {(c["dataset"], c["column"], c["change"]) for c in found}
    for source in program.reads:
        found += [
            c
            for c in since(source.dataset, before.get(source.dataset), source.schema)
            if (c["dataset"], c["column"], c["change"]) not in told
        ]
    document.schema_changes = found
    old = list((last.report or {}).get("schema_changes", ())) if last else []
    mine = [
        {k: v for k, v in entry.detail.items() if k != "run_id"}
        for entry in ledger.audit(limit=1000)
        if found and entry.action == ACTION and entry.detail.get("run_id") == document.run_id
    ]
    for change in found:
        if change not in old and change not in mine:
            detail = {**change, "run_id": document.run_id}
            ledger.append_audit(
                current_actor(), ACTION, program.pipeline, change["dataset"], detail
            )


def since(
    dataset: str, before: Mapping[str, str] | None, now: Iterable[Column]
) -> list[dict[str, Any]]:
    """What a source's schema has that it had not in the last run, or has no more.

    >>> from penstock.program import Column
    >>> since("a", {"x": "integer"}, [Column("x", "bigint")])[0]["change"]
    'widened'
    """
    if before is None:
        return []
    columns = {c.name: c.type for c in now}
    found: list[tuple[str, str, str | None, str | None]] = []
    for name, kind in columns.items():
        had = before.get(name)
        if had is None:
            found.append((name, "added", None, kind))
        elif had != kind:
            wide = holding(parse(had), parse(kind))
            grew = wide is not None and str(wide) == kind
            found.append((name, "widened" if grew else "retyped", had, kind))
    found += [(n, "missing", kind, None) for n, kind in before.items() if n not in columns]
    keys = ("dataset", "column", "change", "from", "to", "file")
    return [dict(zip(keys, (dataset, *one, None), strict=True)) for one in found]


def _schemas(root: Path, run_id: str) -> dict[str, dict[str, str]]:
    """Source → its columns and types in a run; empty where that is not kept any more."""
    try:
        program = json.loads((run_folder(root, run_id) / "program.json").read_bytes())
        return {r["dataset"]: {c["name"]: c["type"] for c in r["schema"]} for r in program["reads"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
