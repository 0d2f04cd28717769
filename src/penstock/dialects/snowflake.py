"""Snowflake: its SQL is written here, and never run."""

from __future__ import annotations

from penstock.dialects.base import Capabilities

CAPABILITIES = Capabilities(
    engine="snowflake",
    sql="snowflake",
    error_function="error",
    # A step in Python or a command is not written: what it reads is.
)
