"""Values and types of Trino's protocol, as Athena shows them.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

_OTHERS = {"real": "float"}


def athena_type(signature: dict[str, Any]) -> str:
    """The name of a type.

    >>> athena_type({"rawType": "real", "arguments": []})
    'float'
    """
    raw = str(signature["rawType"])
    return _OTHERS.get(raw, raw)


def text(value: Any, signature: dict[str, Any]) -> str | None:
    """A value, which JSON brought.

    >>> text([1, None], {"rawType": "array", "arguments": [{"value": {"rawType": "integer"}}]})
    '[1, null]'
    """
    if value is None:
        return None
    raw = signature["rawType"]
    if raw == "boolean":
        return str(value).lower()
    if raw in {"double", "real"}:
        return _number(value)
    if raw == "varbinary":
        return base64.b64decode(value).hex(" ")
    inner = [a["value"] for a in signature.get("arguments", ())]
    if raw == "array":
        return "[" + ", ".join(_inside(v, inner[0]) for v in value) + "]"
    if raw == "map":
        key = {"rawType": "varchar"}  # keys of JSON are texts
        pairs = (f"{_inside(k, key)}={_inside(v, inner[1])}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if raw == "row":
        named = zip(inner, value, strict=True)
        fields = (f"{_name(f)}={_inside(v, f['typeSignature'])}" for f, v in named)
        return "{" + ", ".join(fields) + "}"
    return str(value)


def _name(field: dict[str, Any]) -> str:
    return str((field.get("fieldName") or {}).get("name", ""))


def _inside(value: Any, signature: dict[str, Any]) -> str:
    shown = text(value, signature)
    return "null" if shown is None else shown


def _number(value: float | str) -> str:
    """As Java writes it.

    >>> [_number(v) for v in (1.0, 0.001, 1e7, 1.5e-05, "NaN", -0.0)]
    ['1.0', '0.001', '1.0E7', '1.5E-5', 'NaN', '-0.0']
    """
    if isinstance(value, str):  # NaN, Infinity
        return value
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    power = exponent + len(digits) - 1
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{power}"
