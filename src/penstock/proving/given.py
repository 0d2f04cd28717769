"""Makes relations of the rows that a test gives, in the engine's own SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.proving.typed import Table, Value


def rows_sql(table: Table, schema: Sequence[Column]) -> exp.Select:
    r"""A SELECT of typed rows; columns that a row does not name are NULL.

    >>> from penstock.program import Column
    >>> from penstock.proving.typed import Table, Value
    >>> rows_sql(Table(({"a": Value("1", 1)},)), [Column("a", "integer")]).sql("duckdb")
    'SELECT "c1" AS "a" FROM (VALUES (CAST(\'1\' AS INT))) AS given("c1")'
    """
    names = [f"c{i}" for i in range(1, len(schema) + 1)]
    if not table.rows:
        nothing = exp.select(*(exp.alias_(_cast(None, c), c.name, quoted=True) for c in schema))
        return nothing.where(exp.Boolean(this=False))
    tuples = [
        exp.Tuple(expressions=[_cast(row.get(c.name), c) for c in schema]) for row in table.rows
    ]
    alias = exp.TableAlias(
        this=exp.to_identifier("given"),
        columns=[exp.to_identifier(name, quoted=True) for name in names],
    )
    values = exp.Values(expressions=tuples, alias=alias)
    outputs = (
        exp.alias_(exp.column(name, quoted=True), column.name, quoted=True)
        for name, column in zip(names, schema, strict=True)
    )
    return exp.select(*outputs).from_(values)


def _cast(value: Value | None, column: Column) -> exp.Expr:
    if value is None or value.text is None:
        return exp.cast(exp.Null(), column.type, dialect="duckdb")
    text: exp.Expr = exp.Literal.string(value.text)
    if value.structured:
        text = exp.cast(text, "JSON", dialect="duckdb")
    return exp.cast(text, column.type, dialect="duckdb")
