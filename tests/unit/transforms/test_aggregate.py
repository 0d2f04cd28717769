"""aggregate: one row for each group."""

from __future__ import annotations

from decimal import Decimal

import pytest


def test_groups_and_measures(chains, table):
    made = chains.run(
        "- aggregate: {by: [k], measures: {rows: count(*), total: sum(n), top: max(n)}}",
        table("k varchar, n integer", [("a", 1), ("a", 2), (None, 5)]),
    )
    assert sorted(made.rows, key=repr) == [("a", 2, Decimal(3), 2), (None, 1, Decimal(5), 5)]
    assert made.schema == {
        "k": "varchar", "rows": "bigint", "total": "decimal(38,0)", "top": "integer",
    }  # fmt: skip
    assert not made.statement.row_by_row
    assert made.statement.lineage == {
        "k": [["rows", "k"]], "rows": [], "total": [["rows", "n"]], "top": [["rows", "n"]],
    }  # fmt: skip


def test_groups_may_be_computed_and_named_like_a_column(chains, table):
    made = chains.run(
        "- aggregate: {by: {k: upper(k), half: n % 2}, measures: {rows: count(*)}}\n"
        "- filter: rows > 1",
        table("k varchar, n integer", [("a", 1), ("A", 3), ("b", 1)]),
    )
    assert made.rows == [("A", 1, 2)]
    assert made.aside["filtered"] == 1


def test_without_groups_there_is_one_row(chains, table):
    made = chains.run("- aggregate: {measures: {rows: count(*)}}", table("k varchar"))
    assert made.rows == [(0,)]


def test_filtered_rows_are_not_counted(chains, table):
    made = chains.run(
        "- derive: {m: n * 2}\n- filter: m > 2\n- aggregate: {by: [m], measures: {rows: count(*)}}",
        table("n integer", [(1,), (2,), (2,)]),
    )
    assert made.rows == [(4, 2)]


@pytest.mark.parametrize(
    ("options", "code", "marked"),
    [
        ("{by: [kk], measures: {rows: count(*)}}", "PSK-STEP-010", "kk"),
        ("{by: [k], measures: {rows: n + 1}}", "PSK-STEP-014", "n + 1"),
        ("{by: [k], measures: {rows: sum(nn)}}", "PSK-SQL-102", "nn"),
        ("{by: [k], measures: {k: count(*)}}", "PSK-STEP-016", "k"),
        ("{by: [k], measures: {r: row_number() over ()}}", "PSK-STEP-018", "row_number() over ()"),
        ("{by: {x: sum(n)}}", "PSK-STEP-014", "sum(n)"),
        ("{group_by: [k]}", "PSK-STEP-021", "group_by"),
        ("{}", "PSK-STEP-025", "{}"),
    ],
)
def test_what_is_no_aggregate_is_refused(chains, table, options, code, marked):
    (error,) = chains.refused(f"- aggregate: {options}", table("k varchar, n integer"))
    line = f"      - aggregate: {options}"
    assert (error.code, line[error.span.column - 1 : error.span.end_column - 1]) == (code, marked)
