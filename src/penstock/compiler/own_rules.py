"""Quality rules in the SQL of an engine that runs statements beside the one that checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock import dialects
from penstock.dialects import portable
from penstock.program import OwnRule
from penstock.quality import Composite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.compiler.state import Compilation
    from penstock.dialects import Capabilities
    from penstock.program import Check, Column
    from penstock.quality import Rule


def evaluating(state: Compilation) -> Capabilities:
    """Of the engine that evaluates rules: beside others, the reference's."""
    if state.capabilities.native:
        return state.capabilities
    return dialects.load(dialects.REFERENCE)


def has_user_sql(rule: Rule) -> bool:
    """Whether a part of a rule is SQL of the user."""
    if isinstance(rule, Composite):
        return any(has_user_sql(part) for part in rule.rules)
    return rule.type == "CustomSql" or rule.where is not None


def with_own(
    state: Compilation,
    check: Check,
    schemas: Mapping[str, Sequence[Column]],
    *,
    user_sql: bool,
) -> Check:
    """The check, with its expressions for the engine too where they are portable.

    Args:
        user_sql: a part of it is the user's own: on the engine that reads and writes it has the
            meaning of the portable language too. What Penstock writes itself has it as it is.
    """
    native = state.capabilities.native
    if native and not user_sql:
        return check
    known = {n: {c.name: c.type for c in schema} for n, schema in schemas.items()}
    known[check.relation] = known[check.dataset]
    aggregates = [check.passed, *check.observed.values()]
    aggregates += [check.failed_rows] if check.failed_rows else []
    try:
        both = [
            _prepared(expressions, check.relation, known)
            for expressions in (aggregates, [check.predicate] if check.predicate else [])
        ]
        if user_sql:
            check = _in_words(check, both, dialects.REFERENCE)
        if native:
            return check
        own = _in_words(check, both, state.capabilities.engine)
    except portable.Refusal:
        return check
    observed = tuple(own.observed.values())
    return replace(check, own=OwnRule(own.passed, observed, own.failed_rows, own.predicate))


def _prepared(
    expressions: Sequence[str], relation: str, known: Mapping[str, Mapping[str, str]]
) -> portable.Prepared | None:
    items = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(expressions))
    return portable.prepare(f"SELECT {items} FROM {relation}", known) if items else None


def _in_words(check: Check, both: Iterable[portable.Prepared | None], engine: str) -> Check:
    """The check with its expressions, in their order, in an engine's SQL."""
    words = (sql for one in both if one for sql in one.render_columns(engine))
    return replace(
        check,
        passed=next(words),
        observed={name: next(words) for name in check.observed},
        failed_rows=None if check.failed_rows is None else next(words),
        predicate=None if check.predicate is None else next(words),
    )
