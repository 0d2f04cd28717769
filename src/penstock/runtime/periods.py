"""Lengths of time in the options of connectors: `30 seconds`, `10 minutes`."""

from __future__ import annotations

from penstock.quantities import seconds
from penstock.runtime.option_text import OptionText


class Period(OptionText):
    """A length of time as people write it: `30 seconds`, `10 minutes`."""

    __slots__ = ()

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
    try:
        return seconds(text)
    except ValueError as error:
        raise ValueError(f"{error}; write it as `30 seconds`") from error
