"""Finds comparisons of a number with a text, a date with a number …, which DuckDB lets pass.

DuckDB casts one side in silence: `flight = '007'` compares numbers, or fails at the first row that
is none. Other engines cast the other side. So a comparison of columns of different kinds is an
error, in ON, USING and WHERE alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from penstock.transforms.base import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.compiler.lineage import Tracer

_TYPES = exp.DataType.Type
_DATES = {_TYPES.DATE, _TYPES.TIMESTAMP, _TYPES.TIMESTAMPTZ, _TYPES.TIMESTAMPLTZ}


def mismatched_keys(tracer: Tracer) -> list[Failure]:
    """Each comparison of columns whose values are of different kinds."""
    if tracer.tree is None:
        return []
    compared = [n for n in tracer.tree.find_all(exp.EQ) if _of_columns(n)]
    if not compared:
        return []
    try:
        annotate_types(tracer.tree, schema=tracer.schema, dialect="duckdb")
    except (SqlglotError, RecursionError, KeyError, ValueError, TypeError):
        return []
    return [failure for node in compared for failure in _mismatch(node)]


def _of_columns(node: exp.EQ) -> bool:
    if isinstance(node.expression, (exp.Any, exp.All)):
        return False  # the values of a query, which DuckDB does not cast
    return bool(node.this.find(exp.Column) and node.expression.find(exp.Column))


def _mismatch(node: exp.EQ) -> Iterator[Failure]:
    left, right = node.this, node.expression
    kinds = _kind(left), _kind(right)
    if None in kinds or kinds[0] == kinds[1]:
        return
    shown = [f"{_shown(side)} is {_type(side)}" for side in (left, right)]
    start, length = _place(node)
    yield Failure(
        "PSK-SQL-115",
        f"{shown[0]} and {shown[1]}: they are not equal on every engine",
        "cast one of them to the other's type, such as CAST(x AS varchar)",
        start,
        length,
    )


def _kind(tree: exp.Expr) -> str | None:
    found = tree.type.this if tree.type else None
    if found in exp.DataType.TEXT_TYPES:
        return "text"
    if found in exp.DataType.NUMERIC_TYPES:
        return "number"
    if found in _DATES:
        return "date"
    return "boolean" if found == _TYPES.BOOLEAN else None


def _shown(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Column):
        return f"`{tree.sql('duckdb')}`"
    return f"`{tree.sql('duckdb', comments=False)}`"


def _type(tree: exp.Expr) -> str:
    from penstock.transforms.canonical import canonical

    text = tree.type.sql("duckdb") if tree.type else ""
    try:
        return canonical(text)[0]
    except ValueError:
        return text.lower()


def _place(node: exp.EQ) -> tuple[int | None, int]:
    ends = [
        (i.meta["start"], i.meta["end"]) for i in node.find_all(exp.Identifier) if "start" in i.meta
    ]
    if not ends:
        return None, 0
    start = min(s for s, _ in ends)
    return start, max(e for _, e in ends) - start + 1
