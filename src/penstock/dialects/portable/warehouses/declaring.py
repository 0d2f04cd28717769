"""How a warehouse's renderings are written down, and how some are said to be another engine's.

`functions({"lower": {"varchar": "lower({0})"}, "round": {"number": up, "number, whole": up_to}})`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.clauses import AS_WRITTEN
from penstock.dialects.portable.entry import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.base import Gap
    from penstock.dialects.portable.entry import Rendering
    from penstock.dialects.portable.warehouses import Functions


def functions(*tables: Mapping[str, Mapping[str, Rendering]]) -> Functions:
    """Function → what an overload takes → its rendering.

    Overloads are named as their declarations have them; several are parted by `|`.

    >>> functions({"abs": {"whole | double": "abs({0})"}})
    {('abs', ('whole',)): 'abs({0})', ('abs', ('double',)): 'abs({0})'}
    """
    found: dict[tuple[str, tuple[str, ...]], Rendering] = {}
    for table in tables:
        for name, overloads in table.items():
            for takes, rendering in overloads.items():
                for each in takes.split("|"):
                    key = (name, arguments(each)[0])
                    assert key not in found, key
                    found[key] = rendering
    return found


def spelled(*names: str) -> Mapping[str, Mapping[str, Rendering]]:
    """Casts and operators that the engine's spelling has; they are functions without overloads."""
    return {name: {"": "by the engine's spelling"} for name in names}


def merged(*parts: Functions) -> Functions:
    """Tables as one; none names what another has."""
    found: dict[tuple[str, tuple[str, ...]], Rendering] = {}
    for part in parts:
        assert not found.keys() & part.keys(), found.keys() & part.keys()
        found |= part
    return found


def same_as(engine: str, table: Mapping[str, str]) -> Functions:
    """Function → overloads, whose renderings are those of another engine, word for word.

    Each overload is named: one that is added to the other engine is none here.

    Raises:
        KeyError: the other engine has no such overload.
    """
    from penstock.dialects.portable.functions import catalog

    found: dict[tuple[str, tuple[str, ...]], Rendering] = {}
    for name, overloads in table.items():
        declared = {o.takes: o for o in catalog()[name].overloads}
        for each in overloads.split("|"):
            takes = arguments(each)[0]
            found[name, takes] = declared[takes].renderings[engine]
    return found


def as_written(*names: str) -> Mapping[str, str | Gap]:
    """Clauses that stand there as they do in the model."""
    return dict.fromkeys(names, AS_WRITTEN)


def desugared(*names: str) -> Mapping[str, str | Gap]:
    """Clauses that are made of others before any engine sees them, as on DuckDB."""
    from penstock.dialects.portable.clauselist import clauses

    return {name: clauses()[name].renderings["duckdb"] for name in names}
