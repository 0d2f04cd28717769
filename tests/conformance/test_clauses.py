"""Every clause gives the rows of its fixture on every engine, or is refused with its code."""

from __future__ import annotations

import clause_suite
import suite

from penstock.dialects.base import Gap
from penstock.dialects.portable.clauselist import clauses


def test_an_engine_gives_the_rows_of_every_clause(machine):
    told, ran = [], 0
    for name in clause_suite.names():
        expected = clause_suite.expected(name)
        for case in suite.slice_of(machine, clause_suite.cases(name)):
            if case.text not in expected:
                told.append(f"{name}: {case.text}: has no fixture; run.py {name} --write")
                continue
            ran += 1
            wrong = clause_suite.wrong(machine, case, expected[case.text])
            if wrong:
                told.append("\n   ".join([f"{name}: {case.text}", *wrong[:6]]))
    assert not told, f"{machine.name}: {len(told)} of {ran} queries\n" + "\n".join(told)
    assert ran


def test_every_clause_has_a_fixture_and_every_fixture_a_clause():
    known = {clause_suite.path(name) for name in clause_suite.names()}
    assert set((suite.EXPECTED / clause_suite.FAMILY).glob("*.txt")) == known
    for name in clause_suite.names():
        assert set(clause_suite.expected(name)) == {c.text for c in clause_suite.cases(name)}, name


def test_what_is_refused_everywhere_is_so_in_the_fixture():
    for name, clause in clauses().items():
        gaps = {e: clause.rendering(e) for e in ("duckdb", "spark", "postgres")}
        if all(isinstance(g, Gap) for g in gaps.values()):
            for lines in clause_suite.expected(name).values():
                assert lines == [f"refused {clause.gap('duckdb').code}"], name


def test_there_are_sixty_clauses_that_run():
    assert sum(1 for c in clauses().values() if c.gap("duckdb") is None) >= 60
