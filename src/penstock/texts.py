"""The texts that are read as numbers, booleans, dates and times: one grammar for every engine.

Each engine reads more than the others in one place or another (DuckDB takes `1.5` for a whole
number, PostgreSQL `tru` for a boolean and `epoch` for a date, Spark `1d` for a double). A text
outside the grammar fails the cast everywhere, or is NULL in TRY_CAST. Spaces around are allowed.
"""

from __future__ import annotations

import datetime as dt
import re

_NUMBER = "([0-9]+([.][0-9]*)?|[.][0-9]+)"
_POWER = "([eE][+-]?[0-9]{1,3})?"
# Years 0001 to 9999: the range that every engine has.
_YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_DATE = f"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MINUTES = "([01][0-9]|2[0-3]):[0-5][0-9]"
_SECONDS = ":[0-5][0-9]([.][0-9]{1,9})?"
_ZONE = "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"

WHOLE = "[+-]?0*[0-9]{1,19}"
DECIMAL = f"[+-]?{_NUMBER}"
FINITE = f"[+-]?{_NUMBER}{_POWER}"
# Doubles that need no look at their size.
SPECIAL = f"[+-]?(0+([.]0*)?|[.]0+){_POWER}|[+-]?[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN]"
DATE = _DATE
TIMESTAMP = f"{_DATE}([ T]{_MINUTES}({_SECONDS})?)?"
TIMESTAMPTZ = f"{_DATE}([ T]{_MINUTES}({_SECONDS}{_ZONE}?)?)?"
TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")

OF = {
    "smallint": WHOLE,
    "integer": WHOLE,
    "bigint": WHOLE,
    "decimal": DECIMAL,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamptz": TIMESTAMPTZ,
}
"""Type → its grammar, without the spaces around."""
WORDS = {
    "smallint": "a whole number",
    "integer": "a whole number",
    "bigint": "a whole number",
    "decimal": "a decimal number",
    "double": "a number",
    "boolean": "a boolean",
    "date": "a date",
    "timestamp": "a timestamp",
    "timestamptz": "a timestamp with a zone",
}


def spaced(pattern: str) -> str:
    """A grammar with spaces around."""
    return f" *({pattern}) *"


def reads(text: str, type_name: str) -> bool:
    """Whether a text that is written in the SQL is surely read as a type.

    >>> reads("12", "integer"), reads("1.5", "integer"), reads("2023-02-29", "date")
    (True, False, False)
    """
    if type_name == "double":
        if re.fullmatch(spaced(SPECIAL), text) is not None:
            return True
        if re.fullmatch(spaced(FINITE), text) is None:
            return False
        size: float = abs(float(text))
        return 1e-300 < size < 1e300
    if type_name not in OF or re.fullmatch(spaced(OF[type_name]), text) is None:
        return False
    if type_name in {"smallint", "integer", "bigint"}:
        bits = {"smallint": 15, "integer": 31, "bigint": 63}[type_name]
        return -(1 << bits) <= int(text) < 1 << bits
    if type_name == "decimal":
        return False
    try:
        dt.date.fromisoformat(text.strip(" ")[:10])
    except ValueError:
        return False
    return len(text.strip(" ")) <= 26 or type_name == "timestamptz"
