"""rename, select, drop, cast, derive, filter, nulls, standardize."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest


def test_rename_swaps_two_columns_and_keeps_the_order(chains, table):
    made = chains.run("- rename: {a: b, b: a}", table("a integer, b varchar", [(1, "x")]))
    assert (made.schema, made.rows) == ({"b": "integer", "a": "varchar"}, [(1, "x")])


def test_rename_written_the_other_way_round_is_told(chains, table):
    (error,) = chains.refused("- rename: {new: a}", table("a integer"))
    assert (error.code, error.hint) == (
        "PSK-STEP-010",
        "a rename is written `old: new`; did you mean `a: new`?",
    )
    assert str(error.span) == "pipeline.yaml:13:18"


def test_rename_onto_a_column_that_stays_is_refused(chains, table):
    (error,) = chains.refused("- rename: {a: B}", table("a integer, b integer"))
    assert error.code == "PSK-STEP-016"


def test_select_gives_the_order_and_drop_takes_away(chains, table):
    rows = table("a integer, b integer, c integer", [(1, 2, 3)])
    assert chains.run("- select: [c, a]", rows).rows == [(3, 1)]
    assert chains.run("- drop: b", rows).rows == [(1, 3)]
    assert chains.run("- drop: [a, c]", rows).rows == [(2,)]


def test_dropping_everything_is_refused(chains, table):
    (error,) = chains.refused("- drop: [a]", table("a integer"))
    assert error.code == "PSK-STEP-017"


def test_unknown_columns_are_told_all_at_once_with_the_near_name(chains, table):
    errors = chains.refused("- select: [carier, flght]", table("carrier varchar, flight integer"))
    assert [e.hint for e in errors] == ["did you mean `carrier`?", "did you mean `flight`?"]
    assert [e.span.column for e in errors] == [18, 26]


def test_cast_in_its_long_form_reads_dates_and_turns_bad_values_into_null(chains, table):
    made = chains.run(
        "- cast: {d: {type: date, format: '%d/%m/%Y'}, n: {type: integer, on_error: null}}",
        table("d varchar, n varchar", [("03/02/2013", "7"), (None, "x")]),
    )
    assert made.schema == {"d": "date", "n": "integer"}
    assert made.rows == [(dt.date(2013, 2, 3), 7), (None, None)]


def test_cast_fails_the_run_unless_told_otherwise(chains, table):
    with pytest.raises(duckdb.ConversionException):
        chains.run("- cast: {n: integer}", table("n varchar", [("x",)]))


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("- cast: {n: date}", "PSK-STEP-019"),
        ("- cast: {n: {type: integer, format: '%Y'}}", "PSK-STEP-019"),
        ("- cast: {s: {type: date, format: '%Q'}}", "PSK-STEP-019"),
        ("- cast: {n: intger}", "PSK-TYPE-001"),
    ],
)
def test_a_cast_that_cannot_be_is_refused(chains, table, steps, code):
    (error,) = chains.refused(steps, table("n integer, s varchar"))
    assert error.code == code


def test_derive_goes_in_order_and_replaces_in_place(chains, table):
    made = chains.run(
        "- derive: {a: a + 1, twice: a * 2, more: twice + $step}",
        table("a integer, b integer", [(1, 9)]),
        variables="{step: 10}",
    )
    assert made.rows == [(2, 9, 4, 14)]
    assert list(made.schema) == ["a", "b", "twice", "more"]


def test_derive_casts_to_a_type_of_penstock(chains, table):
    made = chains.run("- derive: {total: sum(n) over ()}", table("n integer", [(1,), (2,)]))
    assert made.schema["total"] == "decimal(38,0)"
    assert made.rows[0][1] == Decimal(3)


@pytest.mark.parametrize(
    ("expression", "code", "column"),
    [
        ("sum(n)", "PSK-STEP-014", 1),
        ("unnest([1, 2])", "PSK-STEP-012", 1),
        ("(select 1)", "PSK-STEP-013", 1),
        ("n in (select 1)", "PSK-STEP-013", 1),
        ("n as m", "PSK-STEP-011", 1),
        ("n, n", "PSK-STEP-011", 1),
        ("n) from x where (n", "PSK-STEP-011", 1),
        ("interval 1 day", "PSK-TYPE-010", 1),
        ("n +", "PSK-SQL-101", 3),
        ("n + nn", "PSK-SQL-102", 5),
        ("n + upper(n)", "PSK-SQL-104", 5),
        ("fooo(n)", "PSK-SQL-103", 1),
        ("n > $lat", "PSK-SQL-117", 5),
    ],
)
def test_an_expression_that_cannot_be_is_refused_at_its_place(
    chains, table, expression, code, column
):
    steps = f"- derive:\n    x: {expression}"
    (error,) = chains.refused(steps, table("n integer"), variables="{late: 1}")
    assert (error.code, error.span.line) == (code, 14)
    assert error.span.column == len("          x: ") + column


def test_a_comma_that_yaml_took_is_explained(chains, table):
    (error,) = chains.refused("- derive: {x: coalesce(n, 0)}", table("n integer"))
    assert "put the expression in quotes" in error.hint


def test_an_error_does_not_make_noise_downstream(chains, table):
    errors = chains.refused(
        "- derive: {x: nope, y: x + 1, z: upper(y)}\n- filter: x > 0\n- select: [x, b]",
        table("n integer"),
    )
    assert [(e.code, e.message) for e in errors] == [
        ("PSK-SQL-102", "no column named `nope`"),
        ("PSK-STEP-010", "no column named `b` at this step"),
    ]


def test_filter_removes_false_and_null_and_counts_them(chains, table):
    made = chains.run("- filter: n > 0", table("n integer", [(1,), (0,), (None,)]))
    assert (made.rows, made.aside["filtered"]) == ([(1,)], 2)


def test_a_filter_is_about_truth(chains, table):
    (error,) = chains.refused("- filter: n", table("n integer"))
    assert error.code == "PSK-STEP-018"


def test_a_window_sees_the_rows_before_a_later_filter(chains, table):
    made = chains.run(
        "- derive: {place: row_number() over (order by n)}\n- filter: n > 1",
        table("n integer", [(1,), (2,), (3,)]),
    )
    assert sorted(made.rows) == [(2, 2), (3, 3)]


def test_a_window_sees_the_rows_after_an_earlier_filter(chains, table):
    made = chains.run(
        "- filter: n > 1\n- derive: {place: row_number() over (order by n)}",
        table("n integer", [(1,), (2,), (3,)]),
    )
    assert sorted(made.rows) == [(2, 1), (3, 2)]


def test_what_is_random_is_computed_once(chains, table):
    made = chains.run(
        "- derive: {r: random()}\n- derive: {same: r = r, again: r - r}\n"
        "- filter: r <= 0.5 or r > 0.5\n- drop: r",
        table("n integer", [(1,)] * 50),
    )
    assert set(made.rows) == {(1, True, 0.0)}
    assert made.statement.stages[0].materialize


def test_what_is_random_does_not_decide_which_rows_go(chains, table):
    for steps in ("- filter: random() > 0.5", "- deduplicate: {keys: [n], order_by: [random()]}"):
        (error,) = chains.refused(steps, table("n integer, m integer"))
        assert error.code == "PSK-STEP-043"


def test_nulls_are_filled_before_rows_are_dropped(chains, table):
    made = chains.run(
        "- nulls: {fill: {n: 0, s: none}, drop_rows: [d]}",
        table(
            "n decimal(8,2), s varchar, d date", [(None, None, dt.date(2013, 1, 1)), (1, "a", None)]
        ),
    )
    assert made.rows == [(Decimal("0.00"), "none", dt.date(2013, 1, 1))]
    assert made.aside["filtered"] == 1
    assert made.schema["n"] == "decimal(8,2)"


@pytest.mark.parametrize(
    "fill", ["{n: x}", "{n: 0.5}", "{d: 2013-02-30}", "{s: 0}", "{b: 1}", "{n: true}"]
)
def test_a_fill_value_is_exactly_of_the_columns_type(chains, table, fill):
    (error,) = chains.refused(
        f"- nulls: {{fill: {fill}}}", table("n integer, d date, s varchar, b boolean")
    )
    assert error.code == "PSK-STEP-040"


def test_standardize_does_what_it_says_in_the_order_written(chains, table):
    made = chains.run(
        """
