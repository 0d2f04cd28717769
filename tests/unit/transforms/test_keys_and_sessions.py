"""surrogate_key and sessionize: what is refused, and what holds for any rows."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = "n integer, x double, s varchar, at timestamp, z timestamptz"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("surrogate_key: {name: k, keys: [x]}", "PSK-STEP-034"),
        ("surrogate_key: {name: k, keys: [z]}", "PSK-STEP-034"),
        ("surrogate_key: {name: k, keys: [m]}", "PSK-STEP-010"),
        ("surrogate_key: {name: N, keys: [s]}", "PSK-STEP-016"),
        ("sessionize: {time: s, gap: 1 hour}", "PSK-STEP-061"),
        ("sessionize: {time: at, gap: 1 hour, session: n}", "PSK-STEP-016"),
        ("sessionize: {time: at, gap: 1 hour, by: [at]}", "PSK-STEP-016"),
        ("sessionize: {time: at, gap: 30}", "PSK-STEP-025"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, step, code):
    (error,) = chains.refused(f"- {step}", table(COLUMNS))
    assert error.code == code


TEXT = st.none() | st.text("-:1a\\", max_size=3)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), unique=True, min_size=1, max_size=20))
def test_no_two_rows_of_different_values_share_a_key(make_chains, table, tmp_path_factory, rows):
    chains = make_chains(tmp_path_factory.mktemp("keys"))
    made = chains.run(
        "- surrogate_key: {name: k, keys: [a, b]}", table("a varchar, b varchar", rows)
    )
    assert len({key for _, _, key in made.rows}) == len(rows)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=15))
def test_sessions_are_those_of_a_walk_through_time(make_chains, table, tmp_path_factory, minutes):
    chains = make_chains(tmp_path_factory.mktemp("sessions"))
    begin = dt.datetime(2013, 1, 1)  # noqa: DTZ001  # a timestamp without a zone
    rows = [(begin + dt.timedelta(minutes=m),) for m in minutes]
    made = chains.run("- sessionize: {time: at, gap: 30 min}", table("at timestamp", rows))
    expected, number, last, since = [], 0, None, None
    for (at,) in sorted(rows):
        if last is None or at - last > dt.timedelta(minutes=30):
            number, since = number + 1, at
        last = at
        expected.append((at, number, since))
    assert sorted(made.rows) == expected
