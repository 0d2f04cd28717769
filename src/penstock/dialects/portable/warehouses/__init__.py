"""Warehouses: their SQL is written, never run, by Penstock; each folder is one's declarations.

A folder has `WAREHOUSE`: how it spells, and a rendering, or a gap, for the overloads of
functions and for clauses. What it does not name is refused. Nothing here is loaded before a
warehouse is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.base import Gap
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.entry import Rendering

    Functions: TypeAlias = Mapping[tuple[str, tuple[str, ...]], Rendering]

NAMES = ("athena", "redshift", "snowflake")
"""The warehouses, each a package of this one."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """One warehouse.

    Attributes:
        engine: how it spells types, names, operators, casts.
        functions: name and what an overload takes → its rendering. Casts and operators, which have
            no overloads, are named with `()` where the engine has them.
        clauses: name → how it is written there, in words, or a gap.
    """

    engine: Engine
    functions: Functions
    clauses: Mapping[str, str | Gap]


@cache
def load(name: str) -> Warehouse:
    """A warehouse.

    Raises:
        KeyError: there is none of that name.

    >>> load("athena").engine.name
    'athena'
    """
    if name not in NAMES:
        raise KeyError(name)
    found: Warehouse = import_module(f"{__name__}.{name}").WAREHOUSE
    return found
