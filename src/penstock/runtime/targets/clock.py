"""The time as versions note it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """Now: UTC, ISO 8601 with `Z`, microseconds."""
    return as_text(datetime.now(UTC))


def as_text(moment: datetime) -> str:
    """A moment with its timezone, likewise.

    >>> as_text(datetime.fromtimestamp(0, UTC))
    '1970-01-01T00:00:00.000000Z'
    """
    told = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return told.replace("+00:00", "Z")
