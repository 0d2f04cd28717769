"""Smooth each airport's daily delay: exponential smoothing, a recursion that SQL says badly."""

from __future__ import annotations

import pyarrow as pa

WEIGHT = 0.2
"""How much of a new day goes into the smoothed value; the rest is memory."""


def smooth(table: pa.Table) -> pa.Table:
    """Add `smoothed`, minutes: yesterday's value moved a fifth of the way to today's."""
    table = table.sort_by([("origin", "ascending"), ("flight_date", "ascending")])
    smoothed: list[float] = []
    airport, value = None, 0.0
    for row in table.select(["origin", "avg_dep_delay"]).to_pylist():
        today = row["avg_dep_delay"]
        if row["origin"] != airport:
            airport, value = row["origin"], today
        value += WEIGHT * (today - value)
        smoothed.append(value)
    return table.append_column("smoothed", pa.array(smoothed, pa.float64()))
