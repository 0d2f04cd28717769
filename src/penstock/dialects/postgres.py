"""PostgreSQL 15 to 17: statements are written by the portable language's declarations."""

from __future__ import annotations

from penstock.dialects.base import Capabilities

CAPABILITIES = Capabilities(
    engine="postgres",
    sql="postgres",
    # https://www.postgresql.org/docs/16/queries-with.html
    materialized=True,
    error_function="error",
)