- standardize:
    a: [trim, squeeze, upper]
    b: {case: title}
    c: [{replace: {"-": " ", x: y}}, squeeze]
""",
        table(
            "a varchar, b varchar, c varchar",
            [("\t a  b\u00a0\n", "nEW yORK", "p--q x"), (None, "", None)],
        ),
    )
    assert made.rows == [("A B", "New York", "p q y"), (None, "", None)]


def test_standardize_is_about_text(chains, table):
    (error,) = chains.refused("- standardize: {n: trim}", table("n integer"))
    assert (error.code, error.hint) == ("PSK-STEP-042", "cast it first: `cast: {n: varchar}`")


def test_columns_of_any_name_go_through(chains, table):
    made = chains.run(
        """
- rename: {"a b": "select"}
- derive: {"it's": '"select" + 1'}
- filter: '"select" > 0'
- deduplicate: {keys: [select], order_by: ["it's desc"]}
""",
        table('"a b" integer, X integer', [(1, 2), (1, 2), (0, 1)]),
    )
    assert made.rows == [(1, 2, 2)]
    assert made.aside == {"filtered": 1, "deduplicated": 1}


def test_neighbouring_row_steps_become_one_select(chains, table):
    made = chains.run(
        "- standardize: {s: trim}\n- derive: {m: n + 1}\n- filter: n > 0\n- drop: n",
        table("n integer, s varchar", [(1, "a ")]),
    )
    assert [(s.step, s.effect) for s in made.statement.stages] == [("filter", "filtered")]
    assert made.statement.stages[0].sql.count("SELECT") == 1


def test_variables_are_values_not_text(chains, table):
    made = chains.run(
        "- filter: s = $wanted",
        table("s varchar", [("a' or true --",), ("b",)]),
        variables='{wanted: "a\' or true --"}',
    )
    assert made.rows == [("a' or true --",)]
