"""lookup: columns of another dataset, never more rows."""

from __future__ import annotations

import duckdb
import pytest

LOOKUP = "- lookup: {from: airports, on: {dest: faa}, take: {city: name}"


@pytest.fixture
def flights(table):
    return table("n integer, dest varchar", [(1, "SFO"), (2, "XXX"), (3, None)])


@pytest.fixture
def airports(table):
    return table("faa varchar, name varchar", [("SFO", "San Francisco"), (None, "nowhere")])


def test_a_row_without_a_match_keeps_its_place(chains, flights, airports):
    made = chains.run(LOOKUP + "}", flights, airports=airports)
    assert sorted(made.rows) == [(1, "SFO", "San Francisco"), (2, "XXX", None), (3, None, None)]
    assert made.statement.depends_on == ("rows", "airports")
    assert made.statement.lineage["city"] == [["airports", "name"]]


def test_a_row_without_a_match_can_be_dropped_and_is_counted(chains, flights, airports):
    made = chains.run(LOOKUP + ", missing: drop}", flights, airports=airports)
    assert made.rows == [(1, "SFO", "San Francisco")]
    assert made.aside["filtered"] == 2


def test_a_row_without_a_match_can_fail_the_run(chains, flights, airports):
    with pytest.raises(duckdb.InvalidInputException, match=r"no row for dest = (XXX|NULL)"):
        chains.run(LOOKUP + ", missing: fail}", flights, airports=airports)


def test_missing_fail_holds_although_nothing_reads_the_column(chains, flights, airports):
    with pytest.raises(duckdb.InvalidInputException, match="no row for dest"):
        chains.run(
            LOOKUP + ", missing: fail}\n- drop: city\n- filter: n < 10", flights, airports=airports
        )


def test_several_rows_for_a_key_fail_the_run(chains, flights, table):
    twice = table("faa varchar, name varchar", [("SFO", "a"), ("SFO", "b")])
    with pytest.raises(duckdb.InvalidInputException, match=r"needs one row of `airports`.*SFO"):
        chains.run(LOOKUP + "}", flights, airports=twice)


def test_the_one_query_fails_too_for_several_rows(chains, flights, table):
    made = chains.run(LOOKUP + "}", flights, airports=table("faa varchar, name varchar"))
    connection = duckdb.connect()
    connection.execute("CREATE TABLE rows AS SELECT 1 AS n, 'SFO' AS dest")
    connection.execute("CREATE TABLE airports AS SELECT 'SFO' AS faa, 'a' AS name FROM range(2)")
    with pytest.raises(duckdb.InvalidInputException, match="needs one row"):
        connection.execute(f"SELECT count(*) FROM ({made.statement.sql})").fetchall()


def test_the_first_of_several_can_be_taken(chains, flights, table):
    many = table(
        "faa varchar, name varchar, since integer",
        [("SFO", "b", 2), ("SFO", "c", 2), ("SFO", "a", 1)],
    )
    made = chains.run(
        LOOKUP + ", duplicates: first, order_by: [since desc]}", flights, airports=many
    )
    assert min(made.rows) == (1, "SFO", "b")


def test_several_lookups_stand_in_one_select(chains, flights, airports, table):
    cities = table("name varchar, land varchar", [("San Francisco", "US")])
    made = chains.run(
        LOOKUP + "}\n- lookup: {from: cities, on: {city: name}, take: [land]}\n"
        "- lookup: {from: airports, on: {dest: faa}, take: {again: name}}\n"
        "- derive: {shown: \"coalesce(city, dest) || '!'\"}",
        flights,
        airports=airports,
        cities=cities,
    )
    assert min(made.rows) == (
        1, "SFO", "San Francisco", "US", "San Francisco", "San Francisco!",
    )  # fmt: skip
    assert made.statement.stages[-1].sql.count("LEFT JOIN") == 3


def test_keys_of_several_columns_and_short_forms(chains, table):
    made = chains.run(
        "- lookup: {from: other, on: [a, b], take: [c]}",
        table("a integer, b varchar", [(1, "x"), (1, "y")]),
        other=table("a integer, b varchar, c integer", [(1, "x", 7), (2, "y", 8)]),
    )
    assert sorted(made.rows, key=repr) == [(1, "x", 7), (1, "y", None)]


