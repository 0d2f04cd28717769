"""When two values are the same.

Numbers by value (1.00 is 1), floating-point numbers within a small relative difference,
timestamps by the instant, NULL with NULL only.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

RELATIVE = 1e-9
ABSOLUTE = 1e-12
Number = int | float | Decimal


def comparable(value: Any, type_: str = "") -> Any:
    """A value as it is compared: instants in UTC without a zone, JSON read.

    >>> comparable('{"a": 1}', "json")
    {'a': 1}
    """
    match value:
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        case str() if type_ == "json":
            return _json(value)
        case list() | tuple():
            return [comparable(v) for v in value]
        case dict():
            return {k: comparable(v) for k, v in value.items()}
        case bytearray() | memoryview():
            return bytes(value)
        case _:
            return value


def same(a: Any, b: Any) -> bool:
    """Whether two comparable values are equal.

    >>> same(Decimal("1.00"), 1), same(0.1 + 0.2, 0.3), same(None, 0), same(True, 1)
    (True, True, False, False)
    """
    if a is None or b is None or isinstance(a, bool) or isinstance(b, bool):
        equal = a is b
    elif isinstance(a, Number) and isinstance(b, Number):
        equal = _same_number(a, b)
    elif isinstance(a, list) and isinstance(b, list):
        equal = len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    elif isinstance(a, dict) and isinstance(b, dict):
        equal = a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    else:
        equal = type(a) is type(b) and bool(a == b)
    return equal


def _same_number(a: Number, b: Number) -> bool:
    if not isinstance(a, float) and not isinstance(b, float):
        return a == b
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return math.isclose(x, y, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text
