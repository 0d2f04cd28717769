"""Durations and sizes as people write them: `26 hours`, `1 day 12 hours`, `256 MB`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from penstock.spec.refusal import refuse

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
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip
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


def size(text: str) -> int:
    """A size in bytes.

    Raises:
        ValueError: it is none.

    >>> size("256 MB"), size("1.5GiB")
    (256000000, 1610612736)
    """
    match = _PART.fullmatch(text.strip())
    if not match or match[2].lower() not in _BYTES:
        raise ValueError(f"`{text}` is not a size")
    return int(float(match[1]) * _BYTES[match[2].lower()])


def _unit(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise refuse(f"the number {value} needs a unit", hint="such as `20 minutes` or `256 MB`")
    return value


def _duration(text: str) -> str:
    try:
        positive = seconds(text) > 0
    except ValueError as error:
        raise refuse(
            str(error),
            hint="a number and a unit: seconds, minutes, hours, days, weeks, such as `26 hours`",
        ) from error
    if not positive:
        raise refuse("a duration is longer than nothing")
    return text


def _size(text: str) -> str:
    try:
        positive = size(text) > 0
    except ValueError as error:
        raise refuse(
            str(error), hint="a number and a unit: KB, MB, GB, such as `256 MB`"
        ) from error
    if not positive:
        raise refuse("a size is more than nothing")
    return text


Duration = Annotated[
    str,
    BeforeValidator(_unit),
    AfterValidator(_duration),
    Field(json_schema_extra={"examples": ["26 hours", "15 minutes"]}),
]
Size = Annotated[
    str,
    BeforeValidator(_unit),
    AfterValidator(_size),
    Field(json_schema_extra={"examples": ["256 MB"]}),
]
