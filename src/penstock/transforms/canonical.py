"""DuckDB's types against Penstock's."""

from __future__ import annotations

from penstock import types

_WHOLE = ("smallint", "integer", "bigint")
_REWRITES = {
    "interval": "give a number instead, such as date_diff('minute', a, b), or add it to a date",
    "bignum": "cast it: CAST(… AS decimal(38,0))",
    "bit": "cast it: CAST(… AS varchar)",
    "time with time zone": "cast it: CAST(… AS time)",
}


def canonical(bound: str) -> tuple[str, bool]:
    """The Penstock type of a bound type, and whether a CAST must make it that.

    Raises:
        ValueError: Penstock has no type for it; the message gives a rewrite.

    >>> canonical("TIMESTAMP WITH TIME ZONE"), canonical("HUGEINT")
    (('timestamptz', False), ('decimal(38,0)', True))
    """
    try:
        found = types.from_duckdb(bound)
    except ValueError as error:
        rewrite = _REWRITES.get(bound.lower().partition("(")[0])
        raise ValueError(rewrite or f"cast it to one of: {', '.join(types.ALL)}") from error
    try:
        return found, types.normalize(bound) != found
    except ValueError:
        return found, True


def family(type_name: str) -> str:
    """What kind of values a Penstock type holds: values of different families never join.

    >>> family("decimal(8,2)"), family("varchar"), family("integer[]")
    ('number', 'text', 'list')
    """
    name = types.parse(type_name).name
    if name in _WHOLE or name in {"double", "decimal"}:
        return "number"
    if name in {"date", "timestamp", "timestamptz"}:
        return "date"
    return "text" if name == "varchar" else name
