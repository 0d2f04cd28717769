"""The engines a pipeline can be compiled for: a literal table of lazy loaders, or of gaps.

To add an engine, write its file of differences and put its line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from penstock.dialects.base import Capabilities, Gap

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENGINES", "REFERENCE", "WAREHOUSES", "Capabilities", "Gap", "load", "missing", "names"]


def _not_built(engine: str) -> Gap:
    return Gap("notimpl", "PSK-PORT-001", f"this version of Penstock has no {engine} engine yet")


ENGINES: Mapping[str, str | Gap] = {
    "duckdb": "penstock.dialects.duckdb:CAPABILITIES",
    "spark": "penstock.dialects.spark:CAPABILITIES",
    "postgres": "penstock.dialects.postgres:CAPABILITIES",
    "flink": _not_built("flink"),
}
WAREHOUSES: Mapping[str, str] = {
    "athena": "penstock.dialects.athena:CAPABILITIES",
    "redshift": "penstock.dialects.redshift:CAPABILITIES",
    "snowflake": "penstock.dialects.snowflake:CAPABILITIES",
}
"""What statements can be written for, but not run by Penstock."""
REFERENCE = "duckdb"
"""The engine in whose dialect models are written."""


def names() -> tuple[str, ...]:
    """Whatever a pipeline can be compiled for, and gaps.

    >>> "athena" in names()
    True
    """
    return (*ENGINES, *WAREHOUSES)


def _known(engine: str) -> str | Gap:
    return ENGINES[engine] if engine in ENGINES else WAREHOUSES[engine]


def missing(engine: str) -> Gap | None:
    """Why an engine cannot be compiled for; None: it can.

    >>> missing("duckdb")
    >>> missing("flink").because
    'this version of Penstock has no flink engine yet'
    """
    found = _known(engine)
    return found if isinstance(found, Gap) else None


def load(engine: str) -> Capabilities:
    """The capabilities of an engine.

    Raises:
        KeyError: there is no engine of that name, or it is a gap; ask `missing` first.

    >>> load("duckdb").gap("sql")
    """
    found = _known(engine)
    if isinstance(found, Gap):
        raise KeyError(engine)
    module, _, attribute = found.partition(":")
    capabilities: Capabilities = getattr(import_module(module), attribute)
    return capabilities
