"""Rules of a Program for Spark or PostgreSQL: DuckDB's text, and the engine's own where portable."""

from __future__ import annotations

import json

import pytest

from penstock.program import Program

BODY = """
transforms:
  clean: {from: flights, steps: [{filter: flight > 0}]}
quality:
  clean:
    quarantine:
      - ColumnValues "carrier" matches "[A-Z]{2}"
      - IsUnique "flight"
    stop:
      - RowCount > 1
    warn:
      - CustomSql "SELECT flight FROM primary WHERE hash(flight) >= 0"
kpis:
  - {name: late, sql: "SELECT count(*) FILTER (WHERE delay > 15) AS n FROM clean"}
"""


def rules(folder, engine):
    program = folder.compile(BODY, engine=engine).program
    assert program
    assert Program.from_json(json.loads(json.dumps(program.as_json()))) == program
    return program


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_what_is_evaluated_beside_the_engine_is_duckdbs(folder, engine):
    here, there = rules(folder, "duckdb"), rules(folder, engine)
    told = [(c.passed, c.observed, c.failed_rows, c.predicate) for c in there.checks]
    assert told == [(c.passed, c.observed, c.failed_rows, c.predicate) for c in here.checks]
    assert there.kpis == here.kpis
    assert there.slicing == here.slicing
    assert not any("`" in str(c) for c in told)


def test_a_portable_rule_is_there_in_the_engines_own_sql_too(folder):
    pattern, _, count, custom = rules(folder, "spark").checks
    assert pattern.own
    assert "`clean__unchecked`.`carrier` RLIKE" in (pattern.own.predicate or "")
    assert len(pattern.own.observed) == len(pattern.observed)
    assert count.own
    assert count.own.passed == "CAST((count(*) > 1) AS BOOLEAN)"
    assert custom.own is None


def test_a_program_for_duckdb_is_what_it_was(folder):
    program = rules(folder, "duckdb")
    assert not any(c.own for c in program.checks)
    assert "own" not in program.as_json()["checks"][0]


SQL_OF_A_USER = """
transforms:
  clean: {from: flights, steps: [{filter: flight > 0}]}
quality:
  clean:
    quarantine:
      - ColumnValues "delay" < 900 where "flight / delay > 1"
      - (IsComplete "carrier") or (CustomSql "SELECT flight FROM primary WHERE delay / flight > 1")
    warn:
      - CustomSql "SELECT sum(delay / flight) FROM primary" > 1
      - CustomSql "SELECT sum(hash(flight)) FROM primary" > 1
"""


@pytest.mark.parametrize("engine", ["duckdb", "spark", "postgres"])
def test_sql_of_a_user_has_the_portable_meaning_wherever_it_is_evaluated(folder, engine):
    program = folder.compile(SQL_OF_A_USER, engine=engine).program
    assert program
    where, either, number, tied = program.checks
    assert "NULLIF(" in (where.predicate or "")
    assert "NULLIF(" in (either.predicate or "")
    assert "NULLIF(" in number.passed
    assert "NULLIF(" in "".join(number.observed.values())
    assert "HASH(" in tied.passed.upper()
    assert [c.own is not None for c in program.checks] == [engine != "duckdb"] * 3 + [False]
