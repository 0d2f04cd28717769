"""Dates and times that stand in the SQL as text: read here, so that every engine gets one spelling.

A text that is no date is refused when it is compiled, not when it runs.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from penstock.dialects.portable.families import name_of
from penstock.dialects.portable.reading import place
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.dialects.portable.rendering import Renderer

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?"
    r"( ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)


def canonical(text: str, type_name: str) -> str | None:
    """The one spelling of a written date, timestamp or timestamptz; None: it is none.

    A timestamptz is given in UTC; without an offset it is taken to be in UTC.

    >>> canonical(" 2024-02-29 ", "date"), canonical("2023-02-29", "date")
    ('2024-02-29', None)
    >>> canonical("2024-02-29T12:30", "timestamp")
    '2024-02-29 12:30:00'
    >>> canonical("2024-02-29 01:00:00.5+02:00", "timestamptz")
    '2024-02-28 23:00:00.500000+00:00'
    """
    found = _FORM.fullmatch(text.strip(" "))
    if found is None:
        return None
    year, month, day, hour, minute, second, part, offset = found.groups()
    if (type_name == "date" and hour) or (type_name != "timestamptz" and offset):
        return None
    try:
        if type_name == "date":
            return date(int(year), int(month), int(day)).isoformat()
        moment = datetime.fromisoformat(
            f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
            f".{(part or '').ljust(6, '0')}{_offset(offset)}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(sep=" ").removesuffix("" if type_name == "timestamptz" else "+00:00")


def _offset(text: str | None) -> str:
    digits = (text or "").strip().replace(":", "")
    if digits in ("", "Z", "UTC"):
        return "+00:00"
    return f"{digits[:3]}:{digits[3:] or '00'}"


def moment(to: Renderer, node: exp.Expr, type_name: str) -> str:
    """A literal as a date, timestamp or timestamptz in the engine's SQL.

    Raises:
        Refusal: its text is no such thing.
    """
    text, kind = str(node.this), name_of(type_name)
    made = canonical(text, kind)
    if made is None:
        forms = {"date": "'2024-02-29'", "timestamp": "'2024-02-29 12:34:56.789'"}
        offset, length = place(node)
        raise Refusal(
            "PSK-PORT-027",
            f"'{text}' is no {kind}",
            f"write it as {forms.get(kind, chr(39) + '2024-02-29 12:34:56+00:00' + chr(39))}",
            offset,
            length,
        )
    return f"CAST({to.engine.string(made)} AS {to.engine.type_name(kind)})"
