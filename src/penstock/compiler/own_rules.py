"""Quality rules in the SQL of an engine that runs statements beside the one that checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock import dialects
from penstock.dialects import portable
from penstock.program import OwnRule, unchecked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.compiler.state import Compilation
    from penstock.dialects import Capabilities
    from penstock.program import Check, Column


def evaluating(state: Compilation) -> Capabilities:
    """Of the engine that evaluates rules: beside others, the reference's."""
    if state.capabilities.native:
        return state.capabilities
    return dialects.load(dialects.REFERENCE)


def with_own(state: Compilation, check: Check, schemas: Mapping[str, Sequence[Column]]) -> Check:
    """The check, with its expressions for the engine too where they are portable."""
    if state.capabilities.native:
        return check
    relation = unchecked(check.dataset) if check.action == "quarantine" else check.dataset
    known = {n: {c.name: c.type for c in schema} for n, schema in schemas.items()}
    known[relation] = known[check.dataset]

    def rendered(expressions: Sequence[str]) -> list[str]:
        items = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(expressions))
        prepared = portable.prepare(f"SELECT {items} FROM {relation}", known)
        return prepared.render_columns(state.capabilities.engine)

    try:
        passed, *observed = rendered([check.passed, *check.observed.values()])
        failed = rendered([check.failed_rows])[0] if check.failed_rows else None
        predicate = rendered([check.predicate])[0] if check.predicate else None
    except portable.Refusal:
        return check
    return replace(check, own=OwnRule(passed, tuple(observed), failed, predicate))
