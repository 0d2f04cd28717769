"""Athena, engine version 3: what it spells otherwise, and renderings of functions and clauses.

Athena's engine is Trino: https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html.
Each rendering ran on Trino 406 over the nasty tables (`make athena`).
"""

from __future__ import annotations

from penstock.dialects.portable.warehouses import Warehouse
from penstock.dialects.portable.warehouses.athena import (
    aggregates,
    choices,
    clauses,
    dates,
    formats,
    json_text,
    lists,
    numbers,
    patterns,
    statistics,
    texts,
)
from penstock.dialects.portable.warehouses.athena.engine import ATHENA
from penstock.dialects.portable.warehouses.declaring import functions, merged

_MODULES = (
    aggregates,
    choices,
    dates,
    formats,
    json_text,
    lists,
    numbers,
    patterns,
    statistics,
    texts,
)

WAREHOUSE = Warehouse(
    engine=ATHENA,
    functions=merged(*(functions(m.FUNCTIONS) for m in _MODULES)),
    clauses=clauses.CLAUSES,
)
