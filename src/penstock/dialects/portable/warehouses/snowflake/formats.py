"""Dates as text and text as dates on Snowflake.

https://docs.snowflake.com/en/sql-reference/functions-conversion#label-date-time-format-conversion
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.formats import SHOWN, canonical, plan, reading
from penstock.dialects.portable.warehouses.plain.formats import shown
from penstock.dialects.portable.warehouses.snowflake.dates import (
    INSTANT,
    clock,
    day_name,
    month_name,
    part,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call


def _text(name: str, width: int = 0) -> Callable[[str], str]:
    """A part as text, with zeros in front where it has a width."""

    def made(sql: str) -> str:
        number = f"TO_VARCHAR({part(name, sql)})"
        return f"LPAD({number}, {width}, '0')" if width else number

    return made


# An element of a format, or an expression.
_TOKENS: Mapping[str, str | Callable[[str], str]] = {
    "Y": "YYYY",
    "y": "YY",
    "m": "MM",
    "-m": _text("month"),
    "d": "DD",
    "-d": _text("day"),
    "H": "HH24",
    "-H": _text("hour"),
    "I": lambda x: f"LPAD(TO_VARCHAR(MOD(HOUR({x}) + 11, 12) + 1), 2, '0')",
    "-I": lambda x: f"TO_VARCHAR(MOD(HOUR({x}) + 11, 12) + 1)",
    "M": "MI",
    "-M": _text("minute"),
    "S": "SS",
    "-S": _text("second"),
    "f": "FF6",
    "g": "FF3",
    "p": lambda x: f"CASE WHEN HOUR({x}) < 12 THEN 'AM' WHEN HOUR({x}) >= 12 THEN 'PM' END",
    "a": lambda x: f"LEFT({day_name(x)}, 3)",
    "A": day_name,
    "b": lambda x: f"LEFT({month_name(x)}, 3)",
    "h": lambda x: f"LEFT({month_name(x)}, 3)",
    "B": month_name,
    "j": _text("dayofyear", 3),
    "-j": _text("dayofyear"),
    "u": _text("isodow"),
    "w": _text("dayofweek"),
    "V": _text("week", 2),
    "G": _text("isoyear", 4),
}
assert set(_TOKENS) == set(SHOWN)


def counted(pattern: str) -> tuple[str, dict[int, int]]:
    """A pattern whose groups all count, and where those that counted before are.

    >>> counted("(a(?:b|c))(d)")
    ('(a(b|c))(d)', {1: 1, 2: 3})
    """
    places: dict[int, int] = {}
    count, inside, at = 0, False, 0
    made = []
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            made.append(pattern[at : at + 2])
            at += 2
            continue
        if inside:
            inside = sign != "]"
        elif sign == "[":
            inside = True
        elif sign == "(":
            count += 1
            if pattern.startswith("(?:", at):
                at += 2
            else:
                places[len(places) + 1] = count
        made.append(sign)
        at += 1
    return "".join(made), places


def _read(call: Call, text: str) -> str:
    how, x = plan(call, text), call.args[0]
    pattern, places = counted(how.pattern)
    whole = call.string(pattern)
    made, ahead = canonical(
        call,
        how,
        lambda _, n: f"REGEXP_SUBSTR({x}, {whole}, 1, 1, 'e', {places[n]})",
        "POSITION({1}, {0})",
        "INTEGER",
    )
    # https://docs.snowflake.com/en/sql-reference/functions/try_cast
    naive = f"TRY_CAST({made} AS TIMESTAMP_NTZ(6))"
    if ahead:
        naive = INSTANT.format(f"DATEADD('MINUTE', - {ahead}, {naive})")
    return f"(CASE WHEN REGEXP_LIKE({x}, {whole}) THEN {naive} END)"


FUNCTIONS = {
    "strftime": {
        "time_like, varchar | varchar, time_like": shown(
            _TOKENS, clock, "TO_CHAR(CAST({0} AS TIMESTAMP_NTZ(6)), {1})"
        )
    },
    "try_strptime": {"varchar, written": reading(_read, strict=False)},
    "strptime": {"varchar, written": reading(_read, strict=True)},
}
"""Function → what it takes → its rendering."""
