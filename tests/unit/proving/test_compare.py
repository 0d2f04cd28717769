"""Rows compare as a multiset, values by what they mean, and a failure says which cell it is."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.program import Column
from penstock.proving.compare import Difference, compare
from penstock.proving.equality import comparable, same
from penstock.proving.show import differences

if TYPE_CHECKING:
    import random

NEW_YEAR = datetime.fromisoformat("2013-01-01")
SCHEMA = (Column("a", "integer"), Column("b", "varchar"), Column("c", "double"))

values = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from([Decimal("1.00"), Decimal("2.5"), 0.1, float("nan"), True]),
)
rows = st.lists(st.fixed_dictionaries({"a": values, "b": values, "c": values}), max_size=6)


def test_rows_in_any_order_are_the_same() -> None:
    expected = [{"a": 1}, {"a": 2}]
    assert compare(expected, [{"a": 2, "b": "x"}, {"a": 1, "b": None}], SCHEMA).equal
    assert not compare(expected, [{"a": 2}, {"a": 1}], SCHEMA, ordered=True).equal
    assert compare(expected, [{"a": 1}, {"a": 2}], SCHEMA, ordered=True).equal


def test_a_row_that_is_there_twice_must_be_expected_twice() -> None:
    found = compare([{"a": 1}], [{"a": 1}, {"a": 1}], SCHEMA)
    assert found.unexpected == [{"a": 1}]
    found = compare([{"a": 1}, {"a": 1}], [{"a": 1}], SCHEMA)
    assert found.missing == [(2, {"a": 1})]


def test_rows_that_name_different_columns_find_the_assignment_that_fits_all() -> None:
    """The first expected row fits both; taking the wrong one would leave the second without."""
    expected = [{"a": 1}, {"b": "x"}]
    found = [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}]
    assert compare(expected, found, SCHEMA).equal
    assert compare(expected, found[::-1], SCHEMA).equal


def test_a_cell_that_differs_is_named_with_its_row() -> None:
    expected = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    result = compare(expected, [{"a": 2, "b": "z"}, {"a": 1, "b": "x"}], SCHEMA)
    assert result.differences == [Difference(2, "b", "y", "z")]
    assert result.missing == []
    assert result.unexpected == []
    assert list(differences(result)) == ["expected row 2", '  b: expected "y", got "z"']


def test_rows_without_a_cell_in_common_are_missing_and_unexpected() -> None:
    expected = [{"a": 1, "b": "x"}, {"a": 5, "b": "q"}]
    result = compare(expected, [{"a": 7, "b": "r"}, {"a": 8, "b": "s"}], SCHEMA)
    assert list(differences(result)) == [
        'missing: expected row 1 {a: 1, b: "x"}',
        'missing: expected row 2 {a: 5, b: "q"}',
        'unexpected: {a: 7, b: "r"}',
        'unexpected: {a: 8, b: "s"}',
    ]


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (Decimal("1.00"), 1, True),
        (Decimal("1.005"), Decimal("1.01"), False),
        (0.1 + 0.2, 0.3, True),
        (0.3, Decimal("0.3"), True),
        (0.3, 0.3001, False),
        (float("nan"), float("nan"), True),
        (None, None, True),
        (None, "", False),
        (None, 0, False),
        (True, 1, False),
        ("1", 1, False),
        (date(2013, 1, 1), NEW_YEAR, False),
        ([1, None], [Decimal(1), None], True),
        ({"a": 1}, {"a": 2}, False),
    ],
)
def test_values_compare_by_what_they_mean(a: object, b: object, equal: bool) -> None:
    assert same(a, b) is equal
    assert same(b, a) is equal


def test_instants_compare_whatever_their_zone() -> None:
    utc = datetime(2013, 1, 1, 5, tzinfo=UTC)
    paris = utc.astimezone(timezone(timedelta(hours=1)))
    assert comparable(utc) == comparable(paris) == NEW_YEAR.replace(hour=5)


def test_json_compares_by_its_content() -> None:
    schema = [Column("j", "json")]
    expected = [{"j": comparable('{"b": 1.50, "a": [1]}', "json")}]
    assert compare(expected, [{"j": '{"a":[1],"b":1.5}'}], schema).equal


@given(rows, st.randoms())
def test_rows_equal_themselves_in_any_order(found: list[dict], shuffle: random.Random) -> None:
    expected = [dict(row) for row in found]
    shuffle.shuffle(expected)
    assert compare(expected, found, SCHEMA).equal


@given(rows, rows)
def test_equal_means_that_some_order_of_the_rows_is_equal(a: list[dict], b: list[dict]) -> None:
    def alike(x: dict, y: dict) -> bool:
        return all(same(x[k], y[k]) for k in x)

    by_hand = len(a) == len(b) and any(
        all(alike(x, y) for x, y in zip(a, order, strict=True))
        for order in itertools.permutations(b)
    )
    assert compare(a, b, SCHEMA).equal is by_hand


@given(rows, rows)
def test_every_row_is_accounted_for(expected: list[dict], found: list[dict]) -> None:
    result = compare(expected, found, SCHEMA)
    paired = {d.row for d in result.differences}
    missing = {number for number, _ in result.missing}
    assert not paired & missing
    assert len(expected) - len(missing) == len(found) - len(result.unexpected)


def test_many_rows_are_compared_without_trying_every_pair() -> None:
    expected = [{"a": i, "c": i / 3} for i in range(20_000)]
    found = [{"a": i, "b": "x", "c": i / 3 * (1 + 1e-13)} for i in reversed(range(20_000))]
    assert compare(expected, found, SCHEMA).equal
