"""What a rule comes to, as SQL trees, before it is rendered; and how such trees are written.

Trees are in DuckDB's meaning; the engine's capabilities render them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp, parse_one

_OPERATIONS = (exp.Binary, exp.Unary, exp.Between, exp.In)


@dataclass(slots=True)
class Evaluation:
    """A rule over one dataset.

    Attributes:
        passed: one boolean for the dataset; never NULL.
        observed: metric's name at AWS → its value for the dataset.
        predicate: one boolean for each row, never NULL: true for a row that keeps the rule.
            None for a rule about the dataset as a whole.
        failed_rows: rows for which `predicate` is false.
    """

    passed: exp.Expr
    observed: dict[str, exp.Expr] = field(default_factory=dict)
    predicate: exp.Expr | None = None
    failed_rows: exp.Expr | None = None


def fill(sql: str, **parts: exp.Expr | None) -> exp.Expr:
    """A SQL expression with `$name` replaced by trees.

    >>> fill("$a IS NOT NULL AND $a > 5", a=exp.column("n", quoted=True)).sql("duckdb")
    'NOT "n" IS NULL AND "n" > 5'
    """
    tree = _template(sql).copy()

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder):
            part = parts[node.name]
            assert part is not None
            loose = isinstance(part, _OPERATIONS) and not isinstance(part, exp.Paren | exp.Dot)
            inside = isinstance(node.parent, _OPERATIONS) and not isinstance(node.parent, exp.Paren)
            return exp.Paren(this=part.copy()) if loose and inside else part.copy()
        return node

    return tree.transform(replace, copy=False)


@lru_cache(maxsize=256)
def _template(sql: str) -> exp.Expr:
    return parse_one(sql, read="duckdb")


def all_of(*parts: exp.Expr) -> exp.Expr:
    """`AND` of trees."""
    return exp.and_(*(p.copy() for p in parts), copy=False)


def any_of(*parts: exp.Expr) -> exp.Expr:
    """`OR` of trees."""
    return exp.or_(*(p.copy() for p in parts), copy=False)


def count_where(condition: exp.Expr | None) -> exp.Expr:
    """How many rows meet a condition."""
    if condition is None:
        return fill("count(*)")
    return fill("count(*) FILTER (WHERE $condition)", condition=condition)


def share(part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    """`part / whole` between 0 and 1; 1 where there are no rows: nothing breaks the rule."""
    return fill(
        "CASE WHEN $whole = 0 THEN CAST(1 AS DOUBLE) ELSE CAST($part AS DOUBLE) / $whole END",
        part=part,
        whole=whole,
    )


def aggregated(passed: exp.Expr) -> exp.Expr:
    """`passed`, made an aggregate if nothing in it is one.

    A SELECT list without an aggregate gives a row for each row of the dataset, and none for an
    empty one.
    """
    for node in passed.walk(prune=lambda n: isinstance(n, exp.Subquery | exp.Exists)):
        if isinstance(node, exp.AggFunc):
            return passed
    return fill("count(*) >= 0 AND $passed", passed=passed)


def has_subquery(tree: exp.Expr) -> bool:
    """Whether a tree reads a relation by itself."""
    return tree.find(exp.Query) is not None
