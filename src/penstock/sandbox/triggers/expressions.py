"""Schedule expressions: `at(…)`, `rate(…)` and `cron(…)`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. Cron and `at` are told
by the clock of their time zone: a time that the spring change leaves out is passed over, one that
the autumn change brings twice is taken once.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
UNITS = {"minute": 1, "hour": 60, "day": 1440}


def due(expression: str, moment: datetime, *, zone: str, start: datetime) -> bool:
    """Whether a schedule fires in a minute.

    Args:
        expression: as Scheduler and EventBridge rules have it.
        moment: with a time zone; its seconds do not count.
        zone: name of the expression's time zone.
        start: from when on a rate counts.

    Raises:
        ValueError: it is no such expression.
    """
    found = re.fullmatch(r"(at|rate|cron)\((.+)\)", expression.strip())
    if found is None:
        raise ValueError(f"`{expression}` is no schedule expression")
    kind, text = found.groups()
    minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if kind == "rate":
        return _rate(text, minute, start)
    local = minute.astimezone(ZoneInfo(zone))
    if local.fold:
        return False
    wall = local.replace(tzinfo=None)
    if kind == "at":
        return datetime.fromisoformat(text).replace(second=0) == wall
    return _cron(text, wall)


def _rate(text: str, minute: datetime, start: datetime) -> bool:
    found = re.fullmatch(r"(\d+)\s+(minute|hour|day)s?", text.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"`rate({text})` is no rate")
    step = int(found[1]) * UNITS[found[2]]
    since = minute - start.astimezone(UTC).replace(second=0, microsecond=0)
    return since >= timedelta(0) and since // timedelta(minutes=1) % step == 0


def _cron(text: str, at: datetime) -> bool:
    fields = text.upper().split()
    if len(fields) != 6:
        raise ValueError(f"`cron({text})` has {len(fields)} fields, not 6")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError(f"`cron({text})`: one of day-of-month and day-of-week must be `?`")
    return (
        at.minute in _values(minutes, 0, 59)
        and at.hour in _values(hours, 0, 23)
        and at.month in _values(months, 1, 12, MONTHS)
        and at.year in _values(years, 1970, 2199)
        and (days == "?" or at.day in _days(days, at.year, at.month))
        and (weekdays == "?" or at.day in _weekdays(weekdays, at.year, at.month))
    )


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """The values of a field of `,`, `-`, `*` and `/`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = low if first == "*" else _number(first, names)
        end = high if first == "*" or (step and not dash) else begin
        end = _number(last, names) if dash else end
        if not low <= begin <= high or not low <= end <= high or step == "0":
            raise ValueError(f"`{part}` is not within {low} and {high}")
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _days(field: str, year: int, month: int) -> set[int]:
    last = calendar.monthrange(year, month)[1]
    if field == "L":
        return {last}
    if found := re.fullmatch(r"(\d+)W", field):
        return {_working_day(year, month, min(int(found[1]), last), last)}
    return _values(field, 1, 31)


def _working_day(year: int, month: int, day: int, last: int) -> int:
    """The weekday nearest to a day, in the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _weekdays(field: str, year: int, month: int) -> set[int]:
    last = calendar.monthrange(year, month)[1]
    of = {day: date(year, month, day).isoweekday() % 7 + 1 for day in range(1, last + 1)}
    if field == "L":  # the last day of the week
        field = "SAT"
    if found := re.fullmatch(r"(\w+)#([1-5])", field):
        same = [day for day, each in of.items() if each == _number(found[1], DAYS)]
        return set(same[int(found[2]) - 1 : int(found[2])])
    if found := re.fullmatch(r"(\w+)L", field):
        return {max(day for day, each in of.items() if each == _number(found[1], DAYS))}
    wanted = _values(field, 1, 7, DAYS)
    return {day for day, each in of.items() if each in wanted}