def test_a_lookup_among_its_own_rows(chains, table):
    made = chains.run(
        "- lookup: {from: rows, on: {boss: id}, take: {boss_name: name}}",
        table("id integer, name varchar, boss integer", [(1, "a", None), (2, "b", 1)]),
    )
    assert sorted(made.rows) == [(1, "a", None, None), (2, "b", 1, "a")]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("from: airport, on: {dest: faa}, take: [name]", "PSK-REF-001"),
        ("from: airports, on: {dst: faa}, take: [name]", "PSK-STEP-010"),
        ("from: airports, on: {dest: fa}, take: [name]", "PSK-STEP-010"),
        ("from: airports, on: {n: faa}, take: [name]", "PSK-STEP-031"),
        ("from: airports, on: {dest: faa}, take: {dest: name}", "PSK-STEP-016"),
        ("from: airports, on: {dest: faa}, take: [nam]", "PSK-STEP-010"),
        ("from: airports, on: {dest: faa}, take: [name], order_by: [name]", "PSK-STEP-030"),
        ("from: airports, on: {dest: faa}, take: [name], missing: skip", "PSK-STEP-024"),
        ("from: airports, on: {dest: faa}", "PSK-STEP-022"),
    ],
)
def test_what_cannot_be_looked_up_is_refused(chains, flights, airports, options, code):
    (error,) = chains.refused(f"- lookup: {{{options}}}", flights, airports=airports)
    assert error.code == code


RATES = "currency varchar, since date, until date, rate integer"
AS_OF = "- lookup: {from: rates, on: currency, as_of: {column: day, from: since}, take: [rate]"
RANGE = (
    "- lookup: {from: rates, on: currency, range: {column: day, from: since, to: until}, "
    "take: [rate]"
)


@pytest.fixture
def days(table):
    return table("currency varchar, day date", [("EUR", "2013-01-05"), ("CHF", "2013-01-05")])


def test_two_rows_in_force_from_the_same_time_fail_the_run(chains, days, table):
    rates = table(RATES, [("EUR", "2013-01-01", None, 1), ("EUR", "2013-01-01", None, 2)])
    with pytest.raises(duckdb.InvalidInputException, match=r"`currency` and `since`.*EUR, 2013"):
        chains.run(AS_OF + "}", days, rates=rates)


@pytest.mark.parametrize(
    "spans",
    [
        [("2013-01-01", "2013-01-10"), ("2013-01-09", "2013-01-20")],
        [("2013-01-01", "2013-01-30"), ("2013-01-02", "2013-01-03"), ("2013-01-20", None)],
        [("2013-01-01", None), ("2014-01-09", None)],
        [(None, "2013-01-10"), (None, "2013-01-09")],
        [("2013-01-01", "2013-01-02"), ("2013-01-01", "2013-01-02")],
    ],
)
def test_ranges_that_overlap_fail_the_run(chains, days, table, spans):
    rates = table(RATES, [("EUR", low, high, i) for i, (low, high) in enumerate(spans)])
    with pytest.raises(duckdb.InvalidInputException, match=r"`since` to `until` overlap at EUR"):
        chains.run(RANGE + "}", days, rates=rates)


def test_ranges_that_only_meet_or_are_empty_or_of_other_keys_do_not_overlap(chains, days, table):
    spans = [
        ("EUR", "2013-01-01", "2013-01-05", 1),
        ("EUR", "2013-01-05", "2013-01-10", 2),
        ("EUR", "2013-01-03", "2013-01-03", 3),
        ("CHF", "2013-01-01", None, 4),
        (None, "2013-01-01", None, 5),
        (None, "2013-01-01", None, 6),
    ]
    made = chains.run(RANGE + "}", days, rates=table(RATES, spans))
    assert sorted(r[2] for r in made.rows) == [2, 4]


@pytest.mark.parametrize("step", [AS_OF, RANGE])
def test_a_row_that_lies_in_no_span_can_fail_the_run_or_be_dropped(chains, days, table, step):
    rates = table(RATES, [("EUR", "2013-01-01", "2013-02-01", 1)])
    with pytest.raises(duckdb.InvalidInputException, match=r"no row for currency, day = CHF"):
        chains.run(step + ", missing: fail}", days, rates=rates)
    made = chains.run(step + ", missing: drop}", days, rates=rates)
    assert [r[2] for r in made.rows] == [1]
    assert made.aside["filtered"] == 1


def test_a_held_row_was_looked_for_before_the_steps_that_follow(chains, flights, airports):
    made = chains.run(
        LOOKUP + ", missing: quarantine}\n- derive: {n: n + 1}", flights, airports=airports
    )
    assert made.rows == [(2, "SFO", "San Francisco")]
    assert sorted(made.quarantined) == [(2, "XXX"), (3, None)]
    assert made.statement.lineage["city"] == [["airports", "name"]]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("as_of: {column: day, from: since}, range: {column: day, from: since, to: until}", "025"),
        ("range: {column: day, from: since, to: until}, duplicates: first", "025"),
        ("missing: drop", "025"),
        ("as_of: {column: dya, from: since}", "010"),
        ("as_of: {column: day, from: sinc}", "010"),
        ("range: {column: currency, from: since, to: until}", "031"),
    ],
)
def test_a_span_that_cannot_be_is_refused(chains, days, table, options, code):
    step = f"- lookup: {{from: rates, take: [rate], {options}}}"
    errors = chains.refused(step, days, rates=table(RATES))
    assert f"PSK-STEP-{code}" in [e.code for e in errors]
