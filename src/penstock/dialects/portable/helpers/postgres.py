"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

from penstock.dialects.portable.helpers import postgres_text

VERSION = 1
"""Raised with every change of `SETUP`."""

SETUP = """
CREATE SCHEMA IF NOT EXISTS penstock;
"""
SETUP += postgres_text.SETUP
