"""What a plain YAML scalar means: the core schema of YAML 1.2.

PyYAML's own rules are those of YAML 1.1, where `on`, `no` and `12:30` are not text.
"""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
# Python refuses to read longer whole numbers; nothing here needs them.
_MAX_DIGITS = 400


def resolve(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar.

    >>> resolve("12"), resolve("1e3"), resolve("no"), resolve("NA"), resolve("~"), resolve("TRUE")
    (12, 1000.0, 'no', 'NA', None, True)
    """
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    return _number(text)


def _number(text: str) -> int | float | str:
    if text in _NAN:
        return float("nan")
    if _INFINITY.fullmatch(text):
        return float("-inf" if text.startswith("-") else "inf")
    if len(text) <= _MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _RADIX.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
