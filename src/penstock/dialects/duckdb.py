"""DuckDB: models are written in its dialect, so there is little to declare."""

from __future__ import annotations

from penstock.dialects.base import Capabilities

CAPABILITIES = Capabilities(
    engine="duckdb",
    sql="duckdb",
    native=True,
    # https://duckdb.org/docs/stable/sql/query_syntax/with#cte-materialization
    materialized=True,
    # https://duckdb.org/docs/stable/sql/functions/utility#errormessage
    error_function="error",
)
