"""Values of any engine's driver as one text, for fixtures that a person reads."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal


def told(value: object) -> str:
    """A value as text: texts in quotes, decimals with their scale, times in UTC."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return "0.0" if value == 0 else repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return ascii_safe(value)
    if isinstance(value, dt.datetime):
        zone = ""
        if value.tzinfo is not None:
            value, zone = value.astimezone(dt.UTC), "Z"
        text = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        return text.removesuffix(".000000") + zone
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"x'{bytes(value).hex()}'"
    if hasattr(value, "asDict"):
        value = value.asDict()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {told(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(told(v) for v in value) + "]"
    return str(value)


def ascii_safe(text: str) -> str:
    """A text in quotes on one line."""
    shown = "".join(
        c
        if c.isprintable() and c not in "'\\"
        else c.encode("unicode_escape").decode()
        if c != "'"
        else "''"
        for c in text
    )
    return f"'{shown}'"


def same(a: str, b: str) -> bool:
    """Equal, floats to 1e-12 of the larger: sums of floats depend on the order of rows."""
    if a == b:
        return True
    if a[:1] == b[:1] == "[" or a[:1] == b[:1] == "{":
        x, y = a[1:-1].split(", "), b[1:-1].split(", ")
        return len(x) == len(y) and all(same(m, n) for m, n in zip(x, y, strict=True))
    if not ({"e", "."} & set(a) and {"e", "."} & set(b)) or a[:1] in "'x" or b[:1] in "'x":
        return False
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return abs(x - y) <= 1e-12 * max(abs(x), abs(y))
