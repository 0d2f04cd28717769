"""Redshift's moments, buckets and zones.

https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable import intervals
from penstock.dialects.portable.calendar import MICROSECONDS
from penstock.dialects.portable.functions.times import (
    guarded,
    held,
    month_bucket,
    width,
)
from penstock.dialects.portable.functions.zones import zone_of
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.redshift.dates import (
    PLUS_MICROSECONDS,
    UTC,
    clock,
    date_of,
    first_of,
    part,
)

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_FIRST = "CAST('1970-01-01 00:00:00' AS TIMESTAMP)"
_MONDAY = "CAST('2000-01-03 00:00:00' AS TIMESTAMP)"
_DAY = MICROSECONDS["day"]
_DOUBLE = "DOUBLE PRECISION"


def micros(sql: str) -> str:
    """Microseconds since 1970 of a timestamp; EXTRACT(EPOCH …) has whole seconds only."""
    return f"DATEDIFF(microsecond, {_FIRST}, {sql})"


def _below(number: str, many: int) -> str:
    """A number less what is left of it above a multiple, also below 0."""
    return f"({number} - (({number} % {many}) + {many}) % {many})"


def _epoch(call: Call) -> str:
    return f"(CAST({micros(clock(call))} AS {_DOUBLE}) / 1000000)"


def _epoch_ms(call: Call) -> str:
    return call.cast(f"{_below(micros(clock(call)), 1000)} / 1000")


def _julian(call: Call) -> str:
    return f"(CAST({micros(clock(call))} AS {_DOUBLE}) / {_DAY} + 2440588)"


def _guarded(per: int, *, naive: bool) -> Rendering:
    made = PLUS_MICROSECONDS.replace("{0}", _FIRST).replace("{1}", "{0}")
    return guarded(per, made if naive else UTC.format(made))


def _of_parts(call: Call) -> str:
    second = call.cast(call.args[5], "decimal(8,6)")
    hour, minute = call.args[3:5]
    fails = call.engine.failing("no such time of day", hour, "timestamp")
    wrong = (
        f"{hour} NOT BETWEEN 0 AND 23 OR {minute} NOT BETWEEN 0 AND 59"
        f" OR {second} NOT BETWEEN 0 AND 59.999999"
    )
    made = date_of(call)
    fine = call.cast(f"{second} * 1000000", "integer")
    for unit, count in (("hour", hour), ("minute", minute), ("microsecond", fine)):
        made = f"DATEADD({unit}, {count}, {made})"
    made = f"(CASE WHEN {wrong} THEN {fails} ELSE {made} END)"
    return UTC.format(made) if call.type == "timestamptz" else made


def _bucket(call: Call) -> str:
    months, wide = width(call)
    at = clock(call, 1)
    if months:
        number = f"({part('year', at)} * 12 + {part('month', at)} - 1)"
        floor = "({0} - (({0} % {1}) + {1}) % {1})"
        year = first_of(call.cast("{0} / 12", "integer"))
        return month_bucket(
            call, number, floor, f"DATEADD(month, {call.cast('{0} % 12', 'integer')}, {year})"
        )
    origin = clock(call, 2) if len(call.args) > 2 else _MONDAY
    since = f"DATEDIFF(microsecond, {origin}, {at})"
    made = PLUS_MICROSECONDS.format(origin, _below(since, wide))
    return held(call, UTC.format(made) if call.type == "timestamptz" else made)


def _zone(call: Call) -> str:
    """A clock in a zone; the moment of a clock only in UTC.

    Raises:
        Refusal: Redshift does not say which of two moments a clock means that shows it twice.
    """
    zone = zone_of(call)
    if call.type == "timestamptz" and zone != "'UTC'":
        raise Refusal(
            "PSK-PORT-020",
            f"a clock of {zone} as a moment cannot run on {call.engine.name}: which of two moments"
            " it means, where it shows a time twice, is not said",
            "keep moments in UTC",
        )
    at = call.args[1] if call.type == "timestamp" else clock(call, 1)
    made = f"({at} AT TIME ZONE {zone})"
    return made if zone == "'UTC'" else intervals.within(call.engine, made, call.type)


FUNCTIONS = {
    "epoch": {"time_like": _epoch},
    "epoch_ms": {"time_like": _epoch_ms, "whole": _guarded(1000, naive=True)},
    "epoch_us": {"time_like": lambda call: call.cast(micros(clock(call)))},
    "julian": {"time_like": _julian},
    "to_timestamp": {"whole | decimal": _guarded(1, naive=False)},
    "make_timestamp": {
        "whole": _guarded(1_000_000, naive=True),
        "whole, whole, whole, whole, whole, exact": _of_parts,
    },
    "make_timestamptz": {
        "whole": _guarded(1_000_000, naive=False),
        "whole, whole, whole, whole, whole, exact": _of_parts,
    },
    "time_bucket": {
        "interval, date, naive? | interval, timestamp, naive?"
        " | interval, timestamptz, timestamptz?": _bucket
    },
    "timezone": {"varchar, timestamptz | varchar, naive": _zone},
}
"""Function → what it takes → its rendering."""
