"""Redshift's SQL on PostgreSQL 16, where it is PostgreSQL's too: the rows of the fixtures.

No Redshift ran any of it. What Redshift has for itself (`unlike.OWN`: DATEADD, TRY_CAST, VARBYTE …) is
only parsed, see test_parsed.py.
"""

from __future__ import annotations

import clause_suite
import machines
import pytest
import suite
import unlike

from penstock.dialects.portable import Refusal, prepare


@pytest.fixture(scope="module")
def machine(nasty_data):
    """PostgreSQL, asked in Redshift's SQL."""
    pytest.importorskip("pgserver")
    pytest.importorskip("psycopg")
    started = machines.Postgres(nasty_data)
    started.name = "redshift"
    yield started
    started.close()


def _both(case) -> bool:
    """Whether a query's SQL is that of both."""
    try:
        sql = prepare(case.query, suite.SCHEMAS).render("redshift")
    except Refusal:
        return True
    return not any(own in sql for own in unlike.OWN)


def _cases():
    for name in suite.names():
        expected = suite.read(name)
        yield from ((name, case, expected[case.text]) for case in suite.cases(name))
    for name in clause_suite.names():
        expected = clause_suite.expected(name)
        yield from ((name, case, expected[case.text]) for case in clause_suite.cases(name))


def test_what_is_postgres_sql_too_gives_the_rows_of_the_fixtures(machine):
    wrong, ran = [], 0
    for name, case, expected in _cases():
        if not _both(case):
            continue
        kind, lines = suite.outcome(machine, case)
        if kind == "refused":
            if not (lines[2:] in ([], ["redshift"]) or expected[0].startswith("refused")):
                wrong.append(f"{name}: {case.text}: {lines}")
            continue
        found = suite.differences(expected, [suite.ERROR] if kind == suite.ERROR else lines)
        if (name, case.text) in unlike.REDSHIFT:
            assert found, f"{name}: {case.text} is as in the fixture: take it out of unlike.py"
            continue
        ran += 1
        if found:
            told = lines[0] if kind == suite.ERROR else ""
            wrong.append("\n   ".join([f"{name}: {case.text}", *found[:5], told]))
    assert not wrong, f"{len(wrong)} of {ran} queries\n" + "\n".join(wrong)
    assert ran > 900
