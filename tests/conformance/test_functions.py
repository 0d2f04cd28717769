"""Every function of the portable language gives the rows of its fixture on every engine.

One test for an engine: all of it in one session, and every difference told at once.
"""

from __future__ import annotations

import suite

INTERPRETED = True


def test_an_engine_gives_the_rows_of_every_fixture(machine):
    wrong, ran = [], 0
    outcomes = suite.outcomes(machine, [c for n in suite.names() for c in suite.cases(n)])
    for name in suite.names():
        expected = suite.read(name)
        for case in suite.cases(name):
            kind, lines = outcomes[case]
            where = f"{name}: {case.text}"
            if case.text not in expected:
                wrong.append(f"{where}: has no fixture; write it with run.py {name} --write")
            elif kind == "refused":
                # What the declarations do not say is refused must run, but for an overload that
                # this engine alone has not got.
                declared = suite.catalog()[name]
                if declared.gap(machine.name) is None and lines[2:] != [machine.name]:
                    wrong.append(f"{where}: refused: {lines[0]}")
            else:
                ran += 1
                got = [suite.ERROR] if kind == suite.ERROR else lines
                found = suite.differences(expected[case.text], got)
                if found:
                    told = lines[0] if kind == suite.ERROR else ""
                    wrong.append("\n   ".join([where, *found[:5], told]))
    assert not wrong, f"{machine.name}: {len(wrong)} of {ran} cases\n" + "\n".join(wrong)
    assert ran


def test_every_function_has_a_case_and_every_fixture_a_function():
    for name in suite.names():
        assert suite.cases(name), f"{name} has no case"
    known = {suite.path(name) for name in suite.names()}
    of_queries = (suite.EXPECTED, suite.EXPECTED / "clauses")
    left = [
        p for p in suite.EXPECTED.rglob("*.txt") if p not in known and p.parent not in of_queries
    ]
    assert not left


def test_every_case_of_a_fixture_is_declared():
    for name in suite.names():
        assert set(suite.read(name)) == {c.text for c in suite.cases(name)}, name
