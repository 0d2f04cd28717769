"""Moments on Athena: read from text, moved by microseconds, counted in them.

Trino's intervals and date functions know milliseconds only, so what is finer is added as the last
digits of a text: https://trino.io/docs/406/functions/datetime.html#interval-functions
"""

from __future__ import annotations

from penstock.dialects.portable.warehouses.athena.binding import bound

_SPACELESS = "replace(trim(BOTH ' ' FROM {0}), 'T', ' ')"
# What is beyond microseconds is cut off; its own cast would round it.
READ_TIMESTAMP = f"substr({_SPACELESS}, 1, 26)"
_CUT = f"regexp_replace({_SPACELESS}, '([.][0-9]{{{{6}}}})[0-9]+', '$1')"
_ZONE = "(Z|[+-][0-9][0-9]:[0-9][0-9])$"
READ_INSTANT = f"(CASE WHEN regexp_like({{0}}, '{_ZONE} *') THEN {_CUT} ELSE {_CUT} || ' UTC' END)"


def thousandths(moment: str) -> str:
    """Microseconds beyond the millisecond, 0 to 999, of a timestamp."""
    return f"CAST(substr(CAST({moment} AS VARCHAR), -3) AS BIGINT)"


def micros(moment: str) -> str:
    """Microseconds since 1970 of a timestamp."""
    start = "TIMESTAMP '1970-01-01 00:00:00.000'"
    whole = f"date_diff('millisecond', {start}, date_trunc('millisecond', {moment}))"
    return f"({whole} * 1000 + {thousandths(moment)})"


def of_micros(number: str) -> str:
    """The timestamp of microseconds since 1970."""
    rest = f"(({number} % 1000 + 1000) % 1000)"
    start = "TIMESTAMP '1970-01-01 00:00:00.000'"
    moved = f"({start} + (({number} - {rest}) / 1000) * INTERVAL '0.001' SECOND)"
    return (
        f"CAST(concat(CAST({moved} AS VARCHAR), lpad(CAST({rest} AS VARCHAR), 3, '0'))"
        " AS TIMESTAMP(6))"
    )


# Products of a written interval and a number, which may be large: those of `date_add` may not.
ADDS = {
    "months": "({0} + ({1}) * INTERVAL '1' MONTH)",
    "days": "({0} + ({1}) * INTERVAL '1' DAY)",
    "milliseconds": "({0} + ({1}) * INTERVAL '0.001' SECOND)",
    "microseconds": bound("({1} + " + micros("{0}") + ")", of_micros("{x}")),
    "microseconds of an instant": "with_timezone("
    + bound(
        "({1} + " + micros("CAST({0} AT TIME ZONE 'UTC' AS TIMESTAMP(6))") + ")", of_micros("{x}")
    )
    + ", 'UTC')",
}
