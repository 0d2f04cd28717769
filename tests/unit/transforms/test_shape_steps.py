"""pivot, unpivot, explode, flatten, nest, split, join_columns: what is refused, what fails.

What they do to rows stands in their examples.
"""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = {
    "k": "varchar",
    "n": "integer",
    "x": "double",
    "big": "bigint",
    "l": "integer[]",
    "s": "struct(a integer, b varchar)",
    "s_a": "integer",
}


@pytest.mark.parametrize(
    ("step", "code", "marked"),
    [
        ("unpivot: {columns: [nn]}", "PSK-STEP-010", "nn"),
        ("unpivot: {columns: [k, n]}", "PSK-STEP-062", "n"),
        ("unpivot: {columns: [x, big]}", "PSK-STEP-062", "big"),
        ("unpivot: {columns: [n], name: k}", "PSK-STEP-016", "k"),
        ("unpivot: {columns: [n], name: v, value: v}", "PSK-STEP-016", "v"),
        ("unpivot: {columns: {n: 1, big: two}}", "PSK-STEP-025", "{columns: {n: 1, big: two}}"),
        ("pivot: {column: kk, values: [a], measures: count(*)}", "PSK-STEP-010", "kk"),
        ("pivot: {column: n, values: [a], measures: count(*)}", "PSK-STEP-066", "a"),
        ("pivot: {column: k, values: [1], measures: count(*)}", "PSK-STEP-066", "1"),
        ("pivot: {column: k, values: [a, A], measures: count(*)}", "PSK-STEP-016", "A"),
        ("pivot: {by: [n], column: k, values: [n], measures: count(*)}", "PSK-STEP-016", "n"),
        ("pivot: {column: k, values: [a], measures: sum(n) / 2}", "PSK-STEP-063", "sum(n) / 2"),
        ("pivot: {column: k, values: ['-'], measures: count(*)}", "PSK-STEP-015", "'-'"),
        ("pivot: {column: k, measures: count(*)}", "PSK-STEP-022", "pivot"),
        ("explode: {column: k}", "PSK-STEP-061", "k"),
        ("explode: {column: l, into: n}", "PSK-STEP-016", "n"),
        ("explode: {column: l, position: l}", "PSK-STEP-016", "l"),
        ("flatten: {column: l}", "PSK-STEP-061", "l"),
        ("flatten: {column: s}", "PSK-STEP-016", "s"),
        ("nest: {into: m, columns: [kk]}", "PSK-STEP-010", "kk"),
        ("nest: {into: m}", "PSK-STEP-017", "{into: m}"),
        ("nest: {into: m, by: [k]}", "PSK-STEP-060", "[k]"),
        ("nest: {into: m, columns: [k], order_by: [n]}", "PSK-STEP-030", "[n]"),
        ("nest: {into: n, columns: [k]}", "PSK-STEP-016", "n"),
        ("split: {column: n, separator: '-', into: [a, b]}", "PSK-STEP-061", "n"),
        ("split: {column: k, separator: '', into: [a, b]}", "PSK-STEP-025", "''"),
        ("split: {column: k, separator: '-', into: [a, n]}", "PSK-STEP-016", "n"),
        ("join_columns: {columns: [k, x], into: m}", "PSK-STEP-065", "x"),
        ("join_columns: {columns: [k, n], into: big}", "PSK-STEP-016", "big"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, step, code, marked):
    (error,) = chains.refused(f"- {step}", table(COLUMNS))
    line = f"      - {step}"
    assert (error.code, line[error.span.column - 1 : error.span.end_column - 1]) == (code, marked)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            "pivot: {column: k, values: [a], measures: count(*)}",
            "the pivot of `made` has no column for `k` = b-c",
        ),
        (
            "split: {column: k, separator: '-', into: [one], surplus: fail}",
            "`k` of `made` has more than 1 parts: b-c",
        ),
    ],
)
def test_a_run_fails_with_the_value(chains, table, step, told):
    rows = table("k varchar", [("a",), ("b-c",)])
    with pytest.raises(duckdb.Error, match=told):
        chains.run(f"- {step}", rows)


def test_a_null_is_another_value_of_a_pivot(chains, table):
    with pytest.raises(duckdb.Error, match="no column for `k` = NULL"):
        chains.run(
            "- pivot: {column: k, values: [a], measures: count(*)}",
            table("k varchar", [("a",), (None,)]),
        )


def test_a_check_removes_no_rows(chains, table):
    made = chains.run(
        "- split: {column: k, separator: '-', into: [a, b], surplus: fail}",
        table("k varchar", [("a-b",), (None,)]),
    )
    assert made.statement.row_by_row
    assert made.aside == {"filtered": 0, "deduplicated": 0}


def test_where_columns_come_from(chains, table):
    made = chains.run("- unpivot: {columns: [n, s_a]}", table({**COLUMNS, "x": "integer"}))
    assert made.statement.lineage["value"] == [["rows", "n"], ["rows", "s_a"]]
    assert made.statement.lineage["name"] == []
    assert not made.statement.row_by_row
    made = chains.run("- explode: {column: l, into: e, position: p}", table(COLUMNS))
    assert made.statement.lineage["e"] == made.statement.lineage["p"] == [["rows", "l"]]
    made = chains.run("- flatten: {column: s, prefix: f_}", table(COLUMNS))
    assert made.statement.lineage["f_b"] == [["rows", "s"]]


cells = st.dictionaries(
    st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "c"])), st.integers(-5, 5), min_size=1
)


@settings(max_examples=15)
@given(cells=cells)
def test_unpivot_after_pivot_gives_the_rows_back(tmp_path_factory, make_chains, table, cells):
    rows = [(k, name, value) for (k, name), value in cells.items()]
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run(
        "- pivot: {by: [k], column: name, values: [a, b, c], measures: max(value)}\n"
        "- unpivot: {columns: [a, b, c], nulls: drop}",
        table("k integer, name varchar, value integer", rows),
    )
    assert Counter(made.rows) == Counter(rows)


pieces = st.lists(st.text(st.sampled_from("ab é"), max_size=3), min_size=1, max_size=4)


@settings(max_examples=15)
@given(texts=st.lists(pieces, min_size=1, max_size=5))
def test_a_split_text_can_be_joined_again(tmp_path_factory, make_chains, table, texts):
    rows = [("--".join(parts),) for parts in texts]
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run(
        "- split: {column: t, separator: '--', into: [a, b]}\n"
        "- join_columns: {columns: [a, b], into: t, separator: '--'}",
        table("t varchar", rows),
    )
    assert Counter(made.rows) == Counter(rows)
