"""Time zones: from a moment to a wall clock and back."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.dates import moment
from penstock.dialects.portable.intervals import within
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.call import Call

FAMILY = "zones"
_FORM = re.compile(r"UTC|(?!SystemV)[A-Za-z]+(/[A-Za-z0-9_+-]+)+")

# Their clocks differ after 2000 between the releases of the tz database that the engines of the
# conformance suite bring along: laws that are new, records that were mended.
_UNLIKE = frozenset(
    """Africa/Casablanca Africa/El_Aaiun America/Asuncion America/Coyhaique America/Edmonton
    America/Inuvik America/Rainy_River America/Scoresbysund America/Vancouver America/Winnipeg
    America/Yellowknife Antarctica/Casey Antarctica/Vostok Asia/Almaty Asia/Choibalsan Asia/Gaza
    Asia/Hebron Asia/Qostanay Canada/Central Canada/East-Saskatchewan Canada/Mountain
    Canada/Pacific Europe/Chisinau Europe/Tiraspol US/Pacific-New""".split()  # noqa: SIM905
)
# The session's zone on every engine: a clock there shows what a moment says.
_UTC = "'UTC'"


@cache
def known() -> Mapping[str, str]:
    """Time zones in lower case → as they are spelled: those that DuckDB brings along.

    Only names with an area and UTC: `EST` and the like mean another thing in each engine.

    >>> known()["europe/berlin"], "est" in known()
    ('Europe/Berlin', False)
    """
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute("SELECT name FROM pg_timezone_names()").fetchall()
    return {name.lower(): name for (name,) in rows if _FORM.fullmatch(name)}


def same_everywhere() -> list[str]:
    """The zones that may be used."""
    return sorted(set(known().values()) - _UNLIKE)


def zone_of(call: Call) -> str:
    """The zone of a call as a text in the engine's SQL.

    Raises:
        Refusal: it is not written, or there is none of that name.
    """
    text = call.text(0, "the time zone")
    found = known().get(text.strip().lower())
    if found in _UNLIKE:
        raise Refusal(
            "PSK-PORT-024",
            f"engines have different releases of the rules of `{found}`",
            "keep the moment in UTC, or join a table of its offsets",
        )
    if found is None:
        raise Refusal(
            "PSK-PORT-024",
            f"there is no time zone `{text}` in the portable language",
            "use a name of the tz database: 'Europe/Berlin', 'UTC'",
        )
    return call.string(found)


def _native(call: Call) -> str:
    zone = zone_of(call)
    made = f"({moment(call, 1)} AT TIME ZONE {zone})"
    return made if zone == _UTC else within(call.engine, made, call.type)


def _spark_clock(call: Call) -> str:
    if zone_of(call) == _UTC:
        return call.cast(call.args[1])
    made = call.cast(f"from_utc_timestamp({call.args[1]}, {zone_of(call)})")
    return within(call.engine, made, call.type)


def _spark_moment(call: Call) -> str:
    # Spark takes the first of two moments that a clock shows twice, the others the second: that
    # is the one with the offset of a day later, if the clock shows this time with it.
    zone = zone_of(call)
    clock = f"CAST({moment(call, 1)} AS TIMESTAMP)"
    if zone == _UTC:
        return clock
    first = f"to_utc_timestamp({clock}, {zone})"
    second = f"(to_utc_timestamp({clock} + INTERVAL '1' DAY, {zone}) - INTERVAL '1' DAY)"
    shown = f"from_utc_timestamp({second}, {zone}) = {clock}"
    made = f"(CASE WHEN {shown} THEN {second} ELSE {first} END)"
    return within(call.engine, made, call.type)


_ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")
_FUNCTION = function(
    "timezone",
    FAMILY,
    "x AT TIME ZONE zone: of a timestamptz the wall clock there, a timestamp; of a timestamp (or"
    " date) the moment at which clocks there show it, a timestamptz. A time that clocks show twice"
    " is the second of them; one that they leave out is read with the offset before the change."
    " The zone must be written, a name of the tz database. Zones whose rules differ after"
    " 2000 between the engines' releases of that database are refused; before 2000 a few others"
    " differ by a season, and before 1970 more. Fails outside the years 1 to 9999.",
    on(
        "varchar, timestamptz",
        duckdb=_native,
        spark=_spark_clock,
        postgres=_native,
        gives="timestamp",
    ),
    on(
        "varchar, naive",
        duckdb=_native,
        spark=_spark_moment,
        postgres=_native,
        gives="timestamptz",
    ),
    cases=[
        # The first day of the year 1 in India lies before it in UTC.
        "TIMESTAMP '0001-01-01 00:00:00' AT TIME ZONE 'Asia/Kolkata'",
        "TIMESTAMPTZ '9999-12-31 23:59:59Z' AT TIME ZONE 'Asia/Kolkata'",
    ]
    + [
        f"SELECT id, {x} AT TIME ZONE '{zone}' AS v FROM t_dt WHERE id NOT IN (13, 25)"
        for zone in _ZONES
        for x in ("ts", "tz")
    ]
    + [
        # Half an hour that is shown twice, half an hour and a whole day that are left out.
        *(
            f"SELECT id, TIMESTAMP '{clock}' AT TIME ZONE '{zone}' AS v FROM t_dt WHERE id = 1"
            for clock, zone in (
                ("2024-04-07 01:45:00", "Australia/Lord_Howe"),
                ("2024-10-06 02:15:00", "Australia/Lord_Howe"),
                ("2011-12-30 12:00:00", "Pacific/Apia"),
            )
        ),
        "SELECT id, timezone('america/new_york', ts) AS v FROM t_dt WHERE id NOT IN (13, 25)",
        "SELECT id, d AT TIME ZONE 'Europe/Berlin' AS v FROM t_dt WHERE id <> 13",
        "SELECT id, ts AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Kolkata' AS v FROM t_dt WHERE id < 13",
    ],
    over="t_dt",
)

FUNCTIONS = (_FUNCTION,)
