"""A pipeline's trigger in the words of Amazon EventBridge Scheduler.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: six fields, days of the
week from 1 (Sunday), and `?` in one of the two fields for days.
"""

from __future__ import annotations

from penstock.errors import BuildError

_MINUTE = 60
_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))
# Field → lowest, highest.
_RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def cron_expression(text: str) -> str:
    """Five-field cron, as Scheduler takes it.

    Raises:
        BuildError: it names days of the month and days of the week; Scheduler takes one of them.

    >>> cron_expression("15 2 * * *"), cron_expression("*/20 8-18/5 * * MON-FRI")
    ('cron(15 2 * * ? *)', 'cron(0,20,40 8,13,18 ? * MON-FRI *)')
    >>> cron_expression("0 6 * * 0,5-7")
    'cron(0 6 ? * 1,6,7,1 *)'
    """
    minute, hour, day, month, weekday = text.split()
    if day != "*" and weekday != "*":
        raise BuildError(
            f"the schedule `{text}` names days of the month and days of the week, "
            "and EventBridge takes one of them",
            code="PSK-BLD-006",
            hint="put `*` in one of the two",
        )
    fields = [_field("minute", minute), _field("hour", hour)]
    if weekday == "*":
        fields += [_field("day", day), _field("month", month), "?"]
    else:
        fields += ["?", _field("month", month), _field("weekday", weekday)]
    return f"cron({' '.join(fields)} *)"


def rate_expression(seconds: int) -> str:
    """A rhythm of whole minutes.

    >>> rate_expression(900), rate_expression(3600), rate_expression(172800)
    ('rate(15 minutes)', 'rate(1 hour)', 'rate(2 days)')
    """
    minutes = seconds // _MINUTE
    for size, unit in _UNITS:
        if minutes % size == 0:
            count = minutes // size
            return f"rate({count} {unit}{'s' if count != 1 else ''})"
    raise AssertionError(seconds)


def _field(name: str, text: str) -> str:
    return text if text == "*" else ",".join(_item(name, item) for item in text.split(","))


def _item(name: str, item: str) -> str:
    span, _, step = item.partition("/")
    first, _, last = span.partition("-")
    low, high = _RANGES[name]
    if not step and not (name == "weekday" and first.isdigit()):
        return item.upper()
    if span == "*":
        start, end = low, 6 if name == "weekday" else high
    elif not first.isdigit():
        raise BuildError(
            f"`{item}` steps through names, which EventBridge does not",
            code="PSK-BLD-006",
            hint="write the days or months out, with commas",
        )
    else:
        start = int(first)
        end = int(last) if last else (high if step else start)
    found = range(start, end + 1, int(step or 1))
    return ",".join(str(n % 7 + 1 if name == "weekday" else n) for n in found)
