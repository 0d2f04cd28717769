"""Athena, engine version 3 (Trino): its SQL is written here, and never run."""

from __future__ import annotations

from penstock.dialects.base import Capabilities, Gap

_NOT_HERE = Gap("never", "PSK-PORT-006", "Penstock writes SQL for it, and runs no steps there")
CAPABILITIES = Capabilities(
    engine="athena",
    sql="trino",
    error_function="error",
    gaps={"python": _NOT_HERE, "command": _NOT_HERE},
)
