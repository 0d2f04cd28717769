"""A parser that had no part in it reads the SQL that is written for warehouses.

It is slow: `make test` asks it a few short statements, `make conformance` nearly all.
"""

from __future__ import annotations

import clause_suite
import parsed
import pytest
import suite

from penstock.dialects.portable import Refusal, prepare

# For Athena sqlfluff's `athena` lets pass what Trino refuses (`x::INTEGER`).
DIALECTS = {"athena": "trino", "redshift": "redshift", "snowflake": "snowflake"}
EVERY, SHORT = 8, 400
LONG = 2000


def statements(warehouse: str) -> list[tuple[str, str]]:
    """What a warehouse has of the cases: the query as a model has it, and its SQL there."""
    cases = [suite.cases(name) for name in suite.names()]
    cases += [clause_suite.cases(name) for name in clause_suite.names()]
    chosen = [(i, case) for several in cases for i, case in enumerate(several)]
    made = []
    for i, case in chosen:
        try:
            sql = prepare(case.query, suite.SCHEMAS).render(warehouse)
        except Refusal:
            continue
        if len(sql) <= LONG or not i:
            made.append((case.query, sql))
    if suite.WHOLE:
        return made
    return [(q, s) for q, s in made if len(s) <= SHORT][::EVERY][:80]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("warehouse", sorted(DIALECTS))
def test_a_parser_of_another_project_reads_a_warehouse_s_sql(warehouse):
    found = statements(warehouse)
    assert len(found) > 50
    wrong = [
        f"{query}: {why}\n   {sql[:500]}"
        for query, sql in found
        if (why := parsed.unread(sql, DIALECTS[warehouse]))
    ]
    assert not wrong, f"{len(wrong)} of {len(found)}\n" + "\n".join(wrong)


def test_it_says_what_it_does_not_read():
    assert parsed.unread("SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1", "trino")
