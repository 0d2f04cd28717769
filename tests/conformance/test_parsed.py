"""Every query that is written for Snowflake and Redshift is read by sqlfluff in its dialect.

It reads more than the warehouses do, and knows no functions: it shows that a statement is no nonsense.
"""

from __future__ import annotations

from pathlib import Path

import clause_suite
import pytest
import suite
from warehouse_tools import Parser

from penstock.compiler import compile_definition
from penstock.dialects.portable import Refusal, prepare
from penstock.spec import load_definition

ROOT = Path(__file__).parents[2]
# sqlfluff takes a third of a second for a query.
EVERY = 1 if suite.WHOLE else 40
DIALECTS = ("snowflake", "redshift")


@pytest.fixture(scope="module")
def parser():
    """sqlfluff."""
    started = Parser()
    yield started
    started.close()


def _queries():
    for name in suite.names():
        yield from (case.query for case in suite.cases(name))
    for name in clause_suite.names():
        yield from (case.query for case in clause_suite.cases(name))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_cases_of_the_suite_are_read(parser, dialect):
    written = []
    for query in _queries():
        try:
            written.append(prepare(query, suite.SCHEMAS).render(dialect))
        except Refusal:
            continue
    assert len(written) > 1200
    wrong = [(sql, found) for sql in written[::EVERY] if (found := parser.wrong(dialect, sql))]
    assert not wrong, wrong[:3]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_example_is_written_and_read(parser, dialect):
    found = compile_definition(load_definition(ROOT / "examples/flights"), dialect)
    assert [d.message for d in found.diagnostics if d.severity == "error"] == []
    assert found.program is not None
    statements = {s.dataset: s.sql for s in found.program.statements}
    assert {"fleet", "flown", "last_seen", "delays", "delays_by_weather", "daily"} <= set(
        statements
    )
    for dataset, sql in statements.items():
        assert parser.wrong(dialect, sql) == [], dataset
