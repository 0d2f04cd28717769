"""Families of types: what a function's declaration says it takes."""

from __future__ import annotations

from functools import lru_cache

from penstock import types

WHOLE = ("smallint", "integer", "bigint")
_EXACT = {
    "whole": WHOLE,
    "number": (*WHOLE, "decimal", "double"),
    "exact": (*WHOLE, "decimal"),
    "time_like": ("date", "timestamp", "timestamptz"),
    "naive": ("date", "timestamp"),
    "simple": (*WHOLE, "decimal", "varchar", "boolean", "date", "timestamp"),
    # A text or a list of texts that a rendering reads itself; it has no SQL of its own.
    "written": ("varchar", "list"),
    "scalar": (*types.SCALARS, "decimal"),
}


@lru_cache(maxsize=4096)
def name_of(type_name: str) -> str:
    """The bare name of a type: `decimal` of `decimal(8,2)`, `list` of `integer[]`.

    >>> name_of("decimal(8,2)"), name_of("integer[]"), name_of("null")
    ('decimal', 'list', 'null')
    """
    if type_name in {"null", "interval", "lambda"}:
        return type_name
    return types.parse(type_name).name


@lru_cache(maxsize=4096)
def numbers_of(type_name: str) -> tuple[int, int]:
    """Precision and scale of a decimal or whole type.

    >>> numbers_of("decimal(8,2)"), numbers_of("integer")
    ((8, 2), (10, 0))
    """
    name = name_of(type_name)
    if name == "decimal":
        precision, scale = types.parse(type_name).numbers
        return precision, scale
    return {"smallint": 5, "integer": 10, "bigint": 19}[name], 0


def element(type_name: str) -> str:
    """The type of a list's elements.

    >>> element("integer[][]")
    'integer[]'
    """
    return str(types.parse(type_name).fields[0][1])


def fits(type_name: str, family: str) -> bool:
    """Whether a value of a type may be given where a family is taken; NULL may be anywhere.

    >>> fits("integer", "number"), fits("varchar", "number"), fits("integer[]", "list")
    (True, False, True)
    """
    name = name_of(type_name)
    if family == "lambda":
        return name == "lambda"
    if family == "any" or name == "null":
        return name != "lambda"
    if family in _EXACT:
        return name in _EXACT[family]
    return name == family


_NULLS = {
    "whole": "integer",
    "number": "integer",
    "exact": "integer",
    "time_like": "timestamp",
    "naive": "timestamp",
    "simple": "varchar",
    "scalar": "varchar",
    "decimal": "decimal(18,3)",
}


def type_of_null(family: str) -> str | None:
    """The type that a bare NULL gets where a family is taken; None: it stays without one.

    PostgreSQL and DuckDB cannot choose a function for a NULL without a type.

    >>> type_of_null("number"), type_of_null("varchar"), type_of_null("any")
    ('integer', 'varchar', None)
    """
    found = _NULLS.get(family, family)
    return found if found == "decimal(18,3)" or found in types.SCALARS else None
