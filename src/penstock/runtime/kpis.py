"""Computes the KPIs of a run, over what it has made and nobody sees yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from penstock.errors import Interrupted, PenstockError

if TYPE_CHECKING:
    from penstock.program import Program
    from penstock.runtime.document import RunDocument
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.observer import Observer


def compute(engine: Engine, program: Program, document: RunDocument, observer: Observer) -> None:
    """Fill `document.kpis`. One that cannot be computed is None, with a note, and ends nothing."""
    for kpi in program.kpis:
        value: float | None = None
        try:
            value = _number(engine.rows(kpi.sql, limit=1))
        except Interrupted:
            raise
        except PenstockError as error:
            document.notes.append(f"the KPI `{kpi.name}` could not be computed: {error.message}")
        document.kpis.append({"name": kpi.name, "value": value, "unit": kpi.unit})
        observer.event("kpi", kpi=kpi.name, value=value, unit=kpi.unit)


def _number(rows: list[dict[str, Any]]) -> float | None:
    """The one value as JSON has it: whole numbers stay whole; NULL and NaN are None."""
    value = next(iter(rows[0].values())) if rows else None
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and not isinstance(value, float) else float(value)
