"""Athena, engine version 3 (Trino): its SQL is written here, and never run."""

from __future__ import annotations

from penstock.dialects.base import Capabilities

CAPABILITIES = Capabilities(
    engine="athena",
    sql="trino",
    error_function="error",
    # A step in Python or a command is not written: what it reads is.
)
