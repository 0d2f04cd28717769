"""Why a text is not a value of a type, in the reader's words.

The same rules as the SQL of `exact.py`, one value at a time: there they find the records, here
they explain them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.types import Type

_NUMBER = re.compile(r"\s*([+-]?)([0-9_]*)(?:\.([0-9_]*))?(?:[eE]([+-]?[0-9]+))?\s*", re.ASCII)
_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_DATE = re.compile(r"\s*([0-9]{1,6})([-/])[0-9]{1,2}\2[0-9]{1,2}(.*)", re.ASCII | re.DOTALL)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written.

    Attributes:
        decimal: the decimal separator.
        thousands: what groups digits; empty: nothing.
    """

    decimal: str = "."
    thousands: str = ""

    def plain(self, text: str) -> str:
        """A number's text with `.` as its separator and no groups."""
        if self.thousands:
            text = text.replace(self.thousands, "")
        if self.decimal != ".":
            # In this style a full stop is no separator: `1.5` is not a number.
            text = text.replace(".", "?").replace(self.decimal, ".")
        return text


def why_not(text: str, kind: Type, style: NumberStyle | None = None) -> str | None:
    """Why `text` is not a value of the type; None: it is, as far as can be told here.

    >>> from penstock.types import parse
    >>> why_not("1.555", parse("decimal(10,2)"))
    '1.555 has 3 fraction digits, and decimal(10,2) keeps 2'
    >>> why_not("1.500", parse("decimal(10,2)"))
    >>> why_not("1.5", parse("integer"))
    '1.5 is not a whole number'
    """
    if kind.name in _LIMITS or kind.name == "decimal":
        return _number(text, kind, style or NumberStyle())
    if kind.name == "double":
        return _double(text, style or NumberStyle())
    if kind.name == "date":
        return _date(text)
    return None


def not_a(text: str, kind: Type) -> str:
    """The plain reason.

    >>> from penstock.types import parse
    >>> not_a("abc", parse("integer"))
    '"abc" is not an integer'
    """
    name = str(kind)
    article = "an" if name[0] in "aeiou" else "a"
    return f'"{shown(text)}" is not {article} {name}'


def shown(text: str) -> str:
    """A value short enough for a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _number(text: str, kind: Type, style: NumberStyle) -> str | None:
    found = _NUMBER.fullmatch(style.plain(text))
    if not found or not (found[2] or found[3]):
        return not_a(text, kind)
    whole, part = (found[2] or "").replace("_", ""), (found[3] or "").replace("_", "")
    exponent = int(found[4] or 0)
    digits = (whole + part).strip("0") and (whole + part).rstrip("0").lstrip("0")
    if not digits:
        return None
    scale = len(part) - exponent - (len(whole + part) - len((whole + part).rstrip("0")))
    precision, keeps = kind.numbers or (0, 0)
    if scale > keeps:
        if kind.name != "decimal":
            return f"{shown(text.strip())} is not a whole number"
        return f"{shown(text.strip())} has {scale} fraction digits, and {kind} keeps {keeps}"
    size = len(digits) - scale  # digits before the decimal point
    if kind.name == "decimal":
        fits = size <= precision - keeps
    else:
        value = int(digits) * 10**-scale if size <= 20 else 2**70
        limit = _LIMITS[kind.name]
        fits = -limit <= (-value if found[1] == "-" else value) < limit
    return None if fits else f"{shown(text.strip())} is out of the range of {kind}"


def _double(text: str, style: NumberStyle) -> str | None:
    plain = style.plain(text).strip().lower().lstrip("+-")
    if plain in {"nan", "inf", "infinity"}:
        return None
    try:
        value = float(plain)
    except ValueError:
        return f'"{shown(text)}" is not a double'
    return f"{shown(text.strip())} is out of the range of double" if value == float("inf") else None


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    if found and re.search(r"[1-9]", found[3]) and ":" in found[3]:
        return f'"{shown(text.strip())}" has a time of day, and a date keeps none'
    return None
