"""Rows of PostgreSQL as the Data API gives them.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_Field.html
"""

from __future__ import annotations

import json
from typing import Any

# PostgreSQL's name of a type → Redshift's.
_NAMES = {"jsonb": "super", "bytea": "varbyte", "text": "varchar"}
PAGE = 1000
"""Rows in one answer."""


def columns(description: Any) -> list[dict[str, Any]]:
    """`ColumnMetadata` of a cursor's columns."""
    import psycopg

    found = []
    for column in description or ():
        info = psycopg.adapters.types.get(column.type_code)
        name = info.name if info else "varchar"
        found.append(
            {
                "name": column.name,
                "label": column.name,
                "typeName": _NAMES.get(name, name),
                "nullable": 1,
                "precision": column.precision or column.internal_size or 0,
                "scale": column.scale or 0,
                "length": 0,
                "isCaseSensitive": name in {"varchar", "text"},
                "isCurrency": False,
                "isSigned": name in {"int2", "int4", "int8", "numeric", "float4", "float8"},
                "schemaName": "",
                "tableName": "",
            }
        )
    return found


def field(value: Any) -> dict[str, Any]:
    """A value: numbers with a point that is exact, and everything with a calendar, are texts."""
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"stringValue": value.hex()}
    if isinstance(value, dict | list):
        return {"stringValue": json.dumps(value)}
    return {"stringValue": str(value)}
