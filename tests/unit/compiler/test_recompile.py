"""A definition compiled again from its packed files gives the Program that was built with them."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from penstock.compiler import compile_definition
from penstock.compiler.recompile import GIVEN, given, recompile
from penstock.errors import BuildError, InvalidDefinition, RunError
from penstock.program import Column
from penstock.spec import load_definition

PIPELINE = """\
name: shop
variables: {least: 1.5, most: 20, name: "007", late: false, day: 2026-01-01}
sources:
  orders:
    connector: file
    path: ${env.RAW}/orders.csv
    schema: {id: integer, amount: double}
transforms:
  good: SELECT * FROM orders WHERE amount > $least AND id < $most AND $name <> 'x'
targets:
  lake: {from: good, connector: lake, path: out}
profiles:
  prod: {variables: {most: 30}}
"""
ENVIRONMENT = {"RAW": "raw", "PENSTOCK_VAR_LEAST": "2.5", "SECRET": "s"}


@pytest.fixture
def packed(tmp_path):
    """The folder that a planner has, and the Program of its build."""
    root = tmp_path / "pipeline"
    (root / "raw").mkdir(parents=True)
    (root / "pipeline.yaml").write_text(PIPELINE)
    (root / "raw" / "orders.csv").write_text("id,amount\n1,2\n")
    definition = load_definition(
        root, profile="prod", variables={"name": "5"}, environment=ENVIRONMENT
    )
    program = compile_definition(definition).program
    far = tmp_path / "far"
    (far / GIVEN).parent.mkdir(parents=True)
    (far / GIVEN).write_bytes(given(definition, program, ENVIRONMENT))
    shutil.copy(root / "pipeline.yaml", far)
    return far, program, definition


def test_the_same_schemas_give_the_same_program(packed):
    far, program, _ = packed
    schemas = {r.dataset: r.schema for r in program.reads}
    assert recompile(far, program, schemas).digest == program.digest
    assert b"SECRET" not in (far / GIVEN).read_bytes()  # it is not asked for


def test_another_schema_goes_through_to_the_target(packed):
    far, program, _ = packed
    more = (*program.reads[0].schema, Column("note", "varchar"))
    made = recompile(far, program, {"orders": more})
    assert [c.name for c in made.loads[0].schema] == ["id", "amount", "note"]


def test_a_schema_that_does_not_fit_is_refused(packed):
    far, program, _ = packed
    with pytest.raises(InvalidDefinition):
        recompile(far, program, {"orders": program.reads[0].schema[:1]})


def test_a_build_of_other_files_is_refused(packed):
    _, program, definition = packed
    with pytest.raises(BuildError) as told:
        given(definition, dataclasses.replace(program, digest="sha256:0"), ENVIRONMENT)
    assert told.value.code == "PSK-BLD-011"


def test_a_package_without_what_it_was_read_with_says_so(packed):
    far, program, _ = packed
    (far / GIVEN).unlink()
    with pytest.raises(RunError, match="given"):
        recompile(far, program, {})
