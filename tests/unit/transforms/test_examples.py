"""The examples of the steps, which the documentation shows: each is compiled and run."""

from __future__ import annotations

import json
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from penstock.transforms import STEPS
from penstock.transforms.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXAMPLES = {f"{step}: {one.title}": one for step in STEPS for one in examples(step)}


def _read_back(columns: dict[str, str], rows: Iterable[Sequence[Any]]) -> Counter[str]:
    """The rows as DuckDB gives them back from a table of these types."""
    if not columns:
        return Counter()
    connection = duckdb.connect()
    items = ", ".join(f'"{name}" {type_name}' for name, type_name in columns.items())
    connection.execute(f"CREATE TABLE expected ({items})")
    for row in rows:
        marks = ", ".join("?" for _ in columns)
        connection.execute(f"INSERT INTO expected VALUES ({marks})", list(row))
    return _counted(connection.execute("SELECT * FROM expected").fetchall())


def _counted(rows: Iterable[Sequence[Any]]) -> Counter[str]:
    """Rows without their order; doubles to twelve digits, as sums of them may come in any order."""
    return Counter(repr([f"{v:.12g}" if isinstance(v, float) else v for v in row]) for row in rows)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_the_rows_that_the_documentation_shows(chains, table, name):
    one = EXAMPLES[name]
    assert one.step.startswith(f"- {name.partition(':')[0]}:")
    others = {
        other: table(data.columns, [tuple(r) for r in data.rows])
        for other, data in one.datasets.items()
    }
    rows = table(one.given.columns, [tuple(r) for r in one.given.rows])
    made = chains.run(one.step, rows, json.dumps(dict(one.variables)), **others)
    columns = one.result.columns
    assert list(made.schema.items()) == list(columns.items())
    assert _counted(made.rows) == _read_back(columns, one.result.rows)
    held = one.quarantined
    assert _counted(made.quarantined) == _read_back(held.columns, held.rows)


def test_every_step_has_examples_and_every_file_of_them_is_of_a_step():
    folder = resources.files("penstock.transforms.examples")
    files = {f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")}
    assert files == set(STEPS)
