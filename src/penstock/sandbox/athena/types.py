"""Types of the Glue catalog in DuckDB, and DuckDB's as Athena names them.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

import re

from penstock.sandbox.athena.refusal import unknown

_PLAIN = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "float": "FLOAT",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}
_ATHENA = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "DOUBLE": "double",
    "FLOAT": "float",
    "VARCHAR": "varchar",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "BLOB": "varbinary",
}
_SAME = {"JSON": "VARCHAR", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP"}


def duckdb_type(glue: str) -> str:
    """The type of a column in DuckDB.

    >>> duckdb_type("struct<a:int,b:array<decimal(8,2)>>")
    'STRUCT("a" INTEGER, "b" DECIMAL(8,2)[])'
    """
    text = glue.strip()
    low = text.lower()
    if low in _PLAIN:
        return _PLAIN[low]
    if re.fullmatch(r"(varchar|char)\([0-9]+\)", low):
        return "VARCHAR"
    if found := re.fullmatch(r"decimal\(([0-9]+),\s*([0-9]+)\)", low):
        return f"DECIMAL({found[1]},{found[2]})"
    outer, _, inner = text.partition("<")
    if not inner.endswith(">"):
        raise unknown(f"columns of type {glue}")
    parts = _split(inner[:-1])
    if outer.lower() == "array":
        return f"{duckdb_type(inner[:-1])}[]"
    if outer.lower() == "map" and len(parts) == 2:
        return f"MAP({duckdb_type(parts[0])}, {duckdb_type(parts[1])})"
    if outer.lower() == "struct":
        fields = (p.partition(":") for p in parts)
        return "STRUCT(" + ", ".join(f'"{n}" {duckdb_type(t)}' for n, _, t in fields) + ")"
    raise unknown(f"columns of type {glue}")


def fits(found: str, wanted: str) -> bool:
    """Whether a file's column can be read as the catalog's: Athena asks for the same type.

    https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
    """

    def plain(kind: str) -> str:
        for one, other in _SAME.items():
            kind = kind.replace(one, other)
        return kind.replace('"', "").upper()

    return plain(found) == plain(wanted)


def athena_type(kind: str) -> str:
    """The name of a result's type."""
    if kind.startswith("DECIMAL"):
        return "decimal"
    if kind.endswith("[]"):
        return "array"
    if kind.startswith(("STRUCT", "MAP")):
        return "row" if kind.startswith("STRUCT") else "map"
    return _ATHENA.get(kind, "varchar")


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [p.strip() for p in (*parts, text[start:])]
