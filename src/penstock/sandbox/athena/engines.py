"""Which engine answers Athena's queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import SandboxError
from penstock.sandbox.athena.trino import java, release

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.sandbox.athena.engine import Engine

NAMES = ("duckdb", "trino")


def usual() -> str:
    """Trino where it was fetched and can run, else DuckDB."""
    if not release.is_there():
        return "duckdb"
    try:
        java.find()
    except SandboxError:
        return "duckdb"
    return "trino"


def made(name: str, home: Path, url: str, region: str) -> Engine:
    """The engine of a sandbox; Trino's needs moto to answer more as Glue does, which is installed.

    Args:
        home: what Trino writes in.
        url: of the sandbox.
        region: whose tables Trino reads.
    """
    if name == "duckdb":
        from penstock.sandbox.athena.queries import DuckDB

        return DuckDB()
    from penstock.sandbox.athena.trino import answers
    from penstock.sandbox.athena.trino.engine import Trino

    answers.install()
    return Trino(home, url, region)
