"""Values and comparisons in words."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.proving.compare import Comparison

MOST = 20
WIDEST = 100


def shown(value: Any) -> str:
    """A value as a reader knows it.

    >>> from decimal import Decimal
    >>> shown(None), shown("a"), shown(Decimal("1.50")), shown([1, "b"])
    ('NULL', '"a"', '1.50', '[1, "b"]')
    """
    match value:
        case None:
            text = "NULL"
        case str():
            text = json.dumps(value, ensure_ascii=False)
        case Decimal():
            text = format(value, "f")
        case list():
            text = f"[{', '.join(shown(v) for v in value)}]"
        case dict():
            text = "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
        case bool():
            text = str(value).lower()
        case _:
            text = str(as_json(value))
    return text


def as_json(value: Any) -> Any:
    """A value as JSON has it; what JSON lacks becomes text.

    >>> as_json(Decimal("1.50")), as_json(Decimal("2")), as_json(datetime(2013, 1, 1, 5))
    (1.5, 2, '2013-01-01 05:00:00')
    """
    if isinstance(value, list):
        return [as_json(v) for v in value]
    if isinstance(value, dict):
        return {str(k): as_json(v) for k, v in value.items()}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    found: Any = value
    match value:
        case None | bool() | int() | str():
            pass
        case Decimal():
            whole = value.is_finite() and value == value.to_integral_value()
            found = int(value) if whole else _float_or_text(value)
        case float():
            found = value if math.isfinite(value) else str(value)
        case datetime():
            found = value.isoformat(sep=" ")
        case date() | time():
            found = value.isoformat()
        case bytes():
            found = value.hex()
        case _:
            found = str(value)
    return found


def _float_or_text(value: Decimal) -> float | str:
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)


def differences(found: Comparison) -> Iterator[str]:
    """A comparison, line by line: cells first, then rows missing and unexpected."""
    row = None
    for difference in found.differences[:MOST]:
        if difference.row != row:
            row = difference.row
            yield f"expected row {row}"
        yield (
            f"  {difference.column}: expected {shown(difference.expected)}, "
            f"got {shown(difference.got)}"
        )
    yield from _more(len(found.differences), "cells")
    for number, values in found.missing[:MOST]:
        yield f"missing: expected row {number} {_row(values)}"
    yield from _more(len(found.missing), "missing rows")
    for values in found.unexpected[:MOST]:
        yield f"unexpected: {_row(values)}"
    yield from _more(len(found.unexpected), "unexpected rows")


def _more(count: int, noun: str) -> Iterator[str]:
    if count > MOST:
        yield f"… and {count - MOST:,} more {noun}"


def _row(values: Mapping[str, Any]) -> str:
    text = "{" + ", ".join(f"{k}: {shown(v)}" for k, v in values.items()) + "}"
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
