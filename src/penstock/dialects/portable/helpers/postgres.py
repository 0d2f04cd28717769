"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

from penstock.dialects.portable.helpers import (
    postgres_aggregates,
    postgres_casts,
    postgres_numbers,
)

VERSION = 1
"""Raised with every change of `SETUP`."""

SETUP = """
CREATE SCHEMA IF NOT EXISTS penstock;
"""
SETUP += postgres_numbers.SETUP + postgres_casts.SETUP + postgres_aggregates.SETUP
