"""deduplicate: rows that are nearly the same."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NEAR = "- deduplicate: {near: {column: s, block: [b]%s}, order_by: [n]}"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("near: {column: n, block: [s]}", "PSK-STEP-061"),
        ("near: {column: s, block: [t]}", "PSK-STEP-010"),
        ("near: {column: s, block: []}", "PSK-STEP-025"),
        ("near: {column: s, block: [n]}, keys: [s]", "PSK-STEP-025"),
        ("near: {column: s, block: [n], at_most: 9}", "PSK-STEP-025"),
        ("normalised: [n]", "PSK-STEP-061"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, options, code):
    (error,) = chains.refused(f"- deduplicate: {{{options}}}", table("n integer, s varchar"))
    assert error.code == code


def test_a_block_that_is_too_large_fails_the_run(chains, table):
    rows = table("b integer, s varchar, n integer", [(1, "x", n) for n in range(4)])
    assert len(chains.run(NEAR % ", largest_block: 4", rows).rows) == 1
    with pytest.raises(duckdb.InvalidInputException, match=r"more than 3 rows.*it has 4"):
        chains.run(NEAR % ", largest_block: 3", rows)


def test_rows_that_go_are_counted_and_the_text_stays_as_it_was(chains, table):
    rows = [(1, "Jon ", 1), (1, "JOHN", 2), (2, "jon", 3)]
    made = chains.run(NEAR % "", table("b integer, s varchar, n integer", rows))
    assert sorted(made.rows) == [(1, "Jon ", 1), (2, "jon", 3)]
    assert made.aside["deduplicated"] == 1
    assert made.statement.lineage["s"] == [["rows", "s"]]


def _distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y)))
    return row[-1]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.text("abc", max_size=4)), max_size=12))
def test_it_is_the_distance_of_the_textbook(make_chains, table, tmp_path_factory, pairs):
    rows = [(b, s, n) for n, (b, s) in enumerate(pairs)]
    chains = make_chains(tmp_path_factory.mktemp("near"))
    made = chains.run(NEAR % ", at_most: 2", table("b integer, s varchar, n integer", rows))
    assert sorted(made.rows, key=lambda r: r[2]) == [
        (b, s, n)
        for b, s, n in rows
        if not any(c == b and m < n and _distance(s, t) <= 2 for c, t, m in rows)
    ]
