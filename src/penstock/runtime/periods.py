"""Lengths of time in the options of connectors: `30 seconds`, `10 minutes`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = {"s": 1, "second": 1, "minute": 60, "min": 60, "hour": 3600, "h": 3600}
_PERIOD = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(s|min|h|second|minute|hour)s?")


class Period(str):
    """A length of time as people write it: `30 seconds`, `10 minutes`."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """How the compiler's models check it. A core schema is plain data: nothing is imported."""
        checked = {"type": "no-info", "function": cls.checked}
        return {"type": "function-after", "function": checked, "schema": handler(str)}

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if it is a length of time.

        Raises:
            ValueError: it is not.
        """
        parse_period(text)
        return text


def parse_period(text: str) -> float:
    """Seconds.

    Raises:
        ValueError: it is no length of time.

    >>> parse_period("10 minutes"), parse_period("1.5s")
    (600.0, 1.5)
    """
    found = _PERIOD.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"`{text}` is not a length of time; write it as `30 seconds`")
    return float(found[1]) * _SECONDS[found[2]]
