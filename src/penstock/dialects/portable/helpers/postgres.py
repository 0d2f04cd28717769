"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

from penstock.dialects.portable.helpers import lists

VERSION = 2
"""Raised with every change of `SETUP`."""

SETUP = (
    """
CREATE SCHEMA IF NOT EXISTS penstock;
"""
    + lists.SETUP
)
