"""Snowflake: what it spells otherwise, and renderings of functions and clauses."""

from __future__ import annotations

from penstock.dialects.portable.warehouses import Warehouse
from penstock.dialects.portable.warehouses.snowflake.engine import SNOWFLAKE

WAREHOUSE = Warehouse(engine=SNOWFLAKE, functions={}, clauses={})
