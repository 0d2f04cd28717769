"""Dates as text and text as dates on Athena, by Joda's patterns.

https://trino.io/docs/406/functions/datetime.html#java-date-functions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.formats import (
    SHOWN,
    canonical,
    moment_and_format,
    plan,
    reading,
    tokens_of,
)
from penstock.dialects.portable.warehouses.athena.dates import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

# Token → Joda's pattern, or `=` and an expression over `{0}`.
_PATTERNS = {
    "Y": "yyyy",
    "y": "yy",
    "m": "MM",
    "-m": "M",
    "d": "dd",
    "-d": "d",
    "H": "HH",
    "-H": "H",
    "I": "hh",
    "-I": "h",
    "M": "mm",
    "-M": "m",
    "S": "ss",
    "-S": "s",
    "g": "SSS",
    "p": "a",
    "a": "EEE",
    "A": "EEEE",
    "b": "MMM",
    "h": "MMM",
    "B": "MMMM",
    "j": "DDD",
    "-j": "D",
    "V": "ww",
    "G": "xxxx",
    "u": "e",
    "f": "=substr(CAST({0} AS VARCHAR), -6)",
    "w": "=CAST(day_of_week({0}) % 7 AS VARCHAR)",
}


def _shown(call: Call) -> str:
    at, form = moment_and_format(call)
    sql = clock(call, at)
    pieces: list[str] = []
    for kind, value in tokens_of(call, call.text(form, "the format"), SHOWN):
        pattern = _PATTERNS[value] if kind else ""
        if not kind:
            pieces.append(call.string(value))
        elif pattern.startswith("="):
            pieces.append(pattern[1:].format(sql))
        else:
            # It rounds what is finer than milliseconds.
            cut = "millisecond" if value == "g" else "second"
            pieces.append(f"format_datetime(date_trunc('{cut}', {sql}), '{pattern}')")
    if not any("format_datetime" in p or "CAST" in p for p in pieces):
        text = " || ".join(pieces) or "''"
        return f"(CASE WHEN {sql} IS NOT NULL THEN {text} END)"
    return f"({' || '.join(pieces)})" if len(pieces) > 1 else pieces[0]


def _read_one(call: Call, text: str) -> str:
    how = plan(call, text)
    x = call.args[0]
    made, ahead = canonical(
        call,
        how,
        lambda pattern, n: (
            f"regexp_extract({x}, {call.string('^' + pattern + chr(92) + 'z')}, {n})"
        ),
        "strpos({0}, {1})",
        "INTEGER",
    )
    naive = f"TRY_CAST({made} AS TIMESTAMP(6))"
    if ahead:
        naive = f"with_timezone({naive} - ({ahead}) * INTERVAL '1' MINUTE, 'UTC')"
    guard = f"regexp_like({x}, {call.string('^' + how.pattern + chr(92) + 'z')})"
    return f"(CASE WHEN {guard} THEN {naive} END)"


FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    "strftime": {"time_like, varchar | varchar, time_like": _shown},
    "try_strptime": {"varchar, written": reading(_read_one, strict=False)},
    "strptime": {"varchar, written": reading(_read_one, strict=True)},
}
