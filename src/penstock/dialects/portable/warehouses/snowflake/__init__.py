"""Snowflake: what it spells otherwise, and renderings of functions and clauses.

No rendering ran on Snowflake. Each is parsed by sqlfluff, and those that the emulator fakesnow has
ran there over the nasty tables: DuckDB's arithmetic, with Snowflake's names. What a page of
Snowflake says is above the rendering it is about.
"""

from __future__ import annotations

from penstock.dialects.portable.warehouses import Warehouse
from penstock.dialects.portable.warehouses.declaring import functions
from penstock.dialects.portable.warehouses.snowflake import (
    aggregates,
    dates,
    documents,
    formats,
    numbers,
    patterns,
    texts,
    times,
    windows,
)
from penstock.dialects.portable.warehouses.snowflake.clauses import CLAUSES
from penstock.dialects.portable.warehouses.snowflake.engine import SNOWFLAKE
from penstock.dialects.portable.warehouses.snowflake.others import OPERATORS, SAME

_TABLES = (texts, numbers, dates, times, formats, documents, patterns, aggregates, windows)
WAREHOUSE = Warehouse(
    engine=SNOWFLAKE,
    functions={**functions(*(t.FUNCTIONS for t in _TABLES), OPERATORS), **SAME},
    clauses=CLAUSES,
)
