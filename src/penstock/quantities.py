"""Durations and sizes as people write them: `26 hours`, `1 day 12 hours`, `256 MB`."""

from __future__ import annotations

import re
from decimal import Decimal

_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
_SHORT = {"s": "second", "sec": "second", "min": "minute", "m": "minute", "h": "hour",
          "hr": "hour", "d": "day", "w": "week"}  # fmt: skip
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
          "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}  # fmt: skip
_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]i?)?(b?)\s*", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_DURATION = re.compile(rf"\s*{_PART.pattern}(?:(?:\s+|\s*,\s*){_PART.pattern})*\s*")


def seconds(text: str) -> float:
    """A duration in seconds; a month counts 30 days, a year 365.

    Raises:
        ValueError: it is none.

    >>> seconds("26 hours"), seconds("1 day 12 h"), seconds("90s")
    (93600.0, 129600.0, 90.0)
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"`{text}` is not a duration")
    total = 0.0
    for number, word in _PART.findall(text):
        unit = _SHORT.get(word.lower(), word.lower().removesuffix("s"))
        if unit not in _SECONDS:
            raise ValueError(f"`{word}` is not a unit of time")
        total += float(number) * _SECONDS[unit]
    return total


def size(text: str, *, unit: bool = True) -> int:
    """A size in bytes.

    Args:
        unit: it must name one; else a number alone is bytes.

    Raises:
        ValueError: it is none.

    >>> size("256 MB"), size("1.5GiB"), size("2G")
    (256000000, 1610612736, 2000000000)
    """
    found = _SIZE.fullmatch(text)
    if not found or (unit and not found[2] and not found[3]):
        raise ValueError(f"`{text}` is not a size")
    return int(float(found[1]) * _BYTES[(found[2] or "").lower()])


def three_digits(number: float) -> str:
    """A number with three digits that count, never as a power of ten.

    >>> three_digits(1293.4), three_digits(0.000123456), three_digits(12), three_digits(84.72)
    ('1,290', '0.000123', '12', '84.7')
    """
    return f"{Decimal(f'{number:.3g}'):,f}"


def size_words(count: float) -> str:
    """Bytes as people read them: three digits, decimal units.

    >>> size_words(163_054), size_words(2.5e9), size_words(17_570e9), size_words(0)
    ('163 kB', '2.5 GB', '17.6 TB', '0 bytes')
    """
    for power, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= power * 0.9995:
            return f"{three_digits(count / power)} {unit}"
    return f"{count:.0f} bytes"
