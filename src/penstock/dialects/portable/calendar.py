"""Names of the parts of a date, and what else several modules need to know of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection

# https://duckdb.org/docs/stable/sql/functions/datepart
_WORDS = {
    "year": "y yr yrs years",
    "month": "mon mons months",
    "day": "d days dayofmonth",
    "decade": "dec decs decades",
    "century": "c cent centuries",
    "millennium": "mil mils millenniums millennia",
    "quarter": "quarters",
    "week": "w weeks weekofyear",
    "dayofweek": "dow weekday",
    "isodow": "",
    "dayofyear": "doy",
    "isoyear": "",
    "yearweek": "",
    "era": "",
    "hour": "h hr hrs hours",
    "minute": "m min mins minutes",
    "second": "s sec secs seconds",
    "millisecond": "ms msec msecs milliseconds",
    "microsecond": "us usec usecs microseconds",
    "epoch": "",
    "julian": "",
}
PART_OF = {word: part for part, words in _WORDS.items() for word in (part, *words.split())}
"""Every word for a part → its name; each name is also a function (`year(d)`)."""

MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}
"""Units that are months."""
MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
"""Units that are a number of microseconds; a day has 24 hours, in UTC."""


def unit(word: str, known: Collection[str], name: str) -> str:
    """The name of the unit that a call says.

    Args:
        known: the units it has, a container.

    Raises:
        Refusal: it is none of them.

    >>> unit("Mons", MONTHS, "date_trunc")
    'month'
    """
    found = PART_OF.get(word.strip().lower())
    if found is None or found not in known:
        names = ", ".join(sorted(known))
        raise Refusal("PSK-PORT-024", f"`{name}` has no unit `{word}`", f"it has {names}")
    return found
