"""Redshift: what it spells otherwise, and renderings of functions and clauses.

No rendering ran on Redshift. Each is parsed by sqlfluff; those that are PostgreSQL's SQL too ran
on PostgreSQL 16 over the nasty tables, which is not Redshift. What a page of Redshift says is above
the rendering it is about.
"""

from __future__ import annotations

from penstock.dialects.portable.warehouses import Warehouse
from penstock.dialects.portable.warehouses.declaring import functions
from penstock.dialects.portable.warehouses.redshift import (
    aggregates,
    dates,
    formats,
    numbers,
    others,
    patterns,
    texts,
    times,
    windows,
)
from penstock.dialects.portable.warehouses.redshift.clauses import CLAUSES
from penstock.dialects.portable.warehouses.redshift.engine import REDSHIFT

_TABLES = (texts, numbers, dates, times, formats, patterns, aggregates, windows, others)
WAREHOUSE = Warehouse(
    engine=REDSHIFT,
    functions={**functions(*(t.FUNCTIONS for t in _TABLES)), **others.SAME},
    clauses=CLAUSES,
)
