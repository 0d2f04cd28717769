"""Rules about all rows whose verdict follows from counts: each slice counts, and the sums decide.

A number of rows is a sum, and a share is one sum by another: the same as over all rows at once.
Values that occur twice are not known from counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from penstock.program import PartialRule

if TYPE_CHECKING:
    from penstock.dialects import Capabilities
    from penstock.program import Check


def partial_rule(check: Check, number: int, capabilities: Capabilities) -> PartialRule | None:
    """How the verdict of a rule is found from counts of slices; None: it is not.

    Args:
        number: of the check in the Program.
    """
    if check.predicate is not None or check.depends_on or check.failed_rows is not None:
        return None
    if any("${" in text for text in (check.passed, *check.observed.values())):
        return None  # what a run binds is bound in the check alone
    dialect = capabilities.sql
    counts: dict[str, str] = {}
    passed = _over_sums(check.passed, counts, dialect)
    observed = {name: _over_sums(sql, counts, dialect) for name, sql in check.observed.items()}
    told = {name: sql for name, sql in observed.items() if sql is not None}
    if passed is None or not counts or len(told) != len(observed):
        return None
    return PartialRule(number, tuple(counts), passed, told)


def _over_sums(sql: str, counts: dict[str, str], dialect: str) -> str | None:
    """The expression over columns `n0`, `n1`, … in the place of its counts, which are added."""
    tree = sqlglot.parse_one(sql, dialect=dialect)
    if tree.find(exp.Query, exp.Window):
        return None

    def summed(node: exp.Expr) -> exp.Expr:
        inner = node.this if isinstance(node, exp.Filter) else node
        if isinstance(inner, exp.Count) and not inner.find(exp.Distinct):
            name = counts.setdefault(node.sql(dialect=dialect), f"n{len(counts)}")
            return exp.column(name)
        return node

    over = tree.transform(summed)
    if over.find(exp.AggFunc, exp.Filter) or {c.name for c in over.find_all(exp.Column)} - set(
        counts.values()
    ):
        return None
    return over.sql(dialect=dialect)
