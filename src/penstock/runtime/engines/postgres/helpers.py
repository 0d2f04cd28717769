"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

import zlib

from penstock.runtime.engines.postgres import (
    helpers_aggregates,
    helpers_casts,
    helpers_dates,
    helpers_lists,
    helpers_numbers,
    helpers_text,
)

SETUP = f"""
CREATE SCHEMA IF NOT EXISTS penstock;
{helpers_dates.SETUP}
{helpers_lists.SETUP}
{helpers_text.SETUP}
{helpers_numbers.SETUP}
{helpers_casts.SETUP}
{helpers_aggregates.SETUP}
"""

MARK = f"penstock {zlib.crc32(SETUP.encode()):08x}"
"""The comment of the schema where these functions are installed: another text has another."""

INSTALLED = (
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'penstock'"
)
