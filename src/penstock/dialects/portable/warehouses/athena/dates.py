"""Dates and times on Athena: https://trino.io/docs/406/functions/datetime.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.calendar import MICROSECONDS, MONTHS
from penstock.dialects.portable.functions import times
from penstock.dialects.portable.functions.dates import (
    PARTS,
    boundaries,
    no_part,
    truncated,
    whole_units,
    years_start,
)
from penstock.dialects.portable.intervals import within
from penstock.dialects.portable.warehouses.athena.binding import bound
from penstock.dialects.portable.warehouses.athena.moments import micros, of_micros, thousandths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_YEARS = {"decade": (0, 10), "century": (99, 100), "millennium": (999, 1000)}
_TIME = "time_like"
_SECONDS = "date_trunc('second', {})"


def clock(call: Call, number: int = 0) -> str:
    """A moment as the timestamp of UTC: its own functions go by an instant's zone."""
    given, kind = call.args[number], call.types[number]
    if kind == "timestamptz":
        return f"CAST({given} AT TIME ZONE 'UTC' AS TIMESTAMP(6))"
    return call.cast(given, "timestamp")


def _as_given(call: Call, made: str, number: int = 0) -> str:
    """A timestamp of UTC as an instant, where the argument is one."""
    return f"with_timezone({made}, 'UTC')" if call.types[number] == "timestamptz" else made


def part_of(part: str, at: str) -> str:
    """A part of a timestamp."""
    if part in _YEARS:
        more, many = _YEARS[part]
        return f"((year({at}) + {more}) / {many})"
    templates = {
        "dayofweek": "(day_of_week({0}) % 7)",
        "isodow": "day_of_week({0})",
        "dayofyear": "day_of_year({0})",
        "isoyear": "year_of_week({0})",
        "yearweek": "(year_of_week({0}) * 100 + week({0}))",
        "era": "CASE WHEN {0} IS NOT NULL THEN 1 END",
        "millisecond": "(second({0}) * 1000 + millisecond({0}))",
        "microsecond": "(second({0}) * 1000000 + millisecond({0}) * 1000 + "
        + thousandths("{0}")
        + ")",
    }
    return templates.get(part, f"{part}({{0}})").format(at)


def _part(part: str) -> Callable[[Call], str]:
    return lambda call: call.cast(part_of(part, clock(call)))


def date_of(year: str, month: str = "1", day: str = "1") -> str:
    """A date of its parts."""
    parts = (f"CAST({p} AS VARCHAR)" for p in (year, month, day))
    y, m, d = parts
    return (
        f"CAST(lpad({y}, 4, '0') || '-' || lpad({m}, 2, '0') || '-' || lpad({d}, 2, '0') AS DATE)"
    )


def _trunc(call: Call) -> str:
    word, at = truncated(call), clock(call, 1)
    if word in _YEARS:
        start = f"date_trunc('year', {at})"
        year = f"year({at})"
        made = f"({start} - ({year} - {years_start(word, year)}) * INTERVAL '1' YEAR)"
    elif word == "isoyear":
        fourth = date_of(f"year_of_week({at})", "1", "4")
        made = f"date_trunc('week', CAST({fourth} AS TIMESTAMP(6)))"
    elif word == "microsecond":
        made = at
    else:
        made = f"date_trunc('{word}', {at})"
    return call.cast(_as_given(call, made, 1))


def _month_number(word: str, at: str) -> str:
    if word == "month":
        return f"(year({at}) * 12 + month({at}))"
    if word == "quarter":
        return f"(year({at}) * 4 + quarter({at}))"
    return part_of(word, at)


def _diff(call: Call) -> str:
    word, a, b = boundaries(call), clock(call, 1), clock(call, 2)
    if word in MONTHS or word == "isoyear":
        return f"({_month_number(word, b)} - {_month_number(word, a)})"
    if word == "microsecond":
        return f"({micros(b)} - {micros(a)})"
    x, y = (f"date_trunc('{word}', {at})" for at in (a, b))
    if word == "week":
        return f"(date_diff('day', {x}, {y}) / 7)"
    return f"date_diff('{word}', {x}, {y})"


