"""Snowflake's moments, buckets and zones.

https://docs.snowflake.com/en/sql-reference/functions-conversion
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
from penstock.dialects.portable.warehouses.snowflake.dates import INSTANT, NAIVE, clock, date_of

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_DAY = MICROSECONDS["day"]


def micros(sql: str) -> str:
    """Microseconds since 1970 of a timestamp."""
    return f"DATE_PART('EPOCH_MICROSECOND', {sql})"


def _epoch(call: Call) -> str:
    return f"(CAST({micros(clock(call))} AS DOUBLE) / 1000000)"


def _epoch_ms(call: Call) -> str:
    made = micros(clock(call))
    return call.cast(f"({made} - MOD(MOD({made}, 1000) + 1000, 1000)) / 1000")


def _julian(call: Call) -> str:
    return f"(CAST({micros(clock(call))} AS DOUBLE) / {_DAY} + 2440588)"


def _of_parts(call: Call) -> str:
    second = call.cast(call.args[5], "decimal(8,6)")
    hour, minute = call.args[3:5]
    fails = call.engine.failing("no such time of day", hour, "timestamp")
    wrong = (
        f"{hour} NOT BETWEEN 0 AND 23 OR {minute} NOT BETWEEN 0 AND 59"
        f" OR {second} NOT BETWEEN 0 AND 59.999999"
    )
    made = f"CAST({date_of(call, call.args)} AS TIMESTAMP_NTZ(6))"
    micros = call.cast(f"{second} * 1000000", "bigint")
    for unit, count in (("HOUR", hour), ("MINUTE", minute), ("MICROSECOND", micros)):
        made = f"DATEADD('{unit}', {count}, {made})"
    made = f"(CASE WHEN {wrong} THEN {fails} ELSE {made} END)"
    return INSTANT.format(made) if call.type == "timestamptz" else made


def _bucket(call: Call) -> str:
    months, wide = width(call)
    at = clock(call, 1)
    if months:
        number = f"(YEAR({at}) * 12 + MONTH({at}) - 1)"
        return month_bucket(
            call,
            number,
            "({0} - MOD(MOD({0}, {1}) + {1}, {1}))",
            f"DATE_FROM_PARTS({call.cast('FLOOR({0} / 12)', 'integer')}, MOD({{0}}, 12) + 1, 1)",
        )
    origin = (
        micros(clock(call, 2)) if len(call.args) > 2 else str(946_857_600_000_000)
    )  # Monday 2000-01-03
    value = micros(at)
    ahead = f"MOD(MOD({value} - {origin}, {wide}) + {wide}, {wide})"
    kind = "LTZ" if call.type == "timestamptz" else "NTZ"
    return held(call, f"TO_TIMESTAMP_{kind}({value} - {ahead}, 6)")


def _zone(call: Call) -> str:
    """A clock in a zone; the moment of a clock only in UTC.

    Raises:
        Refusal: Snowflake does not say which of two moments a clock means that shows it twice.
    """
    zone = zone_of(call)
    if call.type == "timestamp":
        made = f"CAST(CONVERT_TIMEZONE({zone}, {call.args[1]}) AS TIMESTAMP_NTZ(6))"
        return made if zone == "'UTC'" else intervals.within(call.engine, made, call.type)
    if zone != "'UTC'":
        raise Refusal(
            "PSK-PORT-020",
            f"a clock of {zone} as a moment cannot run on {call.engine.name}: which of two moments"
            " it means, where it shows a time twice, is not said",
            "keep moments in UTC",
        )
    return INSTANT.format(clock(call, 1))


def _guarded(kind: str, per: int) -> Rendering:
    return guarded(per, f"CAST(TO_TIMESTAMP_{kind}({{}}, 6) AS TIMESTAMP_{kind}(6))")


FUNCTIONS = {
    "epoch": {"time_like": _epoch},
    "epoch_ms": {"time_like": _epoch_ms, "whole": _guarded("NTZ", 1000)},
    "epoch_us": {"time_like": lambda call: call.cast(micros(clock(call)))},
    "julian": {"time_like": _julian},
    # https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
    "to_timestamp": {"whole | decimal": _guarded("LTZ", 1)},
    "make_timestamp": {
        "whole": _guarded("NTZ", 1_000_000),
        "whole, whole, whole, whole, whole, exact": _of_parts,
    },
    "make_timestamptz": {
        "whole": _guarded("LTZ", 1_000_000),
        "whole, whole, whole, whole, whole, exact": _of_parts,
    },
    "time_bucket": {
        "interval, date, naive? | interval, timestamp, naive?"
        " | interval, timestamptz, timestamptz?": _bucket
    },
    "timezone": {"varchar, timestamptz | varchar, naive": _zone},
}
"""Function → what it takes → its rendering."""
__all__ = ["FUNCTIONS", "NAIVE", "micros"]
