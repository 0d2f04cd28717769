"""Structs and maps. PostgreSQL has neither; what is only taken apart again runs there too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

NO_MAPS = Gap("never", "PSK-PORT-020", "PostgreSQL has no maps")
_MAP = "MAP {'a': i, 'b': j}"


def _value(call: Call) -> str:
    """The key in the map's own type of keys."""
    return f"try_element_at({call.args[0]}, {_key(call)})"


def _value_duckdb(call: Call) -> str:
    return f"{call.args[0]}[{_key(call)}]"


def _has_key(call: Call) -> str:
    return f"map_contains_key({call.args[0]}, {_key(call)})"


def _has_key_duckdb(call: Call) -> str:
    return f"map_contains({call.args[0]}, {_key(call)})"


def _key(call: Call) -> str:
    from penstock import types

    wanted = str(types.parse(call.types[0]).fields[0][1])
    return call.args[1] if call.types[1] == wanted else call.cast(call.args[1], wanted)


VALUE_AT = on("map, scalar", duckdb=_value_duckdb, spark=_value, postgres=NO_MAPS, gives="{value}")

FUNCTIONS = (
    function(
        "element_at",
        "maps",
        "The value of a key; NULL where the map has no such key. `m[key]` is the same.",
        VALUE_AT,
        cases=[
            f"element_at({_MAP}, 'a')",
            f"({_MAP})['b']",
            f"element_at({_MAP}, 'nope')",
            "MAP {1: 'x', 2: 'y'}[i]",
        ],
        over="t_num",
    ),
    function(
        "map_keys",
        "maps",
        "The keys as a list, in the map's order.",
        on("map", every="map_keys({0})", postgres=NO_MAPS),
        cases=[f"map_keys({_MAP})", "map_keys(map([1, 2], ['x', NULL]))"],
        over="t_num",
    ),
    function(
        "map_values",
        "maps",
        "The values as a list, in the map's order.",
        on("map", every="map_values({0})", postgres=NO_MAPS),
        cases=[f"map_values({_MAP})", "map_values(map([1, 2], ['x', NULL]))"],
        over="t_num",
    ),
    function(
        "map_contains",
        "maps",
        "Whether the map has a key, also where its value is NULL.",
        on(
            "map, scalar", duckdb=_has_key_duckdb, spark=_has_key, postgres=NO_MAPS, gives="boolean"
        ),
        cases=[f"map_contains({_MAP}, 'a')", f"map_contains({_MAP}, 'c')"],
        aliases=("map_contains_key",),
        over="t_num",
    ),
    function(
        "cardinality",
        "maps",
        "The number of the map's keys.",
        on("map", every="::cardinality({0})", postgres=NO_MAPS, gives="bigint"),
        cases=[f"cardinality({_MAP})"],
        over="t_num",
    ),
)
