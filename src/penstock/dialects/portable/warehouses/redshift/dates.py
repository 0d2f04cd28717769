"""Redshift's dates and times.

https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.dates import (
    PARTS,
    boundaries,
    moment,
    truncated,
    whole_units,
    years_start,
)
from penstock.dialects.portable.warehouses.plain.calendar import day_name, month_name

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_YEARS = {"decade": (0, 10), "century": (99, 100), "millennium": (999, 1000)}
UTC = "({0} AT TIME ZONE 'UTC')"
"""An instant as the clock of UTC, and such a clock as an instant.

https://docs.aws.amazon.com/redshift/latest/dg/r_AT_TIME_ZONE.html
"""
# Numbers of 32 bits, one after the other: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
PLUS_MICROSECONDS = (
    "DATEADD(microsecond, CAST(({1}) % 1000000 AS INTEGER),"
    " DATEADD(second, CAST(({1}) / 1000000 % 86400 AS INTEGER),"
    " DATEADD(day, CAST(({1}) / 86400000000 AS INTEGER), {0})))"
)
"""A timestamp and microseconds."""
TRY_CAST = "TRY_CAST(NULLIF({0}, '') AS {1})"
"""NULL for a text without a form of the type; an empty one must not come to TRY_CAST.

https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html
"""


def clock(call: Call, number: int = 0) -> str:
    """An argument as a timestamp, an instant as that of UTC."""
    if call.types[number] == "timestamptz":
        return UTC.format(call.args[number])
    return moment(call, number)


def _extracted(name: str, sql: str) -> str:
    """A part by EXTRACT, whose type the page says is one of whole numbers for these."""
    return f"CAST(EXTRACT({name} FROM {sql}) AS INTEGER)"


def weekday(sql: str) -> str:
    """A timestamp's weekday, Monday is 1 and Sunday 7."""
    return f"(({_extracted('DOW', sql)} + 6) % 7 + 1)"


def part(name: str, sql: str) -> str:
    """A part of a timestamp, a whole number.

    Weeks are ISO's by a format: https://docs.aws.amazon.com/redshift/latest/dg/r_FORMAT_strings.html
    """
    if name in _YEARS:
        more, many = _YEARS[name]
        return f"(({_extracted('YEAR', sql)} + {more}) / {many})"
    since = f"DATEDIFF(microsecond, DATE_TRUNC('minute', {sql}), {sql})"
    week, year = (f"CAST(TO_CHAR({sql}, '{form}') AS INTEGER)" for form in ("IW", "IYYY"))
    templates = {
        "microsecond": since,
        "millisecond": f"({since} / 1000)",
        "second": f"({since} / 1000000)",
        "dayofweek": _extracted("DOW", sql),
        "dayofyear": _extracted("DOY", sql),
        "isodow": weekday(sql),
        "week": week,
        "isoyear": year,
        "yearweek": f"({year} * 100 + {week})",
        "era": f"CASE WHEN {sql} IS NOT NULL THEN 1 END",
    }
    return templates.get(name, _extracted(name.upper(), sql))


def _part(name: str) -> Rendering:
    return lambda call: call.cast(part(name, clock(call)))


def first_of(year: str) -> str:
    """The first day of a year, a date."""
    return f"TO_DATE(LPAD(CAST({year} AS VARCHAR(4)), 4, '0') || '-01-01', 'YYYY-MM-DD')"


def start(word: str, sql: str) -> str:
    """The start of the period that a timestamp lies in; a week begins on Monday.

    https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_TRUNC.html
    """
    if word == "isoyear":
        fourth = f"DATEADD(day, 3, {first_of(part(word, sql))})"
        return f"DATE_TRUNC('week', {fourth})"
    if word in _YEARS:
        return first_of(years_start(word, _extracted("YEAR", sql)))
    return f"DATE_TRUNC('{word}', {sql})"


def _trunc(call: Call) -> str:
    made = f"CAST({start(truncated(call), clock(call, 1))} AS TIMESTAMP)"
    return UTC.format(made) if call.type == "timestamptz" else made


def _diff(call: Call) -> str:
    # It counts boundaries: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEDIFF_function.html
    word, a, b = boundaries(call), clock(call, 1), clock(call, 2)
    if word == "week":
        x, y = (f"DATE_TRUNC('week', {s})" for s in (a, b))
        made = f"DATEDIFF(day, {x}, {y}) / 7"
    elif word in _YEARS or word == "isoyear":
        made = f"{part(word, b)} - {part(word, a)}"
    else:
        made = f"DATEDIFF({word}, {a}, {b})"
    return call.cast(made)


def _elapsed(call: Call) -> str:
    kind, each = whole_units(call)
    a, b = clock(call, 1), clock(call, 2)
    if kind == "microseconds":
        return call.cast(f"DATEDIFF(microsecond, {a}, {b}) / {each}")
    low, high = (f"CASE WHEN {a} {sign} {b} THEN {a} ELSE {b} END" for sign in ("<=", ">"))
    months = f"DATEDIFF(month, {low}, {high})"
    late = f"DATEADD(month, CAST({months} AS INTEGER), {low}) > {high}"
    count = f"({months} - CASE WHEN {late} THEN 1 ELSE 0 END)"
    sign = f"CASE WHEN {a} > {b} THEN -1 WHEN {a} <= {b} THEN 1 END"
    return call.cast(f"{sign} * ({count} / {each})")


def date_of(call: Call) -> str:
    """A date of year, month and day that fails where there is none.

    TO_DATE goes on to another day unless it is told to be strict:
    https://docs.aws.amazon.com/redshift/latest/dg/r_TO_DATE_function.html
    """
    year, month, day = call.args[:3]
    text = " || '-' || ".join(
        f"LPAD(CAST({a} AS VARCHAR(11)), {n}, '0')" for a, n in ((year, 4), (month, 2), (day, 2))
    )
    fails = call.engine.failing("no such date in the years 1 to 9999", text, "date")
    return (
        f"(CASE WHEN {year} NOT BETWEEN 1 AND 9999 OR {month} NOT BETWEEN 1 AND 12"
        f" OR {day} NOT BETWEEN 1 AND 31 THEN {fails}"
        f" ELSE TO_DATE({text}, 'YYYY-MM-DD', TRUE) END)"
    )


FUNCTIONS = {
    **{f.name: {"time_like": _part(f.name)} for f in PARTS},
    "date_trunc": {"varchar, naive | varchar, timestamptz": _trunc},
    "date_diff": {"varchar, naive, naive | varchar, timestamptz, timestamptz": _diff},
    "date_sub": {"varchar, naive, naive | varchar, timestamptz, timestamptz": _elapsed},
    "last_day": {"time_like": lambda call: f"LAST_DAY({clock(call)})"},
    "dayname": {"time_like": lambda call: day_name(weekday(clock(call)))},
    "monthname": {"time_like": lambda call: month_name(part("month", clock(call)))},
    "make_date": {"whole, whole, whole": date_of},
    "date": {"time_like": lambda call: f"CAST({clock(call)} AS DATE)"},
}
"""Function → what it takes → its rendering."""
