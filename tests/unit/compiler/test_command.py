"""penstock compile: the SQL under comments, or the Program."""

from __future__ import annotations

import json

import pytest

from penstock.cli.main import main

BODY = """transforms:
  late: {from: flights, steps: [{filter: delay > $late}]}
  totals: select carrier, count(*) as n from late group by carrier
targets: {out: {from: totals, connector: lake, path: out}}
"""


@pytest.fixture
def run(folder, capsys):
    """Run the command in this process: exit code, stdout, stderr."""
    folder.compile(BODY)

    def invoke(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main(["compile", str(folder.root), *arguments])
        told = capsys.readouterr()
        return int(done.value.code or 0), told.out, told.err

    return invoke


def test_each_statement_stands_under_the_name_of_its_dataset(run):
    code, out, err = run()
    assert code == 0
    assert "error" not in err
    assert out.startswith('-- late\nSELECT\n  "flights"."carrier" AS "carrier",')
    assert "\n\n-- totals\nSELECT" in out
    assert "> 15)" in out


def test_json_is_the_program_and_nothing_else(run):
    code, out, _ = run("--json")
    program = json.loads(out)
    assert (code, program["schema"], program["engine"]) == (0, "penstock.program/1", "duckdb")
    assert [s["dataset"] for s in program["statements"]] == ["late", "totals"]
    assert list(program)[:4] == ["schema", "pipeline", "engine", "digest"]


def test_variables_can_be_set(run):
    assert "> 99" in run("--var", "late=99")[1]


def test_an_engine_that_is_not_built_is_an_invalid_definition_for_it(run):
    code, out, err = run("--engine", "flink")
    assert (code, out) == (3, "")
    assert "PSK-PORT-001" in err


def test_an_unknown_engine_is_a_wrong_command_line(run):
    code, _, err = run("--engine", "duckbd")
    assert code == 2
    assert "did you mean `duckdb`?" in err
