"""Values as JSON that keeps them: the digits of decimals, the offsets of times, bytes.

What JSON has no word for becomes a text that the readers of JSON files take for the same value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class NoJson(TypeError):
    """A value that is no record, nor part of one."""


class _Exact(Exception):  # no error: the slow way is to be taken
    """The quick encoder would change a value."""


def _quickly(value: Any) -> Any:
    if isinstance(value, Decimal):
        raise _Exact
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    return value.value if isinstance(value, Enum) else _word(value)


_quick = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_quickly
)


def text(value: Any) -> str:
    r"""A value as one line of JSON.

    Raises:
        NoJson: it is of a kind that there is no text for, or holds itself.

    >>> text({"a": Decimal("1.10"), "b": [date(2026, 1, 31), b"h\x00"], "c": float("inf")})
    '{"a":1.10,"b":["2026-01-31","\\\\x68\\\\x00"],"c":"Infinity"}'
    >>> text({1: None, "é": True})
    '{"1":null,"é":true}'
    """
    try:
        return _quick.encode(value)
    except (_Exact, ValueError, TypeError):  # a key of another kind, not a number, a circle
        pass
    try:
        return _slow(value)
    except RecursionError as error:
        raise NoJson("it holds itself, or is nested too deep") from error


def _slow(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = (f"{_plain.encode(_key(k))}:{_slow(v)}" for k, v in value.items())
        return "{" + ",".join(inside) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ",".join(map(_slow, value)) + "]"
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else _plain.encode(str(value))
    if isinstance(value, float) and not math.isfinite(value):
        return _plain.encode(
            "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        )
    if value is None or isinstance(value, (str, bool, int, float)):
        return _plain.encode(value.value if isinstance(value, Enum) else value)
    return _plain.encode(_word(value)) if not isinstance(value, Enum) else _slow(value.value)


def _word(value: Any) -> str:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "".join(f"\\x{byte:02x}" for byte in bytes(value))
    raise NoJson(f"a value of the kind `{type(value).__name__}` has no place in a record")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, (bool, float)) or key is None:
        return str(json.dumps(key))
    return str(key) if isinstance(key, int) else _word(key)
