"""A written date with a written interval is what DuckDB itself makes of the two."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.portable import compile_query

SCHEMA = {"t": {"i": "integer"}}
DATES = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
UNITS = st.sampled_from(["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "SECOND"])


def rendered(expression: str) -> str:
    return compile_query(f"SELECT {expression} AS v FROM t", SCHEMA, "duckdb")


@given(DATES, st.sampled_from("+-"), st.integers(0, 3000), UNITS)
def test_as_duckdb_adds_them(day: dt.date, sign: str, count: int, unit: str) -> None:
    expression = f"DATE '{day.isoformat()}' {sign} INTERVAL {count} {unit}"
    sql = rendered(expression)
    if "CASE WHEN" in sql:  # beyond the years 1 to 9999: left to the engine, which fails
        with pytest.raises(duckdb.Error):
            run(sql)
    else:
        assert run(sql) == run(f"SELECT {expression} AS v")


def run(sql: str) -> object:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
        return connection.execute(f"SELECT CAST(v AS VARCHAR) FROM ({sql})").fetchone()


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("DATE '2024-01-31' + INTERVAL 1 MONTH", "'2024-02-29 00:00:00'"),
        ("TIMESTAMP '2020-02-29 10:00:00' - INTERVAL 1 YEAR", "'2019-02-28 10:00:00'"),
        ("DATE '2024-01-31' + INTERVAL '1 month 1 day'", "'2024-03-01 00:00:00'"),
    ],
)
def test_it_is_computed_once(expression: str, text: str) -> None:
    assert f"CAST({text} AS TIMESTAMP)" in rendered(expression)


@pytest.mark.parametrize(
    "expression",
    ["DATE '9999-12-31' + INTERVAL 1 DAY", "DATE '2024-01-01' + INTERVAL (i) DAY"],
)
def test_what_is_computed_or_outside_is_left_to_the_engine(expression: str) -> None:
    assert "outside the years" in rendered(expression)
