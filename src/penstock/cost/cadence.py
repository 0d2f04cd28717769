"""How often a trigger starts a run."""

from __future__ import annotations

from datetime import date, timedelta

_ENDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = (
    (),
    (),
    (),
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"),
)
_YEAR = 2027
"""Any common year: a leap day is a start in four years."""


def starts_per_day(cron: str) -> float:
    """How often a five-field cron expression starts something, as a mean over a year.

    As cron has it, where day of the month and day of the week are both given either will do.

    >>> starts_per_day("15 2 * * *"), starts_per_day("*/15 8-17 * * *")
    (1.0, 40.0)
    >>> round(starts_per_day("0 6 * * MON-FRI") * 7)
    5
    """
    words = cron.split()
    minutes, hours, days, months, weekdays = (
        _values(word, *ends, names) for word, ends, names in zip(words, _ENDS, _NAMES, strict=True)
    )
    week = {day % 7 for day in weekdays}
    either = not words[2].startswith("*") and not words[4].startswith("*")
    matching = 0
    day = date(_YEAR, 1, 1)
    while day.year == _YEAR:
        by_date, by_week = day.day in days, day.isoweekday() % 7 in week
        right = by_date or by_week if either else by_date and by_week
        matching += day.month in months and right
        day += timedelta(days=1)
    return len(minutes) * len(hours) * matching / 365


def _values(word: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    found: set[int] = set()
    for item in word.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else _number(first, low, names)
        end = high if first == "*" or (step and not last) else begin
        end = _number(last, low, names) if last else end
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def _number(word: str, low: int, names: tuple[str, ...]) -> int:
    return low + names.index(word.upper()) if word.upper() in names else int(word)
