"""What is written for a warehouse as it is for another engine: standard SQL."""

from __future__ import annotations

from penstock.dialects.portable.warehouses.declaring import same_as

_INTERVALS = (
    "microseconds milliseconds minutes hours days weeks months quarters years decades centuries"
    " millennia"
)
_PAIRS = (
    "number, number | varchar, varchar | boolean, boolean | naive, naive | timestamptz, timestamptz"
)
SAME = same_as(
    "postgres",
    {
        "coalesce": "any…",
        "ifnull": "any, any",
        "nvl2": "any, any, any",
        "nullif": _PAIRS,
        "if": "boolean, any, any",
        "count_if": "boolean",
        "sum": "whole | decimal",
        "avg": "number",
        # An interval stands beside + and - only, where its parts are added one by one.
        **{f"to_{unit}": "whole" for unit in _INTERVALS.split()},
        "to_seconds": "whole | decimal",
        "date_add": "time_like, interval",
        "date_part": "varchar, time_like",
    },
)
"""Renderings that say nothing of an engine's own."""
