"""Casts between canonical types: which there are, and how each engine writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable import written
from penstock.dialects.portable.families import WHOLE, name_of
from penstock.dialects.portable.reading import place
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.rendering import Renderer

_TIMES = ("date", "timestamp", "timestamptz")


def cast(to: Renderer, sql: str, source: str, target: str, node: exp.Expr) -> str:
    """A value of one type as another; a value that has no such form fails the query.

    Raises:
        Refusal: engines do not agree on what it would give.
    """
    a, b = name_of(source), name_of(target)
    plain = f"CAST({sql} AS {to.engine.type_name(target)})"
    if source == target:
        return sql
    if a == "null":
        return plain
    if a in WHOLE and b in (*WHOLE, "decimal", "double"):
        return plain
    if a == "decimal" and b in ("decimal", "double"):
        return plain
    if a == "decimal" and b in WHOLE:
        # DuckDB and PostgreSQL round, Spark cuts.
        return f"CAST(ROUND({sql}, 0) AS {to.engine.type_name(target)})"
    if a in _TIMES and b in _TIMES:
        # A timestamptz is in UTC, as the session of every engine is.
        return plain
    if a == "varchar" and b in _TIMES and isinstance(node.this.unnest(), exp.Literal):
        return written.moment(to, node.this.unnest(), target)
    if a == "timestamptz" and b == "varchar":
        hint = "strftime(x, '%Y-%m-%d %H:%M:%S')"
        raise _refused(source, target, node, hint)
    if a == "timestamp" and b == "varchar":
        return plain
    if b == "varchar" and (a in WHOLE or a in ("date", "boolean", "decimal")):
        return plain
    raise _refused(source, target, node)


def try_cast(_to: Renderer, _sql: str, source: str, target: str, node: exp.Expr) -> str:
    """The same, NULL for a value that has no such form.

    Raises:
        Refusal: engines do not agree on what it would give.
    """
    raise _refused(source, target, node)


def _refused(source: str, target: str, node: exp.Expr, hint: str | None = None) -> Refusal:
    offset, length = place(node)
    return Refusal(
        "PSK-PORT-027", f"a cast of {source} to {target} is not portable", hint, offset, length
    )
