"""A query in Athena's SQL, run by DuckDB.

DuckDB is not Trino: what the two name differently is translated, what is not known is an error, and
answers may differ where their functions do.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.sandbox.athena.engine import Answer
from penstock.sandbox.athena.refusal import QueryError, unknown
from penstock.sandbox.athena.tables import Tables
from penstock.sandbox.athena.texts import text
from penstock.sandbox.athena.types import athena_type

if TYPE_CHECKING:
    from penstock.sandbox.athena.cloud import Cloud
    from penstock.sandbox.athena.engine import Query

CATALOGS = {"", "awsdatacatalog"}


class DuckDB:
    """An `Engine` that is there at once: one connection for each query."""

    def run(self, cloud: Cloud, query: Query) -> Answer:
        """Run a query."""
        import duckdb

        parsed = _parsed(query.sql)
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            tables = Tables(cloud, connection, Path(folder), query.limit)
            try:
                found = connection.execute(_translated(parsed, tables, query.database))
                columns = [(d[0], athena_type(str(d[1]))) for d in found.description]
                rows = [[text(v) for v in row] for row in found.fetchall()]
                return Answer(columns, rows, tables.scanned)
            except duckdb.Error as error:
                raise QueryError(str(error).splitlines()[0]) from error

    def start(self) -> None:
        """Nothing is to be started."""

    def told(self) -> dict[str, str]:
        """Always ready."""
        import duckdb

        return {"engine": "duckdb", "version": duckdb.__version__, "state": "ready"}

    def limit(self) -> str:
        """Its functions are not Trino's."""
        return (
            "Athena: answered by DuckDB, whose functions may differ; queries only. "
            "`sandbox up --athena trino` has Trino answer"
        )

    def close(self) -> None:
        """Nothing is open between queries."""


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
