"""Redshift: its SQL is written here, and never run."""

from __future__ import annotations

from penstock.dialects.base import Capabilities

CAPABILITIES = Capabilities(
    engine="redshift",
    sql="redshift",
    error_function="error",
    # A step in Python or a command is not written: what it reads is, and says so.
)
