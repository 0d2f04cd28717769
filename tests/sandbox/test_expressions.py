"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from penstock.sandbox.triggers.expressions import due

START = datetime(2026, 1, 1, tzinfo=UTC)


def fires(expression, text, zone="UTC"):
    return due(expression, datetime.fromisoformat(text), zone=zone, start=START)


@pytest.mark.parametrize(
    ("expression", "yes", "no"),
    [
        ("cron(0 6 * * ? *)", "2026-03-01T06:00:59Z", "2026-03-01T06:01:00Z"),
        ("cron(0/20 * * * ? *)", "2026-03-01T06:40:00Z", "2026-03-01T06:30:00Z"),
        ("cron(0 6 ? * MON-FRI *)", "2026-03-02T06:00:00Z", "2026-03-01T06:00:00Z"),
        ("cron(0 6 L * ? *)", "2026-02-28T06:00:00Z", "2026-02-27T06:00:00Z"),
        ("cron(0 6 1W * ? *)", "2026-03-02T06:00:00Z", "2026-03-01T06:00:00Z"),
        ("cron(0 6 ? * 3#2 *)", "2026-03-10T06:00:00Z", "2026-03-03T06:00:00Z"),
        ("cron(0 6 ? * FRIL *)", "2026-03-27T06:00:00Z", "2026-03-20T06:00:00Z"),
        ("cron(0 6 ? JAN,MAR * 2026)", "2026-03-05T06:00:00Z", "2027-03-05T06:00:00Z"),
        ("rate(15 minutes)", "2026-01-01T01:45:00Z", "2026-01-01T01:50:00Z"),
        ("rate(1 day)", "2026-01-05T00:00:00Z", "2025-12-31T00:00:00Z"),
        ("at(2026-03-01T06:00:00)", "2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z"),
    ],
)
def test_due_and_not_due(expression, yes, no):
    assert fires(expression, yes)
    assert not fires(expression, no)


def test_the_hour_that_comes_twice_is_taken_once():
    twice = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]  # both 02:30 in Berlin
    assert [fires("cron(30 2 * * ? *)", at, "Europe/Berlin") for at in twice] == [True, False]


@pytest.mark.parametrize(
    "wrong", ["daily", "rate(0 minutes)", "cron(0 6 * * * *)", "cron(61 6 * * ? *)", "rate(1 week)"]
)
def test_what_is_no_expression_is_an_error(wrong):
    with pytest.raises((ValueError, KeyError)):
        fires(wrong, "2026-01-01T00:00:00Z")
