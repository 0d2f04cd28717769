"""The types of Delta tables, and the schema as their log writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import LoadFailed
from penstock.program import Column
from penstock.runtime.targets.evolution import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_TO_DELTA = {
    "boolean": "boolean",
    "smallint": "short",
    "integer": "integer",
    "bigint": "long",
    "double": "double",
    "varchar": "string",
    "blob": "binary",
    "date": "date",
    "timestamp": "timestamp_ntz",
    "timestamptz": "timestamp",
}
_FROM_DELTA = {**{v: k for k, v in _TO_DELTA.items()}, "byte": "smallint", "float": "double"}
_TEXT = frozenset({"time", "json"})
_NARROW = frozenset({"byte", "float"})


def stored(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns as Delta keeps them: a time of day and JSON are text."""
    return tuple(replace(c, required=False) for c in as_text(columns, _TEXT))


def schema_string(columns: Sequence[Column]) -> str:
    """`metaData.schemaString` of a table."""
    fields = [
        {
            "name": c.name,
            "type": _to_delta(types.parse(c.type)),
            "nullable": not c.required,
            "metadata": {},
        }
        for c in columns
    ]
    return json.dumps({"type": "struct", "fields": fields})


def columns_of(schema: str, shown: str) -> tuple[Column, ...]:
    """The columns of a table.

    Raises:
        LoadFailed: there is a type that no Penstock type holds.
    """
    found = []
    for field in json.loads(schema)["fields"]:
        try:
            kind = str(_from_delta(field["type"]))
        except KeyError as error:
            raise LoadFailed(
                f"column `{field['name']}` of {shown} is {error.args[0]}, which Penstock has no "
                "type for",
                code="PSK-TGT-112",
                hint="`penstock explain PSK-TGT-112`",
            ) from error
        found.append(Column(field["name"], kind, required=not field["nullable"]))
    return tuple(found)


def unwritable(schema: str) -> list[str]:
    """Columns that are read as a wider type, and so cannot be written as they are."""
    return [
        f["name"]
        for f in json.loads(schema)["fields"]
        if str(f["type"]) in _NARROW or "delta.invariants" in f["metadata"]
    ]


def has_plain_timestamp(columns: Sequence[Column]) -> bool:
    """Whether a column holds timestamps without a timezone: readers must know `timestampNtz`."""
    return any("timestamp_ntz" in json.dumps(_to_delta(types.parse(c.type))) for c in columns)


def _to_delta(kind: types.Type) -> Any:
    if kind.name == "decimal":
        return f"decimal({kind.numbers[0]},{kind.numbers[1]})"
    inner = [_to_delta(t) for _, t in kind.fields]
    if kind.name == "list":
        return {"type": "array", "elementType": inner[0], "containsNull": True}
    if kind.name == "map":
        return {
            "type": "map",
            "keyType": inner[0],
            "valueType": inner[1],
            "valueContainsNull": True,
        }
    if kind.name == "struct":
        fields = [
            {"name": n, "type": t, "nullable": True, "metadata": {}}
            for (n, _), t in zip(kind.fields, inner, strict=True)
        ]
        return {"type": "struct", "fields": fields}
    return _TO_DELTA[kind.name]


def _from_delta(kind: Any) -> types.Type:
    """Raises KeyError for a type that is not known."""
    if isinstance(kind, str):
        return types.parse(kind if kind.startswith("decimal(") else _FROM_DELTA[kind])
    name = kind["type"]
    if name == "array":
        return types.Type("list", fields=(("element", _from_delta(kind["elementType"])),))
    if name == "map":
        key, value = _from_delta(kind["keyType"]), _from_delta(kind["valueType"])
        return types.Type("map", fields=(("key", key), ("value", value)))
    if name == "struct":
        fields = tuple((f["name"], _from_delta(f["type"])) for f in kind["fields"])
        return types.Type("struct", fields=fields)
    raise KeyError(name)
