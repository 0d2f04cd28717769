"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

from penstock.dialects.portable.helpers import postgres_dates, postgres_lists

VERSION = 2
"""Raised with every change of `SETUP`."""

SETUP = f"""
CREATE SCHEMA IF NOT EXISTS penstock;
{postgres_dates.SETUP}
{postgres_lists.SETUP}
"""
