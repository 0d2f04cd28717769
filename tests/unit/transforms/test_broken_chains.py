"""A step behind a wrong one: its own mistakes are told, and nothing that follows from the other."""

from __future__ import annotations

import json

import pytest

from penstock.transforms import STEPS
from penstock.transforms.examples import examples

EXAMPLES = {f"{step}: {one.title}": one for step in STEPS for one in examples(step)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_not_known_of_a_column_is_no_mistake_of_the_step_behind(chains, table, name):
    one = EXAMPLES[name]
    wrong = "\n".join(f'    "{column}": no_such_function(1)' for column in one.given.columns)
    errors = chains.refused(
        f"- derive:\n{wrong}\n{one.step}",
        table(one.given.columns),
        json.dumps(dict(one.variables)),
        **{other: table(data.columns) for other, data in one.datasets.items()},
    )
    assert {e.code for e in errors} == {"PSK-SQL-103"}
    assert len(errors) == len(one.given.columns)
