"""Spark 3.5, always ANSI: statements are written by the portable language's declarations."""

from __future__ import annotations

from penstock.dialects.base import Capabilities

CAPABILITIES = Capabilities(
    engine="spark",
    sql="spark, version=3.5",
    error_function="error",
)
