"""English names of days and months, written out: no session's language counts."""

from __future__ import annotations

_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def _chosen(number: str, words: list[str]) -> str:
    branches = " ".join(f"WHEN {i} THEN '{w}'" for i, w in enumerate(words, 1))
    return f"CASE {number} {branches} END"


def day_name(number: str) -> str:
    """The name of a weekday by its number, Monday is 1."""
    return _chosen(number, _DAYS)


def month_name(number: str) -> str:
    """The name of a month by its number."""
    return _chosen(number, _MONTHS)
