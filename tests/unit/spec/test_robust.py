"""Whatever is done to a pipeline file, it is read or told: nothing a user writes is a traceback."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import InvalidDefinition, UsageError
from penstock.spec import load_definition, read_yaml

WHOLE = """\
name: flights
description: Delays
variables: {lake: .penstock/lake, late_after: 15, x: "${var.lake}/${run.date}"}
trigger: {schedule: "15 2 * * *", timezone: America/New_York}
sources:
  flights:
    connector: file
    path: data/flights/*.csv.gz
    options: {null_values: [NA, ""]}
    schema: {flight: int, carrier: {type: varchar, required: true}, arr_delay: "decimal(8, 2)"}
    incremental: {column: flight, lookback: 1 day}
  orders: {connector: kafka, brokers: [b], topic: t, schema: {a: int}}
transforms:
  clean: {from: flights, steps: [{filter: distance > 0}]}
  delays: models/delays.sql
  scored: {from: delays, python: "steps/score.py:score", schema: {score: double}}
quality:
  clean: {quarantine: ['IsComplete "a"'], stop: [RowCount > 1000, {file: quality/f.dqdl}]}
targets:
  lake: {from: delays, connector: lake, path: "${var.lake}", mode: merge, keys: [a]}
governance:
  classification: {flights: {tailnum: confidential}}
  masking: {personal: hash, sensitive: {partial: {show_last: 4}}}
  retention: {lake: 2 years}
sla: {freshness: 26 hours}
alerts: [{on: [failed], email: data@example.com}]
profiles:
  prod: {variables: {lake: "s3://acme"}, deploy: {architecture: lambda}}
"""
TREE = read_yaml(WHOLE, "a.yaml").data
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["${var.lake}", "${env.X}", "${", "$${a}", "${secret.x}", "${var.x}", [], {}, [[]],
                     {"a": {"b": [1]}}, [None], {"": None}, {"${var.lake}": 1}, "decimal(8,2)", "*", "1 day"]),
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = list(data.items()) if isinstance(data, dict) else []
    items += list(enumerate(data)) if isinstance(data, list) else []
    return [path, *(p for key, value in items for p in places(value, (*path, key)))]


PLACES = [p for p in places(TREE) if p]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("pipeline")


def survives(folder, text: str) -> None:
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8", newline="")
    for profile in (None, "prod"):
        try:
            definition = load_definition(folder, profile=profile, environment={"X": "1"})
        except (InvalidDefinition, UsageError) as error:
            found = error.diagnostics
            assert found
        else:
            found = definition.diagnostics
        lines = text.count("\n") + text.count("\r") + 1
        for d in found:
            assert d.message
            assert d.span is None or 1 <= d.span.line <= d.span.end_line <= lines


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_any_value_anywhere(folder, changes: list[tuple[tuple[Any, ...], Any]]):
    tree = copy.deepcopy(TREE)
    for path, value in changes:
        parent = tree
        try:
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = value
        except (KeyError, TypeError, IndexError):
            continue  # an earlier change took the place away
    survives(folder, yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))


@settings(max_examples=100)
@given(
    st.integers(0, len(WHOLE)), st.integers(0, 12),
    st.text(st.sampled_from("ab:-[]{}&*!|>'\"#%@`$ \n\t?,\\<=é日\x85"), max_size=6),
)  # fmt: skip
def test_any_slip_of_the_keyboard(folder, at: int, length: int, typed: str):
    survives(folder, WHOLE[:at] + typed + WHOLE[at + length :])
