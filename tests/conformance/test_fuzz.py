"""A seeded slice of `make fuzz`: random queries, expressions and pairs of types, no difference."""

from __future__ import annotations

import random

import fuzz
import fuzz_types
import fuzzing
import machines
import pytest
import suite


@pytest.fixture(scope="module")
def quick(nasty_data):
    """DuckDB and PostgreSQL, with the nasty tables and the pairs."""
    pytest.importorskip("pgserver")
    pytest.importorskip("psycopg")
    fuzz_types.write(nasty_data)
    started = [machines.start(name, nasty_data) for name in ("duckdb", "postgres")]
    yield started
    for one in started:
        one.close()


def _fine(trials: fuzzing.Trials, ran: int) -> None:
    assert not trials.found, "\n".join(trials.found)
    assert not trials.tally[fuzzing.DIFFERENT]
    assert trials.tally[fuzzing.SAME] >= ran


def test_random_queries_give_the_same_rows(quick):
    trials = fuzzing.Trials(quick, suite.SCHEMAS)
    fuzz.queries(trials, 60, random.Random(1))
    _fine(trials, 50)


def test_random_expressions_give_the_same_rows(quick):
    trials = fuzzing.Trials(quick, suite.SCHEMAS)
    fuzz.expressions(trials, 100, random.Random(1))
    _fine(trials, 90)


def test_pairs_of_types_give_the_same_rows(quick):
    trials = fuzzing.Trials(quick, fuzz_types.schemas())
    fuzz_types.run(trials, share=0.03)
    _fine(trials, 30)


def test_spark_gives_the_rows_of_a_few(quick, nasty_data, monkeypatch):
    pytest.importorskip("pyspark")
    monkeypatch.setenv("SPARK_INTERPRETED", "yes")
    spark = machines.start("spark", nasty_data)
    try:
        trials = fuzzing.Trials([quick[0], spark], suite.SCHEMAS, batch=12)
        fuzz.queries(trials, 12, random.Random(2))
        fuzz.expressions(trials, 12, random.Random(2))
        _fine(trials, 20)
    finally:
        spark.close()


def test_a_failure_that_no_row_needs_is_told_from_a_difference(quick):
    trials = fuzzing.Trials(quick, suite.SCHEMAS)
    texts = ["id < 0 AND CAST('x' AS INTEGER) = 1", "CAST(NULL AS INTEGER) * CAST('x' AS INTEGER)"]
    for text in texts:
        lazy = fuzzing.Case(f"SELECT id, {text} AS v FROM t_num", ((text, "t_num"),))
        assert trials.take(lazy) in (fuzzing.LAZY, fuzzing.SAME, fuzzing.FAILING)


def test_rows_that_differ_are_found():
    assert fuzzing.unlike(["1 | 2.0", "2 | null"], ["1 | 2.0", "2 | 3"])
    assert not fuzzing.unlike(["1 | 2.0000000000001", "3"], ["3", "1 | 2.0"])
