"""Constants that fail: in a CASE they are refused.

A branch of a CASE is computed for its own rows alone, on every engine; but some compute what
reads no column while they plan, before there is a row, and fail there (PostgreSQL says so:
https://www.postgresql.org/docs/16/sql-expressions.html#SYNTAX-EXPRESS-EVAL).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable import describing
from penstock.dialects.portable.reading import called, place, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROWS = (exp.Column, exp.Query, exp.Identifier, exp.Window, exp.Star, exp.Interval, exp.Lambda)
_COMPUTED = (exp.Binary, exp.Unary, exp.Func, exp.Between, exp.In)
_PLAIN = (exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.Var)


LAZY = ("if", "coalesce")
"""Functions whose arguments are looked at as the branches of a CASE are."""


def check(node: exp.Expr, render: Callable[[exp.Expr], str]) -> None:
    """Refuse a constant in a CASE, or in a call of `LAZY`, that fails.

    Args:
        render: an expression in DuckDB's SQL, as the canonical meaning has it.

    Raises:
        Refusal: there is one; `error(…)`, which every engine leaves to its row, may stay.
    """
    for each in (c for part in _parts(node) for c in _constants(part)):
        try:
            sql = render(each)
        except Refusal:  # a call without its OVER, or one that is refused where it stands
            continue
        if describing.SHARED.failure(sql) is not None:
            raise Refusal(
                "PSK-PORT-023",
                f"`{shown(each)}` fails, whichever rows come to it: an engine may compute what "
                "reads no column before it looks at rows",
                "error('…') fails where it is reached; NULL gives nothing",
                *place(each),
            )


def _constants(node: exp.Expr) -> Iterator[exp.Expr]:
    """The largest parts that read no column and hold more than a value."""
    inner = node.unnest() if isinstance(node, exp.Paren) else node
    if isinstance(inner, _PLAIN):
        return
    if (
        isinstance(inner, _COMPUTED)
        and inner.find(*_ROWS) is None
        and not any(called(n) == "error" for n in inner.walk())
    ):
        if not (isinstance(inner, exp.Neg) and isinstance(inner.this, exp.Literal)):
            yield inner
        return
    if not isinstance(inner, (exp.Query, exp.Lambda)):
        for child in _parts(inner):
            yield from _constants(child)


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The expressions right below one; WHEN and THEN each by itself."""
    for child in node.iter_expressions():
        if isinstance(child, exp.If):
            yield from child.iter_expressions()
        else:
            yield child
