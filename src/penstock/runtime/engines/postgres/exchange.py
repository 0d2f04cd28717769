"""Rows between DuckDB and PostgreSQL as CSV: NULL is nothing, a text always stands in quotes.

Lists travel as JSON of texts, bytes as hexadecimal digits. A struct or a map has no type in
PostgreSQL that would keep it, and a name of more than 63 bytes would be cut: such a column stays
behind, and a statement that names it was refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import types
from penstock.program import Column
from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.duckdb.quoting import name as quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.runtime.engines.duckdb.connection import Database

__all__ = [
    "columns_of",
    "copy_out",
    "give_sql",
    "quote",
    "read_back",
    "staged",
    "table_sql",
    "unstaged_sql",
]

# https://www.postgresql.org/docs/16/datatype.html
_TYPES = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "varchar": "text",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "time": "time",
    "blob": "bytea",
    "json": "text",
}
# How DuckDB writes what lies before the year 1.
_BEFORE_CHRIST = {
    "date": 'YYYY-MM-DD "(BC)"',
    "timestamp": 'YYYY-MM-DD "(BC)" HH24:MI:SS.US',
    "timestamptz": 'YYYY-MM-DD "(BC)" HH24:MI:SS.US',
}
_LONGEST_LINE = 1 << 30
# PostgreSQL cuts longer names, and two of them may then be one.
# https://www.postgresql.org/docs/16/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
_LONGEST_NAME = 63


def type_name(type_text: str) -> str | None:
    """PostgreSQL's name for a Penstock type; None: it has none.

    >>> type_name("decimal(8,2)"), type_name("integer[]"), type_name("struct(a integer)")
    ('numeric(8,2)', 'integer[]', None)
    """
    found = types.parse(type_text)
    if found.name == "decimal":
        return "numeric({},{})".format(*found.numbers)
    if found.name == "list":
        inner = found.fields[0][1]
        return None if inner.name == "list" else _listed(type_name(str(inner)))
    return _TYPES.get(found.name)


def _listed(inner: str | None) -> str | None:
    return f"{inner}[]" if inner else None


def columns_of(database: Database, relation: str) -> list[Column]:
    """The columns of a relation of DuckDB that PostgreSQL can hold."""
    found = database.execute(f"DESCRIBE SELECT * FROM {quote(relation)}").fetchall()
    columns = [Column(str(row[0]), types.from_duckdb(str(row[1]))) for row in found]
    return [
        c
        for c in columns
        if type_name(c.type) is not None and len(c.name.encode()) <= _LONGEST_NAME
    ]


def copy_out(relation: str, columns: Sequence[Column], path: Path) -> str:
    """DuckDB's statement that writes a relation as CSV."""
    items = ", ".join(f"{_out(c)} AS {quote(c.name)}" for c in columns)
    texts = ", ".join(quote(c.name) for c in columns if _is_text(c))
    force = f", FORCE_QUOTE ({texts})" if texts else ""
    return (
        f"COPY (SELECT {items} FROM {quote(relation)}) TO {literal(str(path))} "
        f"(FORMAT csv, HEADER false, NULLSTR ''{force})"
    )


def table_sql(relation: str, columns: Sequence[Column]) -> str:
    """The table that COPY fills; lists are text at first."""
    items = ", ".join(
        f"{quote(c.name)} {'text' if _is_list(c) else type_name(c.type)}" for c in columns
    )
    return f"CREATE UNLOGGED TABLE {quote(relation)} ({items})"


def staged(columns: Sequence[Column]) -> bool:
    """Whether some columns become what they are only after COPY."""
    return any(_is_list(c) for c in columns)


def unstaged_sql(relation: str, source: str, columns: Sequence[Column]) -> str:
    """The relation with its lists, of the table that COPY filled."""
    items = ", ".join(f"{_from_json(c)} AS {quote(c.name)}" for c in columns)
    return f"CREATE UNLOGGED TABLE {quote(relation)} AS SELECT {items} FROM {quote(source)}"


