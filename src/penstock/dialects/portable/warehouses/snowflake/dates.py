"""Snowflake's dates and times. Nothing here depends on WEEK_START or TIMEZONE of the session.

https://docs.snowflake.com/en/sql-reference/functions-date-time
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.calendar import MICROSECONDS, MONTHS
from penstock.dialects.portable.functions.dates import (
    PARTS,
    TRUNCATED,
    boundaries,
    moment,
    truncated,
    whole_units,
    years_start,
)
from penstock.dialects.portable.warehouses.plain import calendar

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_YEARS = {"decade": (0, 10), "century": (99, 100), "millennium": (999, 1000)}
NAIVE = "CAST(CONVERT_TIMEZONE('UTC', {0}) AS TIMESTAMP_NTZ(6))"
"""An instant as the clock of UTC: https://docs.snowflake.com/en/sql-reference/functions/convert_timezone"""
INSTANT = "CAST(TO_TIMESTAMP_LTZ(DATE_PART('EPOCH_MICROSECOND', {0}), 6) AS TIMESTAMP_LTZ(6))"
"""A clock of UTC as an instant; a cast would take the session's zone."""


def clock(call: Call, number: int = 0) -> str:
    """An argument as a timestamp, an instant as that of UTC."""
    if call.types[number] == "timestamptz":
        return NAIVE.format(call.args[number])
    return moment(call, number)


def day_name(sql: str) -> str:
    """The English name of a timestamp's weekday: DAYNAME gives three letters."""
    return calendar.day_name(f"DAYOFWEEKISO({sql})")


def month_name(sql: str) -> str:
    """The English name of a timestamp's month."""
    return calendar.month_name(f"MONTH({sql})")


def part(name: str, sql: str) -> str:
    """A part of a timestamp, a whole number.

    DAYOFWEEK and WEEK follow the session's WEEK_START, their ISO namesakes do not:
    https://docs.snowflake.com/en/sql-reference/functions/year
    """
    if name in _YEARS:
        more, many = _YEARS[name]
        return f"FLOOR((YEAR({sql}) + {more}) / {many})"
    if name in ("millisecond", "microsecond"):
        minute = MICROSECONDS["minute"]
        fine = f"MOD(MOD(DATE_PART('EPOCH_MICROSECOND', {sql}), {minute}) + {minute}, {minute})"
        return fine if name == "microsecond" else f"FLOOR({fine} / 1000)"
    templates = {
        "dayofweek": "MOD(DAYOFWEEKISO({0}), 7)",
        "isodow": "DAYOFWEEKISO({0})",
        "week": "WEEKISO({0})",
        "isoyear": "YEAROFWEEKISO({0})",
        "yearweek": "(YEAROFWEEKISO({0}) * 100 + WEEKISO({0}))",
        "era": "CASE WHEN {0} IS NOT NULL THEN 1 END",
    }
    return templates.get(name, f"{name.upper()}({{0}})").format(sql)


def _part(name: str) -> Rendering:
    return lambda call: call.cast(part(name, clock(call)))


def _monday(sql: str) -> str:
    """Midnight of the Monday at or before a timestamp."""
    return f"DATEADD('DAY', 1 - DAYOFWEEKISO({sql}), DATE_TRUNC('DAY', {sql}))"


def start(word: str, sql: str) -> str:
    """The start of the period that a timestamp lies in."""
    if word == "week":
        return _monday(sql)
    if word == "isoyear":
        fourth = f"CAST(DATE_FROM_PARTS(YEAROFWEEKISO({sql}), 1, 4) AS TIMESTAMP_NTZ(6))"
        return _monday(fourth)
    if word in _YEARS:
        return f"DATE_FROM_PARTS({years_start(word, f'YEAR({sql})')}, 1, 1)"
    return f"DATE_TRUNC('{word.upper()}', {sql})"


def _trunc(call: Call) -> str:
    made = f"CAST({start(truncated(call), clock(call, 1))} AS TIMESTAMP_NTZ(6))"
    return INSTANT.format(made) if call.type == "timestamptz" else made


def _diff(call: Call) -> str:
    # It counts boundaries: https://docs.snowflake.com/en/sql-reference/functions/datediff
    word, a, b = boundaries(call), clock(call, 1), clock(call, 2)
    if word == "week":
        made = f"DATEDIFF('DAY', {_monday(a)}, {_monday(b)}) / 7"
    elif word in _YEARS or word == "isoyear":
        made = f"{part(word, b)} - {part(word, a)}"
    else:
        made = f"DATEDIFF('{word.upper()}', {a}, {b})"
    return call.cast(made)


def _elapsed(call: Call) -> str:
    kind, each = whole_units(call)
    a, b = clock(call, 1), clock(call, 2)
    if kind == "microseconds":
        made = f"DATEDIFF('MICROSECOND', {a}, {b})"
        return call.cast(f"({made} - MOD({made}, {each})) / {each}" if each > 1 else made)
    low, high = f"LEAST({a}, {b})", f"GREATEST({a}, {b})"
    months = f"DATEDIFF('MONTH', {low}, {high})"
    late = f"DATEADD('MONTH', {months}, {low}) > {high}"
    count = f"({months} - CASE WHEN {late} THEN 1 ELSE 0 END)"
    sign = f"CASE WHEN {a} > {b} THEN -1 ELSE 1 END"
    return call.cast(f"{sign} * FLOOR({count} / {each})")


def _made(call: Call) -> str:
    # DATE_FROM_PARTS takes the 13th month for the next year's first: the text must be a date.
    # https://docs.snowflake.com/en/sql-reference/functions/date_from_parts
    return date_of(call, call.args)


def date_of(call: Call, args: tuple[str, ...]) -> str:
    """A date of year, month and day that fails where there is none."""
    year, month, day = args[:3]
    text = " || '-' || ".join(
        f"LPAD(TO_VARCHAR({a}), {n}, '0')" for a, n in ((year, 4), (month, 2), (day, 2))
    )
    fails = call.engine.failing("no such date in the years 1 to 9999", text, "date")
    return (
        f"(CASE WHEN {year} NOT BETWEEN 1 AND 9999 OR {month} NOT BETWEEN 1 AND 12"
        f" OR {day} NOT BETWEEN 1 AND 31 THEN {fails} ELSE TO_DATE({text}, 'YYYY-MM-DD') END)"
    )


FUNCTIONS = {
    **{f.name: {"time_like": _part(f.name)} for f in PARTS},
    "date_trunc": {"varchar, naive | varchar, timestamptz": _trunc},
    "date_diff": {"varchar, naive, naive | varchar, timestamptz, timestamptz": _diff},
    "date_sub": {"varchar, naive, naive | varchar, timestamptz, timestamptz": _elapsed},
    "last_day": {"time_like": lambda call: f"LAST_DAY({clock(call)})"},
    "dayname": {"time_like": lambda call: day_name(clock(call))},
    "monthname": {"time_like": lambda call: month_name(clock(call))},
    "make_date": {"whole, whole, whole": _made},
    "date": {"time_like": lambda call: f"CAST({clock(call)} AS DATE)"},
}
"""Function → what it takes → its rendering."""
assert set(MONTHS) | set(MICROSECONDS) < set(TRUNCATED)
