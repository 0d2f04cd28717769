"""A query in Athena's SQL, run by DuckDB.

DuckDB is not Trino: what the two name differently is translated, what is not known is an error, and
answers may differ where their functions do.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.sandbox.athena.refusal import QueryError, unknown
from penstock.sandbox.athena.tables import Tables

if TYPE_CHECKING:
    from penstock.sandbox.athena.cloud import Cloud

CATALOGS = {"", "awsdatacatalog"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, and what they were read from.

    Attributes:
        columns: name and DuckDB's type.
        scanned: bytes of the files it read.
    """

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]
    scanned: int


def run(cloud: Cloud, sql: str, database: str | None, limit: int | None) -> Answer:
    """Run a query.

    Args:
        database: of tables that are named without one.
        limit: bytes it may read.

    Raises:
        QueryError: it is wrong, or not known here.
        TooMuch: it would read more.
    """
    import duckdb

    parsed = _parsed(sql)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        tables = Tables(cloud, connection, Path(folder), limit)
        try:
            text = _translated(parsed, tables, database)
            found = connection.execute(text)
            columns = [(d[0], str(d[1])) for d in found.description]
            return Answer(columns, found.fetchall(), tables.scanned)
        except duckdb.Error as error:
            raise QueryError(str(error).splitlines()[0]) from error


def _parsed(sql: str) -> Any:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = [s for s in sqlglot.parse(sql, read="athena") if s is not None]
        colons = any(t.text == "::" for t in sqlglot.tokenize(sql, read="athena"))
    except SqlglotError as error:
        raise QueryError(f"SYNTAX_ERROR: {str(error).splitlines()[0]}") from error
    if len(found) != 1:
        raise QueryError("SYNTAX_ERROR: one statement at a time")
    if not isinstance(found[0], exp.Query):
        raise unknown(f"other statements than queries: {sql.strip()[:60]}")
    # sqlglot reads more than Athena does.
    if colons:
        raise QueryError("SYNTAX_ERROR: mismatched input '::'; use CAST")
    if any(s.args.get("qualify") for s in found[0].find_all(exp.Select)):
        raise QueryError("SYNTAX_ERROR: mismatched input 'QUALIFY'")
    return found[0]


def _translated(parsed: Any, tables: Tables, database: str | None) -> str:
    from sqlglot import ErrorLevel, exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify import qualify

    common = {c.alias for c in parsed.find_all(exp.CTE)}
    made: dict[tuple[str, str], str] = {}
    schema: dict[str, object] = {}
    for table in list(parsed.find_all(exp.Table)):
        if not table.db and table.name in common:
            continue
        if table.catalog.lower() not in CATALOGS:
            raise unknown(f"the catalog {table.catalog}")
        place = ((table.db or database or "default").lower(), table.name.lower())
        if place not in made:
            made[place] = f"t{len(made)}"
            schema[made[place]] = tables.make(made[place], *place)
        alias = table.alias or table.name
        fresh = exp.to_table(made[place])
        table.replace(exp.alias_(fresh, alias, table=True))
    try:
        # Types decide what `/` means.
        qualified = qualify(parsed, schema=schema, dialect="athena", validate_qualify_columns=False)
        typed = annotate_types(qualified, schema=schema, dialect="athena")
        return str(typed.sql("duckdb", unsupported_level=ErrorLevel.RAISE))
    except SqlglotError as error:
        raise QueryError(f"SYNTAX_ERROR: {str(error).splitlines()[0]}") from error
