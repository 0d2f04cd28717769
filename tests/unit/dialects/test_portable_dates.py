"""Dates of the portable language: what is refused, where, and what to write instead.

What the functions give is in the conformance suite; here is what a reader meets before that.
"""

from __future__ import annotations

import pytest

from penstock.dialects.portable import Refusal, compile_query, prepare

SCHEMAS = {
    "t": {
        "d": "date",
        "ts": "timestamp",
        "tz": "timestamptz",
        "n": "integer",
        "s": "varchar",
        "f": "double",
    }
}


def refusal(expression: str, engine: str = "duckdb") -> Refusal:
    with pytest.raises(Refusal) as raised:
        compile_query(f"SELECT {expression} AS x FROM t", SCHEMAS, engine)
    return raised.value


def written(expression: str, engine: str) -> str:
    return compile_query(f"SELECT {expression} AS x FROM t", SCHEMAS, engine)


@pytest.mark.parametrize(
    "expression",
    ["now()", "today()", "current_date", "current_timestamp", "localtimestamp"],
)
def test_what_changes_with_the_clock_is_refused_and_points_at_the_runs_date(expression):
    found = refusal(expression)
    assert found.code == "PSK-PORT-022"
    assert "${run.date}" in found.hint


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("age(ts, ts)", "date_sub('month'"),
        ("add_months(d, 1)", "to_months(n)"),
        ("to_char(d, 'YYYY')", "strftime("),
        ("unix_timestamp(ts)", "epoch("),
        ("ts - ts", "date_diff('second'"),
        ("to_days(n)", "add it to a date"),
        ("INTERVAL 3 DAY", "add it to a date"),
        ("CASE WHEN n = 1 THEN INTERVAL 1 DAY END", "add it to a date"),
        ("CAST(tz AS VARCHAR)", "strftime("),
        ("ts + INTERVAL 1.5 DAY", "smaller units"),
        ("ts + INTERVAL (f) DAY", "cast it to integer"),
        ("date_trunc('fortnight', d)", "quarter"),
        ("EXTRACT(timezone FROM tz)", "hour"),
        ("ts AT TIME ZONE 'EST'", "Europe/Berlin"),
        ("ts AT TIME ZONE 'Africa/Casablanca'", "in UTC"),
        ("strftime(d, '%Y %Q')", "%m"),
        ("time_bucket(INTERVAL '1 month 1 day', d)", "INTERVAL 15 MINUTE"),
        ("strptime(s, '%-d%-m%Y')", "a character between"),
    ],
)
def test_a_refusal_says_what_to_write(expression, hint):
    assert hint in refusal(expression).hint


@pytest.mark.parametrize("engine", ["duckdb", "spark", "postgres"])
@pytest.mark.parametrize(
    "expression",
    [
        "d > '2024-02-30'",
        "d = '2024-2-9'",
        "DATE '0000-01-01'",
        "ts < '2024-01-01 10:00:00Z'",
        "TIMESTAMP '2024-01-01 24:00:00'",
        "TIMESTAMPTZ '9999-12-31 23:00:00-02:00'",
    ],
)
def test_a_written_date_that_is_none_is_refused_before_it_runs(expression, engine):
    assert refusal(expression, engine).code == "PSK-PORT-027"


def test_a_refused_format_says_at_which_character():
    assert "`%Q` at 4" in refusal("strftime(d, '%Y %Q')").message


@pytest.mark.parametrize(
    "expression",
    [
        "strptime(s, '%d/%m')",
        "strptime(s, '%Y %I')",
        "strptime(s, '%Y %p')",
        "strptime(s, '%Y %Y')",
        "strptime(s, '%Y %f')",
        "strptime(s, s)",
        "try_strptime(s, [s])",
    ],
)
def test_a_format_that_is_incomplete_or_computed_is_refused(expression):
    assert refusal(expression).code == "PSK-PORT-024"


@pytest.mark.parametrize(
    ("expression", "type_name"),
    [
        ("d + 1", "date"),
        ("d - d", "bigint"),
        ("d + INTERVAL 1 DAY", "timestamp"),
        ("tz - to_hours(n)", "timestamptz"),
        ("date_trunc('month', d)", "timestamp"),
        ("EXTRACT(epoch FROM d)", "double"),
        ("ts AT TIME ZONE 'UTC'", "timestamptz"),
        ("tz AT TIME ZONE 'UTC'", "timestamp"),
        ("time_bucket(INTERVAL 1 WEEK, d)", "date"),
        ("strptime(s, '%Y')", "timestamp"),
        ("strptime(s, '%Y%z')", "timestamptz"),
        ("epoch_ms(n)", "timestamp"),
        ("epoch_ms(ts)", "bigint"),
    ],
)
def test_the_type_of_an_expression_over_dates(expression, type_name):
    assert prepare(f"SELECT {expression} AS x FROM t", SCHEMAS).columns == [("x", type_name)]


def test_months_of_a_sum_of_intervals_are_added_at_once():
    # Twice one month after 01-31 is 03-29, two months after it 03-31.
    once = written("ts + (to_months(n) + INTERVAL 1 MONTH)", "duckdb")
    twice = written("ts + to_months(n) + INTERVAL 1 MONTH", "duckdb")
    assert twice.count("MONTH") == 2 * once.count("MONTH")


def test_a_zone_is_spelled_as_the_tz_database_does():
    for engine in ("duckdb", "spark", "postgres"):
        assert "'America/New_York'" in written("tz AT TIME ZONE 'america/new_york'", engine)
