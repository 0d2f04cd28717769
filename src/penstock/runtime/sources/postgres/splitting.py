"""Ranges of a column, so that several connections share a table between them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from penstock.errors import StepFailed
from penstock.runtime.sources.postgres.query import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from penstock.runtime.sources.postgres.columns import ServerColumn
    from penstock.runtime.sources.postgres.options import PostgresSourceOptions

CODE_SPLIT = "PSK-SRC-111"
EACH = 4
"""Ranges for each connection: one that is done takes the next, so that uneven ones even out."""
_INTEGERS = frozenset({"int2", "int4", "int8"})
_EPOCH = "DATE '2000-01-01'"


def ranges(
    connection: psycopg.Connection[Any],
    options: PostgresSourceOptions,
    relation: str,
    server: Sequence[ServerColumn],
    conditions: Sequence[str],
) -> list[list[str]]:
    """Conditions of each range; together every row once. One without any where nothing is split.

    The first and the last have no end, so that the bounds that were found need only be good.

    Raises:
        StepFailed: there is no column to split by.
    """
    if options.parallel == 1:
        return [[]]
    column = _column(connection, options, relation, server)
    x = f"t.{quoted(column.name)}"
    number, value = x, "{}"
    finite = "TRUE"
    if column.kind == "date":
        number, value, finite = f"({x} - {_EPOCH})", f"{_EPOCH} + ({{}})", f"isfinite({x})"
    where = " AND ".join(f"({c})" for c in [finite, *conditions])
    row = connection.execute(
        f"SELECT min({number}), max({number}) FROM {relation} AS t WHERE {where}".encode()
    ).fetchone()
    assert row is not None
    if row[0] is None:
        return [[]]
    low, high = int(row[0]), int(row[1])
    count = min(options.parallel * EACH, high - low + 1)
    cuts = [value.format(low + (high - low + 1) * i // count) for i in range(1, count)]
    if not cuts:
        return [[]]
    middle = [[f"{x} >= {a} AND {x} < {b}"] for a, b in pairwise(cuts)]
    return [[f"{x} < {cuts[0]} OR {x} IS NULL"], *middle, [f"{x} >= {cuts[-1]}"]]


def _column(
    connection: psycopg.Connection[Any],
    options: PostgresSourceOptions,
    relation: str,
    server: Sequence[ServerColumn],
) -> ServerColumn:
    name = options.split_by
    if name is None:
        key = connection.execute(
            "SELECT a.attname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a "
            "ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
            "WHERE i.indrelid = to_regclass(%s) AND i.indisprimary",
            (relation,),
        ).fetchall()
        name = str(key[0][0]) if len(key) == 1 else None
    fits = [c for c in server if c.kind in _INTEGERS or c.kind == "date"]
    found = next((c for c in fits if c.name == name), None)
    if found is None:
        what = (
            f"`{name}` is no column of whole numbers or dates"
            if name is not None
            else "its primary key is no single column of whole numbers or dates"
        )
        some = ", ".join(c.name for c in fits) or "none"
        raise StepFailed(
            f"{options.table or 'the query'} cannot be read in ranges: {what}",
            code=CODE_SPLIT,
            hint=f"name one under `split_by` (there: {some}), or take `parallel` away",
        )
    return found