def give_sql(relation: str, schema: Sequence[Column]) -> str:
    """PostgreSQL's statement that writes a relation as CSV."""
    items = ", ".join(f"{_given(c)} AS {quote(c.name)}" for c in schema)
    texts = ", ".join(quote(c.name) for c in schema if _is_text(c))
    force = f", FORCE_QUOTE ({texts})" if texts else ""
    return f"COPY (SELECT {items} FROM {quote(relation)}) TO STDOUT (FORMAT csv{force})"


def read_back(path: Path, schema: Sequence[Column]) -> str:
    """DuckDB's query of that CSV, typed as the schema."""
    spelled = ", ".join(
        f"{literal(c.name)}: {literal('varchar' if _by_text(c) else c.type)}" for c in schema
    )
    items = ", ".join(f"{_taken(c)} AS {quote(c.name)}" for c in schema)
    return (
        f"SELECT {items} FROM read_csv({literal(str(path))}, header = false, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, "
        f"auto_detect = false, parallel = false, max_line_size = {_LONGEST_LINE}, "
        f"new_line = '\\n', columns = {{{spelled}}})"
    )


def _is_list(column: Column) -> bool:
    return types.parse(column.type).name == "list"


def _element(column: Column) -> str:
    return str(types.parse(column.type).fields[0][1])


def _is_text(column: Column) -> bool:
    return column.type in {"varchar", "json", "blob"} or _is_list(column)


def _by_text(column: Column) -> bool:
    return column.type in {"blob", "json"} or _is_list(column)


def _out(column: Column) -> str:
    own = quote(column.name)
    if _is_list(column):
        # Texts, because JSON has no NaN, and one of bytes or of JSON would be read otherwise.
        texts = f"CAST({own} AS VARCHAR[])"
        if _element(column) == "blob":
            texts = f"list_transform({own}, lambda x: '\\x' || hex(x))"
        return f"CAST(to_json({texts}) AS VARCHAR)"
    if column.type == "blob":
        return f"'\\x' || hex({own})"
    if column.type == "json":
        return f"CAST({own} AS VARCHAR)"
    return own


def _from_json(column: Column) -> str:
    own = quote(column.name)
    if not _is_list(column):
        return own
    inner = type_name(_element(column))
    return (
        f"(CASE WHEN {own} IS NOT NULL THEN ARRAY(SELECT CAST(e AS {inner}) FROM "
        f"json_array_elements_text(CAST({own} AS json)) WITH ORDINALITY AS u(e, o) ORDER BY o) END)"
    )


def _given(column: Column) -> str:
    own = quote(column.name)
    if _is_list(column):
        return f"CAST(to_json(CAST({own} AS text[])) AS text)"
    if column.type == "blob":
        return f"encode({own}, 'hex')"
    if column.type in _BEFORE_CHRIST:
        moment = f"({own} AT TIME ZONE 'UTC')" if column.type == "timestamptz" else own
        # DuckDB would read `0044-03-15 BC` as the year 44.
        written = f"to_char({moment}, '{_BEFORE_CHRIST[column.type]}')"
        early = f"{moment} < '0001-01-01' AND {moment} <> '-infinity'"
        return f"(CASE WHEN {early} THEN {written} ELSE CAST({moment} AS text) END)"
    return own


def _taken(column: Column) -> str:
    own = quote(column.name)
    if _is_list(column):
        texts = f"CAST(CAST({own} AS JSON) AS VARCHAR[])"
        if _element(column) == "blob":
            return f"list_transform({texts}, lambda x: from_hex(x[3:]))"
        return f"CAST({texts} AS {column.type})"
    if column.type == "blob":
        return f"from_hex({own})"
    if column.type == "json":
        return f"CAST({own} AS JSON)"
    if column.type == "timestamptz":
        return f"CAST({own} AS timestamptz)"
    return own
