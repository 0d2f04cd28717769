"""Names and literals as sqlglot nodes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterable

Scalar = str | int | float | bool | None
# Anything else is quoted; a reserved word is quoted by the dialect that reserves it.
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def identifier(name: str) -> exp.Identifier:
    """A name, quoted where it has to be.

    >>> identifier("arr delay").sql(), identifier("arr_delay").sql()
    ('"arr delay"', 'arr_delay')
    """
    return exp.Identifier(this=name, quoted=not _PLAIN.match(name))


def column(name: str, table: str | None = None) -> exp.Column:
    """A column, of a table if one is named."""
    return exp.Column(this=identifier(name), table=identifier(table) if table else None)


def table(name: str, alias: str | None = None) -> exp.Table:
    """A relation in FROM."""
    found = exp.Table(this=identifier(name))
    if alias and alias != name:
        found.set("alias", exp.TableAlias(this=identifier(alias)))
    return found


def named(expression: exp.Expr, name: str) -> exp.Expr:
    """An item of a SELECT list; `AS` only where the name is not the column's own."""
    if isinstance(expression, exp.Column) and expression.name == name:
        return expression
    return exp.Alias(this=expression, alias=identifier(name))


def select(items: Iterable[exp.Expr], rows: exp.Expr) -> exp.Select:
    """SELECT items FROM rows. Takes the nodes as they are, where sqlglot's builder copies them."""
    return exp.Select(expressions=list(items), from_=exp.From(this=rows))


def literal(value: Scalar) -> exp.Expr:
    """A value as SQL, of the type that DuckDB gives it as a parameter.

    >>> [literal(v).sql("duckdb") for v in (15, 1.5, True, "it's", None)]
    ['15', 'CAST(1.5 AS DOUBLE)', 'TRUE', "'it''s'", 'NULL']
    """
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, float):
        # A bare 1.5 would be a decimal.
        return exp.cast(exp.Literal.number(repr(value)), "double")
    if value < 0:
        return exp.Neg(this=exp.Literal.number(str(-value)))
    return exp.Literal.number(str(value))


def data_type(name: str) -> exp.DataType:
    """A Penstock type as a node.

    >>> data_type("struct(a integer, b varchar[])").sql("duckdb")
    'STRUCT(a INT, b TEXT[])'
    """
    return _data_type(name).copy()


@cache
def _data_type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")


def cast(expression: exp.Expr, type_name: str) -> exp.Cast:
    """CAST to a Penstock type."""
    return exp.Cast(this=expression, to=data_type(type_name))


def fresh(name: str, taken: Iterable[str]) -> str:
    """`name`, or with a number behind it: one that is not taken (letter case aside).

    >>> fresh("n", ["N", "n2"])
    'n3'
    """
    used = {t.lower() for t in taken}
    if name not in used:
        return name
    return next(f"{name}{i}" for i in range(2, len(used) + 3) if f"{name}{i}" not in used)
