"""Redshift: what it spells otherwise, and renderings of functions and clauses."""

from __future__ import annotations

from penstock.dialects.portable.warehouses import Warehouse
from penstock.dialects.portable.warehouses.redshift.engine import REDSHIFT

WAREHOUSE = Warehouse(engine=REDSHIFT, functions={}, clauses={})
