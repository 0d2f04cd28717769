"""Division by zero, overflow, bad casts, dates out of range: one outcome on every engine."""

from __future__ import annotations

import failures
import suite

INTERPRETED = True


def test_an_engine_fails_where_the_others_do(machine):
    # `make conformance` asks Spark all of them.
    every = 1 if suite.WHOLE or machine.name != "spark" else 40
    wrong = failures.wrong(machine, suite.read_file(failures.PATH), every)
    assert not wrong, "\n".join(wrong)


def test_every_outcome_belongs_to_a_case():
    assert set(suite.read_file(failures.PATH)) == set(failures.cases())
