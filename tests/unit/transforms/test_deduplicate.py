"""deduplicate: one row of each key, the same one every time."""

from __future__ import annotations

from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def test_the_first_by_order_is_kept(chains, table):
    made = chains.run(
        "- deduplicate: {keys: [k], order_by: [n desc]}",
        table("k varchar, n integer", [("a", 1), ("a", 3), ("a", None), ("b", 2)]),
    )
    assert (sorted(made.rows), made.aside["deduplicated"]) == ([("a", 3), ("b", 2)], 2)


def test_nulls_come_last_unless_said_otherwise(chains, table):
    rows = table("k integer, n integer", [(1, None), (1, 5)])
    assert chains.run("- deduplicate: {keys: [k], order_by: [n]}", rows).rows == [(1, 5)]
    first = "- deduplicate: {keys: [k], order_by: [n desc nulls first]}"
    assert chains.run(first, rows).rows == [(1, None)]


def test_null_keys_agree_with_each_other(chains, table):
    made = chains.run(
        "- deduplicate: {keys: [k, j], order_by: [n]}",
        table("k integer, j varchar, n integer", [(None, "x", 1), (None, "x", 2), (1, None, 3)]),
    )
    assert sorted(made.rows, key=repr) == [(1, None, 3), (None, "x", 1)]


def test_without_keys_whole_rows_are_compared(chains, table):
    for steps in ("- deduplicate: {}", "- deduplicate:", "- deduplicate: {keys: [n, k]}"):
        made = chains.run(steps, table("k integer, n integer", [(1, 2), (1, 2), (None, 2)] * 2))
        assert sorted(made.rows, key=repr) == [(1, 2), (None, 2)]
        assert made.aside["deduplicated"] == 4


def test_an_expression_may_order(chains, table):
    made = chains.run(
        "- deduplicate: {keys: [k], order_by: [abs(n - $aim)]}",
        table("k integer, n integer", [(1, 1), (1, 9), (1, 6)]),
        variables="{aim: 7}",
    )
    assert made.rows == [(1, 6)]


def test_only_repeated_keys_are_ordered(chains, table):
    made = chains.run("- deduplicate: {keys: [k], order_by: [n]}", table("k integer, n integer"))
    first, second, *_ = made.statement.stages
    assert "GROUP BY" in first.sql
    assert "SEMI JOIN" in second.sql
    windows = [s for s in made.statement.stages if "OVER" in s.sql]
    assert len(windows) == 1
    assert f'SEMI JOIN "{made.statement.stages[2].name}"' in windows[0].sql


def test_what_follows_reads_the_rows_that_were_kept(chains, table):
    made = chains.run(
        "- derive: {k: upper(k)}\n- deduplicate: {keys: [k], order_by: [n]}\n- filter: n > 1\n"
        "- derive: {m: n * 2}\n- deduplicate: {keys: [m]}",
        table("k varchar, n integer", [("a", 1), ("A", 2), ("b", 2), ("c", 2), ("d", 5)]),
    )
    assert made.aside == {"filtered": 1, "deduplicated": 2}
    assert sorted(made.rows) == [("B", 2, 4), ("D", 5, 10)]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("- deduplicate: {keys: [kk]}", "PSK-STEP-010"),
        ("- deduplicate: {keys: [k], order_by: [nn desc]}", "PSK-SQL-102"),
        ("- deduplicate: {keys: [k], order_by: [sum(n)]}", "PSK-STEP-014"),
        ("- deduplicate: {key: [k]}", "PSK-STEP-021"),
    ],
)
def test_wrong_options_are_refused(chains, table, steps, code):
    (error,) = chains.refused(steps, table("k integer, n integer"))
    assert error.code == code


values = st.one_of(st.none(), st.integers(0, 2))
rows = st.lists(st.tuples(values, st.one_of(st.none(), st.sampled_from("ab")), values), max_size=12)
orders = st.lists(
    st.tuples(
        st.sampled_from(["k", "s", "n"]), st.booleans(), st.sampled_from(["", "first", "last"])
    ),
    max_size=3,
    unique_by=lambda o: o[0],
)


@settings(max_examples=30)
@given(rows=rows, keys=st.sets(st.sampled_from(["k", "s", "n"]), min_size=1), order=orders)
def test_it_keeps_what_a_plain_sort_would(tmp_path_factory, make_chains, table, rows, keys, order):
    """Against the definition in Python: sort each group, take the first."""
    entries = [
        f"{name}{' desc' if down else ''}{f' nulls {nulls}' if nulls else ''}"
        for name, down, nulls in order
    ]
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    listed = f"keys: [{', '.join(sorted(keys))}], order_by: {entries}".replace("'", '"')
    made = chains.run(
        f"- deduplicate: {{{listed}}}", table("k integer, s varchar, n integer", rows)
    )
    names = ["k", "s", "n"]
    terms = [(names.index(n), down, nulls == "first") for n, down, nulls in order]
    terms += [(i, False, False) for i, n in enumerate(names) if n not in {o[0] for o in order}]
    groups: dict[tuple, list[tuple]] = {}
    for row in rows:
        groups.setdefault(tuple(row[names.index(k)] for k in sorted(keys)), []).append(row)
    kept = [min(group, key=cmp_to_key(_comparer(terms))) for group in groups.values()]
    assert sorted(map(repr, made.rows)) == sorted(map(repr, kept))
    assert made.aside["deduplicated"] == len(rows) - len(kept)


def _comparer(terms):
    def compare(left, right):
        for i, down, nulls_first in terms:
            a, b = left[i], right[i]
            if a == b:
                continue
            if a is None or b is None:
                return -1 if (a is None) == nulls_first else 1
            return (-1 if a < b else 1) * (-1 if down else 1)
        return 0

    return compare
