"""How often a cron expression starts something, against counting every minute of a year."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from penstock.cost.cadence import starts_per_day


@pytest.mark.parametrize(
    ("cron", "in_a_year"),
    [
        ("15 2 * * *", 365),
        ("*/15 * * * *", 365 * 96),
        ("0,30 8-17 * * MON-FRI", 20 * 261),  # 2027 has 261 weekdays
        ("0 0 1 * *", 12),
        ("0 0 31 * *", 7),
        ("0 6 1 JAN,JUL *", 2),
        ("5/20 * * * *", 365 * 24 * 3),
        ("0 12 * * 7", 52),
        ("0 12 * * SUN", 52),
    ],
)
def test_starts_of_a_year(cron: str, in_a_year: int):
    assert starts_per_day(cron) * 365 == pytest.approx(in_a_year)


def test_day_of_month_or_of_week_where_both_are_given():
    day, either = datetime(2027, 1, 1), 0  # noqa: DTZ001
    while day.year == 2027:
        either += day.day == 13 or day.isoweekday() == 5
        day += timedelta(days=1)
    assert starts_per_day("0 0 13 * FRI") * 365 == pytest.approx(either)