def _sub(call: Call) -> str:
    kind, each = whole_units(call)
    a, b = clock(call, 1), clock(call, 2)
    if kind == "microseconds":
        return f"(({micros(b)} - {micros(a)}) / {each})"
    low, high = f"least({a}, {b})", f"greatest({a}, {b})"
    months = f"((year({high}) - year({low})) * 12 + month({high}) - month({low}))"
    late = f"({low} + {months} * INTERVAL '1' MONTH) > {high}"
    elapsed = f"({months} - CASE WHEN {late} THEN 1 ELSE 0 END)"
    sign = f"CASE WHEN {a} > {b} THEN -1 WHEN {a} <= {b} THEN 1 END"
    return call.cast(f"({sign}) * ({elapsed} / {each})")


def _name(of: str) -> Callable[[Call], str]:
    # It rounds what is finer than milliseconds.
    return lambda call: f"date_format(date_trunc('second', {clock(call)}), '{of}')"


def _made(call: Call) -> str:
    year, month, day = (call.cast(arg, "integer") for arg in call.args)
    fail = call.engine.failing("a date needs a year from 1 to 9999", call.args[0], "date")
    bad = f"{year} NOT BETWEEN 1 AND 9999 OR {month} NOT BETWEEN 1 AND 12"
    bad += f" OR {day} NOT BETWEEN 1 AND 31"
    known = " AND ".join(f"{p} IS NOT NULL" for p in (year, month, day))
    made = date_of(year, month, day)
    return f"(CASE WHEN NOT ({known}) THEN NULL WHEN {bad} THEN {fail} ELSE {made} END)"


def _last_day(call: Call) -> str:
    return f"last_day_of_month({call.cast(clock(call), 'date')})"


# -- since 1970 ----------------------------------------------------------------------------------


def _epoch(call: Call) -> str:
    return f"(CAST({micros(clock(call))} AS DOUBLE) / 1000000)"


def _epoch_ms(call: Call) -> str:
    start = "TIMESTAMP '1970-01-01 00:00:00.000'"
    return f"date_diff('millisecond', {start}, date_trunc('millisecond', {clock(call)}))"


def _julian(call: Call) -> str:
    day = MICROSECONDS["day"]
    return f"(CAST({micros(clock(call))} AS DOUBLE) / {day} + CAST(2440588 AS DOUBLE))"


def _of_micros(per: int) -> Callable[[Call], str]:
    """A moment of units since 1970; outside the years 1 to 9999 the query fails."""

    def render(call: Call) -> str:
        zoned = call.type == "timestamptz"
        body = of_micros("{0}")
        return times.guarded(per, f"with_timezone({body}, 'UTC')" if zoned else body)(call)

    return render


def _clock_parts(call: Call) -> str:
    parts = (
        "lpad(CAST({0} AS VARCHAR), 4, '0') || '-' || lpad(CAST({1} AS VARCHAR), 2, '0') || '-'"
        " || lpad(CAST({2} AS VARCHAR), 2, '0') || ' ' || lpad(CAST({3} AS VARCHAR), 2, '0')"
        " || ':' || lpad(CAST({4} AS VARCHAR), 2, '0') || ':'"
        " || lpad(CAST({5} AS VARCHAR), 9, '0')"
    )
    made = f"CAST({parts} AS TIMESTAMP(6))"
    if call.type == "timestamptz":
        made = f"with_timezone({made}, 'UTC')"
    return times.of_parts(made)(call)


