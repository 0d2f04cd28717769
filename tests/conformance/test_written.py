"""The example pipeline in the SQL of each warehouse: all of it is written, and sqlfluff reads it."""

from __future__ import annotations

from pathlib import Path

import parsed
import pytest

from penstock.compiler import compile_definition
from penstock.spec import load_definition

EXAMPLE = Path(__file__).parents[2] / "examples/flights"
DATASETS = {"fleet", "flown", "last_seen", "delays", "delays_by_weather", "daily"}


@pytest.mark.parametrize("warehouse", ["snowflake", "redshift"])
def test_the_example_is_written_and_read(warehouse):
    found = compile_definition(load_definition(EXAMPLE), warehouse)
    assert [d.message for d in found.diagnostics if d.severity == "error"] == []
    assert found.program is not None
    statements = {s.dataset: s.sql for s in found.program.statements}
    assert set(statements) >= DATASETS
    for dataset, sql in statements.items():
        assert parsed.unread(sql, warehouse) is None, dataset
