"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

from penstock.runtime.engines.postgres import helpers_json, helpers_text

VERSION = 1
"""Raised with every change of `SETUP`."""

SETUP = """
CREATE SCHEMA IF NOT EXISTS penstock;
"""
SETUP += helpers_text.SETUP + helpers_json.SETUP

MARK = f"penstock {VERSION}"
"""The comment of the schema where these functions are installed."""

INSTALLED = (
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'penstock'"
)