def _bucket(call: Call) -> str:
    months, width = times.width(call)
    at = clock(call, 1)
    if months:
        floor = "({0} - ((({0} % {1}) + {1}) % {1}))"
        origin = times.month_origin(call) % months
        number = f"(year({at}) * 12 + month({at}) - 1)"
        start = f"({floor.format(f'({number} - {origin})', months)} + {origin})"
        moved = f"(DATE '2000-01-01' + ({start} - 24000) * INTERVAL '1' MONTH)"
        return times.held(call, _as_given(call, f"CAST({moved} AS TIMESTAMP(6))", 1))
    start = (
        micros(clock(call, 2))
        if len(call.args) > 2
        else str(946_857_600_000_000)  # 2000-01-03, a Monday
    )
    rest = f"((({{x}} - {start}) % {width} + {width}) % {width})"
    made = bound(micros(at), bound(f"({{x}} - {rest})", of_micros("{x}"), "y__"))
    return times.held(call, _as_given(call, made, 1))


def _zone_clock(call: Call) -> str:
    from penstock.dialects.portable.functions.zones import zone_of

    zone = zone_of(call)
    made = f"CAST({call.args[1]} AT TIME ZONE {zone} AS TIMESTAMP(6))"
    return made if zone == "'UTC'" else within(call.engine, made, call.type)


def _zone_moment(call: Call) -> str:
    """The second of two moments that a clock shows twice: Trino takes the first."""
    from penstock.dialects.portable.functions.zones import zone_of

    zone, at = zone_of(call), clock(call, 1)
    if zone == "'UTC'":
        return f"with_timezone({at}, 'UTC')"
    day = "INTERVAL '1' DAY"
    first = f"(with_timezone({at}, {zone}) AT TIME ZONE 'UTC')"
    # A time that clocks leave out it refuses; a day before and after there is none.
    second = f"((with_timezone({at} + {day}, {zone}) AT TIME ZONE 'UTC') - {day})"
    shown = f"CAST({second} AT TIME ZONE {zone} AS TIMESTAMP(6)) = {at}"
    before = f"((with_timezone({at} - {day}, {zone}) AT TIME ZONE 'UTC') + {day})"
    there = f"TRY({first}) IS NOT NULL"
    made = f"(CASE WHEN {shown} THEN {second} WHEN {there} THEN {first} ELSE {before} END)"
    return within(call.engine, made, call.type)


_UNITS = [
    "microseconds",
    "milliseconds",
    "minutes",
    "hours",
    "days",
    "weeks",
    "months",
    "quarters",
    "years",
    "decades",
    "centuries",
    "millennia",
]
_PAIR = "varchar, naive, naive | varchar, timestamptz, timestamptz"
_SIX = "whole, whole, whole, whole, whole, exact"

FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    **{f.name: {_TIME: _part(f.name)} for f in PARTS},
    "date_part": {"varchar, time_like": no_part},
    "date_trunc": {"varchar, naive | varchar, timestamptz": _trunc},
    "date_diff": {_PAIR: _diff},
    "date_sub": {_PAIR: _sub},
    "dayname": {_TIME: _name("%W")},
    "monthname": {_TIME: _name("%M")},
    "date": {_TIME: lambda call: call.cast(clock(call), "date")},
    "last_day": {_TIME: _last_day},
    "make_date": {"whole, whole, whole": _made},
    "epoch": {_TIME: _epoch},
    "epoch_ms": {_TIME: _epoch_ms, "whole": _of_micros(1000)},
    "epoch_us": {_TIME: lambda call: micros(clock(call))},
    "julian": {_TIME: _julian},
    "to_timestamp": {"whole | decimal": _of_micros(1)},
    "make_timestamp": {"whole": _of_micros(1_000_000), _SIX: _clock_parts},
    "make_timestamptz": {"whole": _of_micros(1_000_000), _SIX: _clock_parts},
    "time_bucket": {
        "interval, date, naive? | interval, timestamp, naive?"
        " | interval, timestamptz, timestamptz?": _bucket
    },
    "date_add": {"time_like, interval": times.no_value},
    **{f"to_{unit}": {"whole": times.no_value} for unit in _UNITS},
    "to_seconds": {"whole | decimal": times.no_value},
    "timezone": {"varchar, timestamptz": _zone_clock, "varchar, naive": _zone_moment},
}
