"""Dates as text and text as dates on Redshift.

https://docs.aws.amazon.com/redshift/latest/dg/r_FORMAT_strings.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.formats import SHOWN, canonical, plan, reading
from penstock.dialects.portable.warehouses.plain.calendar import day_name, month_name
from penstock.dialects.portable.warehouses.plain.formats import shown
from penstock.dialects.portable.warehouses.redshift.dates import (
    TRY_CAST,
    UTC,
    clock,
    part,
    weekday,
)
from penstock.dialects.portable.warehouses.redshift.patterns import alone, found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call


def _text(name: str, width: int = 0) -> Callable[[str], str]:
    """A part as text, with zeros in front where it has a width."""

    def made(sql: str) -> str:
        number = f"CAST({part(name, sql)} AS VARCHAR(11))"
        return f"LPAD({number}, {width}, '0')" if width else number

    return made


def _twelve(sql: str) -> str:
    return f"CAST(({part('hour', sql)} + 11) % 12 + 1 AS VARCHAR(11))"


def _day(sql: str) -> str:
    return day_name(weekday(sql))


def _month(sql: str) -> str:
    return month_name(part("month", sql))


def _half(sql: str) -> str:
    hour = part("hour", sql)
    return f"CASE WHEN {hour} < 12 THEN 'AM' WHEN {hour} >= 12 THEN 'PM' END"


_TOKENS: Mapping[str, str | Callable[[str], str]] = {
    "Y": "YYYY",
    "y": "YY",
    "m": "MM",
    "-m": _text("month"),
    "d": "DD",
    "-d": _text("day"),
    "H": "HH24",
    "-H": _text("hour"),
    "I": "HH12",
    "-I": _twelve,
    "M": "MI",
    "-M": _text("minute"),
    "S": "SS",
    "-S": _text("second"),
    "f": "US",
    "g": "MS",
    "p": _half,
    "a": lambda x: f"LEFT({_day(x)}, 3)",
    "A": _day,
    "b": lambda x: f"LEFT({_month(x)}, 3)",
    "h": lambda x: f"LEFT({_month(x)}, 3)",
    "B": _month,
    "j": _text("dayofyear", 3),
    "-j": _text("dayofyear"),
    "u": _text("isodow"),
    "w": _text("dayofweek"),
    "V": "IW",
    "G": "IYYY",
}
assert set(_TOKENS) == set(SHOWN)


def _read(call: Call, text: str) -> str:
    how, x = plan(call, text), call.args[0]
    made, ahead = canonical(
        call,
        how,
        lambda pattern, n: f"REGEXP_SUBSTR({x}, {call.string(alone(pattern, n))}, 1, 1, 'ep')",
        "STRPOS({0}, {1})",
        "INTEGER",
    )
    naive = TRY_CAST.format(made, "TIMESTAMP")
    if ahead:
        naive = UTC.format(f"DATEADD(minute, - {ahead}, {naive})")
    whole = call.string(f"^(?:{how.pattern})\\z")
    return f"(CASE WHEN {found(x, whole)} THEN {naive} END)"


FUNCTIONS = {
    "strftime": {
        "time_like, varchar | varchar, time_like": shown(_TOKENS, clock, "TO_CHAR({0}, {1})")
    },
    "try_strptime": {"varchar, written": reading(_read, strict=False)},
    "strptime": {"varchar, written": reading(_read, strict=True)},
}
"""Function → what it takes → its rendering."""
