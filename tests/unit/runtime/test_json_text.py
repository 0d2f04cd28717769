"""Values written as JSON are the same values when they are read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.json_text import NoJson, text

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
TREES = st.recursive(LEAVES, lambda t: st.lists(t) | st.dictionaries(st.text(max_size=4), t))


class Kind(Enum):
    ONE = "one"


@given(TREES)
def test_what_json_has_words_for(value):
    line = text(value)
    assert "\n" not in line
    assert json.loads(line) == value


@given(st.decimals(allow_nan=False, allow_infinity=False), TREES)
def test_decimals_keep_their_digits_beside_anything(number, other):
    found = json.loads(text({"n": number, "o": other}), parse_float=Decimal, parse_int=Decimal)
    assert str(found["n"]) == str(number) or found["n"].as_tuple() == number.as_tuple()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), '"2026-01-02T03:04:05.000006+00:00"'),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), '"2026-01-02T00:00:00+02:00"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (time(3, 4), '"03:04:00"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (b"a\xff", r'"\\x61\\xff"'),
        ((1, [Decimal("1.0")]), "[1,[1.0]]"),
        (Kind.ONE, '"one"'),
        ({Kind.ONE.value: Kind.ONE}, '{"one":"one"}'),
        (float("nan"), '"NaN"'),
        (-float("inf"), '"-Infinity"'),
        (Decimal("NaN"), '"NaN"'),
        ({None: 1, 1.5: 2, True: 3, 7: 4}, '{"null":1,"1.5":2,"true":3,"7":4}'),
        ({date(2026, 1, 2): Decimal(1)}, '{"2026-01-02":1}'),
    ],
)
def test_what_json_has_no_words_for(value, written):
    assert text(value) == written


def test_what_cannot_be_written():
    for odd in (object(), [{"a": {1: print}}], {"a": Decimal(1), "b": object()}):
        with pytest.raises(NoJson):
            text(odd)
    circle: list = []
    circle.append(circle)
    with pytest.raises(NoJson):
        text(circle)
