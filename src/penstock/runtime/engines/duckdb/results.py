"""Small results: rows of a query as Python values, relations dropped."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from penstock.runtime.engines.duckdb.quoting import literal, name

if TYPE_CHECKING:
    from penstock.runtime.engines.duckdb.connection import Database

_WITH_ZONE = "TIMESTAMP WITH TIME ZONE"


def rows(database: Database, sql: str, limit: int | None = None) -> list[dict[str, Any]]:
    """The rows of a query, each as column → value."""
    text = sql if limit is None else f"SELECT * FROM ({sql}) LIMIT {int(limit)}"
    with database.guarded(text):
        # DuckDB's Python client needs the package pytz for a timestamptz: fetch such a column
        # as the UTC timestamp that it is, and a nested one as text.
        described = database.cursor().execute(f"DESCRIBE {text}").fetchall()
    columns = [str(d[0]) for d in described]
    zoned = {i for i, d in enumerate(described) if d[1] == _WITH_ZONE}
    nested = {i for i, d in enumerate(described) if _WITH_ZONE in d[1]} - zoned
    if zoned or nested:
        inner = ", ".join(f"c{i}" for i in range(len(columns)))
        outer = ", ".join(
            f"CAST(c{i} AS TIMESTAMP)"
            if i in zoned
            else f"CAST(c{i} AS VARCHAR)"
            if i in nested
            else f"c{i}"
            for i in range(len(columns))
        )
        text = f"SELECT {outer} FROM ({text}) AS q({inner})"
    with database.guarded(text):
        found = database.cursor().execute(text).fetchall()
    if zoned:
        found = [tuple(_utc(v) if i in zoned else v for i, v in enumerate(r)) for r in found]
    return [dict(zip(columns, r, strict=True)) for r in found]


def drop(database: Database, relation: str) -> None:
    """Drop a relation, table or view; nothing happens if there is none."""
    with database.guarded():
        cursor = database.cursor()
        found = cursor.execute(
            "SELECT table_type FROM information_schema.tables WHERE table_name = "
            + literal(relation)
        ).fetchall()
        for (kind,) in found:
            what = "VIEW" if kind == "VIEW" else "TABLE"
            cursor.execute(f"DROP {what} IF EXISTS {name(relation)}")


def _utc(value: Any) -> Any:
    return (
        value.replace(tzinfo=UTC) if hasattr(value, "replace") and value.tzinfo is None else value
    )
