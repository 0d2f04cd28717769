"""calendar: what is refused, and ISO weeks against Python's."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("date: s, take: [year]", "PSK-STEP-061"),
        ("date: z, take: [year]", "PSK-STEP-061"),
        ("date: dd, take: [year]", "PSK-STEP-010"),
        ("date: d, take: [yea]", "PSK-STEP-024"),
        ("date: d, take: {D: year}", "PSK-STEP-016"),
        ("date: d, take: [holiday]", "PSK-STEP-035"),
        ("date: d, take: [holiday], holidays: {from: days, date: day}", "PSK-STEP-035"),
        ("date: d, take: [is_holiday], holidays: {from: days, date: dya}", "PSK-STEP-010"),
        ("date: d, take: [is_holiday], holidays: {from: days, date: name}", "PSK-STEP-031"),
        ("date: d, take: [is_holiday], holidays: {from: dayz, date: day}", "PSK-REF-001"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, options, code):
    days = table("day date, name varchar")
    errors = chains.refused(
        f"- calendar: {{{options}}}", table("d date, s varchar, z timestamptz"), days=days
    )
    assert code in [e.code for e in errors]


def test_a_day_that_is_two_holidays_fails_the_run(chains, table):
    days = table("day date", [("2013-07-04",), ("2013-07-04",)])
    step = "- calendar: {date: d, take: [is_holiday], holidays: {from: days, date: day}}"
    with pytest.raises(duckdb.InvalidInputException, match=r"needs one row of `days`"):
        chains.run(step, table("d date", [("2013-07-04",)]), days=days)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 24)), min_size=1, max_size=20))
def test_iso_weeks_and_days_are_those_of_python(make_chains, table, tmp_path_factory, days):
    chains = make_chains(tmp_path_factory.mktemp("calendar"))
    step = "- calendar: {date: d, take: [iso_year, iso_week, weekday, day_of_year, week_start]}"
    made = chains.run(step, table("d date", [(d,) for d in days]))
    assert sorted(made.rows) == sorted(
        (
            d,
            *d.isocalendar(),
            d.timetuple().tm_yday,
            dt.date.fromordinal(d.toordinal() - d.weekday()),
        )
        for d in days
    )
