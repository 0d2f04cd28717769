"""Random rows for the examples' datasets: nasty values of each type, and the example's own."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.transforms.examples import Rows

if TYPE_CHECKING:
    import random

_TEXTS = (
    "", " ", "a", "A", "b", "\u00e9", "e\u0301", "\u5c71\u7530", "a b", " a ", "\ta\n", "a,b", "|", "'", '"',
    "\\", "$1", "%", "_", "NULL", "null", "0", "-1", "true", "a\u00a0b", "\U0001f600", "{", "[1]", "z" * 40,
)  # fmt: skip
_DAYS = ("0001-01-01", "1582-10-10", "1900-02-28", "1970-01-01", "2000-02-29", "2013-01-01",
         "2013-01-31", "2024-02-29", "2024-12-31", "9999-12-31")  # fmt: skip
_TIMES = ("00:00:00", "23:59:59.999999", "12:00:00", "00:00:00.000001")
_NUMBERS = (0, 1, -1, 2, 3, 5, 7, 10, 100, 32767, -32768, 2147483647, -2147483648,
            9223372036854775807, -9223372036854775808)  # fmt: skip
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_DOUBLES = (0.0, -0.0, 1.0, -1.0, 0.1, 2.5, 1e15, -1e-9, 123.456, float("nan"), float("inf"),
            float("-inf"))  # fmt: skip


def random_rows(chance: random.Random, like: Rows, most: int = 12) -> Rows:
    """Rows of the same columns: a third of the values are the example's own, some are NULL."""
    own = [[row[i] for row in like.rows] for i in range(len(like.columns))]
    kinds = [types.parse(t) for t in like.columns.values()]
    rows: list[list[Any]] = []
    for _ in range(chance.randrange(most + 1)):
        if rows and chance.random() < 0.15:
            # Rows that are there twice, and rows that tie in all but one column.
            row = list(chance.choice(rows))
            if chance.random() < 0.5:
                i = chance.randrange(len(kinds))
                row[i] = _value(chance, kinds[i], own[i])
            rows.append(row)
            continue
        rows.append([_value(chance, k, o) for k, o in zip(kinds, own, strict=True)])
    return Rows(like.columns, rows)


def _value(chance: random.Random, kind: types.Type, own: list[Any]) -> Any:
    dice = chance.random()
    if dice < 0.15:
        return None
    if own and dice < 0.6:
        return chance.choice(own)
    return _nasty(chance, kind)


def _nasty(chance: random.Random, kind: types.Type) -> Any:
    name = kind.name
    if name in _BITS:
        top = 1 << _BITS[name]
        return chance.choice([n for n in _NUMBERS if -top <= n < top])
    if name == "decimal":
        precision, scale = kind.numbers
        nines = "9" * precision
        most = f"{nines[: precision - scale] or 0}.{nines[precision - scale :]}".rstrip(".")
        least = f"0.{1:0{scale}}" if scale else "1"
        small = f"{chance.randrange(10)}.{chance.randrange(10)}" if scale else "7"
        fits = small if precision > scale else least
        return chance.choice(["", "-"]) + chance.choice([most, least, "0", fits, fits, fits])
    if name == "double":
        return chance.choice(_DOUBLES)
    if name == "boolean":
        return chance.random() < 0.5
    if name == "date":
        return chance.choice(_DAYS)
    if name == "timestamp":
        return f"{chance.choice(_DAYS)} {chance.choice(_TIMES)}"
    if name == "timestamptz":
        return f"{chance.choice(_DAYS)} {chance.choice(_TIMES)}+00"
    if name == "time":
        return dt.time(chance.randrange(24))
    if name == "list":
        inner = kind.fields[0][1]
        return [_value(chance, inner, []) for _ in range(chance.randrange(4))]
    if name == "struct":
        return {n: _value(chance, t, []) for n, t in kind.fields}
    return chance.choice(_TEXTS)
