"""Penstock's types as the Glue Data Catalog names them.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

from penstock import types
from penstock.errors import LoadFailed

CODE = "PSK-TGT-151"
_PLAIN = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "double": "double",
    "varchar": "string",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",  # in UTC
    "blob": "binary",
    "json": "string",
}


def glue_type(kind: str, column: str) -> str:
    """The catalog's type.

    Raises:
        LoadFailed: it has none.

    >>> glue_type("decimal(8,2)", "a"), glue_type("struct(a integer, b varchar[])", "b")
    ('decimal(8,2)', 'struct<a:int,b:array<string>>')
    """
    return _glue(types.parse(kind), column)


def _glue(kind: types.Type, column: str) -> str:
    if kind.name == "decimal":
        return str(kind)
    if kind.name == "time":
        raise LoadFailed(
            f"column `{column}` is a time, which Athena does not read from plain files",
            code=CODE,
            hint="cast it to varchar, or say `format: iceberg`",
        )
    inner = [_glue(t, column) for _, t in kind.fields]
    if kind.name == "list":
        return f"array<{inner[0]}>"
    if kind.name == "map":
        return f"map<{inner[0]},{inner[1]}>"
    if kind.name == "struct":
        named = zip(kind.fields, inner, strict=True)
        return "struct<" + ",".join(f"{n.lower()}:{t}" for (n, _), t in named) + ">"
    return _PLAIN[kind.name]
