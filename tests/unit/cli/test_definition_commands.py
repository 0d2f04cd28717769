"""validate, explain and schema, as they are called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from penstock.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = """\
name: p
variables: {late: 15}
sources:
  flights: {connector: file, path: data/*.csv, schema: {arr_delay: integer, carrier: varchar}}
transforms:
  delays: models/delays.sql
targets:
  delays_lake: {from: delays, connector: lake, path: .penstock/lake/delays}
profiles:
  aws: {deploy: {architecture: glue}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "flights.csv").write_text("arr_delay,carrier\n20,UA\n")
    (tmp_path / "pipeline.yaml").write_text(GOOD, encoding="utf-8")
    sql = "SELECT carrier, arr_delay FROM flights WHERE arr_delay > $late\n"
    (tmp_path / "models" / "delays.sql").write_text(sql, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(a) for a in arguments])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return call


def test_a_valid_pipeline(run, folder: Path):
    code, out, err = run("validate", folder)
    assert (code, err) == (0, "")
    assert out.startswith("p is valid: 1 source, 1 transform, 0 rules, 1 target; runs on duckdb")


def test_a_valid_pipeline_as_json(run, folder: Path):
    code, out, err = run("--json", "validate", folder)
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert (document["schema"], document["valid"]) == ("penstock.diagnostics/1", True)
    assert document["engines"]["duckdb"] == {"supported": True}
    assert document["engines"]["spark"] == {"supported": True}
    assert document["engines"]["flink"]["because"]


def break_it(folder: Path) -> None:
    text = GOOD.replace("connector: lake", "connector: lke").replace("name: p", "name: p\nownr: x")
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    (folder / "models" / "delays.sql").write_text("SELECT carier FROM flights\n", encoding="utf-8")


def test_every_error_of_every_file_at_once(run, folder: Path):
    break_it(folder)
    code, out, err = run("validate", folder)
    assert (code, out) == (3, "")
    assert "error[PSK-YAML-021]: unknown section `ownr`\n --> pipeline.yaml:2:1\n" in err
    assert "did you mean `lake`?" in err
    assert " --> models/delays.sql:1:8\n" in err
    assert "1 | SELECT carier FROM flights\n  |        ^^^^^^\n" in err
    assert err.rstrip().endswith("3 errors")


def test_diagnostics_as_json(run, folder: Path):
    break_it(folder)
    code, out, err = run("validate", folder, "--json")
    document = json.loads(out)
    assert (code, err, document["valid"]) == (3, "", False)
    wrong = {d["file"]: d for d in document["diagnostics"] if d["severity"] == "error"}
    assert wrong["models/delays.sql"] | {"message": "", "hint": ""} == {
        "code": "PSK-SQL-102", "severity": "error", "message": "", "hint": "",
        "file": "models/delays.sql", "line": 1, "column": 8, "end_line": 1, "end_column": 14,
        "engines": [],
    }  # fmt: skip
    assert "did you mean `carrier`?" in wrong["models/delays.sql"]["hint"]


def test_a_file_that_is_not_yaml_shows_its_line(run, folder: Path):
    (folder / "pipeline.yaml").write_text("name: p\n\tsources: {}\n", encoding="utf-8")
    code, _, err = run("validate", folder)
    assert code == 3
    assert "2 |     sources: {}\n  | ^^^^\n" in err


def test_no_pipeline_at_all(run, tmp_path: Path):
    code, _, err = run("validate", tmp_path / "none")
    assert code == 3
    assert "penstock init" in err
    code, out, _ = run("validate", tmp_path / "none", "--json")
    document = json.loads(out)
    assert (document["schema"], document["valid"]) == ("penstock.diagnostics/1", False)
    assert document["diagnostics"][0]["code"] == "PSK-YAML-012"
    assert document["engines"]["duckdb"] == {"supported": False, "because": ["PSK-YAML-012"]}


@pytest.mark.parametrize(
    "arguments",
    [("--var", "lat=3"), ("--var", "late=x"), ("--var", "late"), ("--profile", "nope")],
)
def test_a_wrong_command_line(run, folder: Path, arguments: tuple[str, str]):
    code, out, err = run("validate", folder, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error[PSK-")


def test_a_variable_from_the_command_line(run, folder: Path):
    assert run("validate", folder, "--var", "late=20")[0] == 0


def test_explain_shows_a_wrong_and_a_right_example(run):
    code, out, _ = run("explain", "psk-yaml-003")
    assert code == 0
    assert out.index("# A key given twice") < out.index("## Wrong") < out.index("## Right")
    document = json.loads(run("--json", "explain", "PSK-YAML-003")[1])
    assert document["schema"] == "penstock.explanation/1"
    assert document["wrong"].count("variables:") == 2


def test_explain_alone_lists_every_code(run):
    listed = run("explain")[1].splitlines()
    assert "PSK-YAML-003" in {line.split()[0] for line in listed}
    assert json.loads(run("explain", "--json")[1])["codes"]["PSK-YAML-003"] == "A key given twice"


def test_explain_of_an_unknown_code(run):
    code, _, err = run("explain", "PSK-YAML-0003")
    assert code == 2
    assert "did you mean `PSK-YAML-003`?" in err


def test_schema_is_printed_and_written(run, folder: Path):
    code, out, _ = run("schema")
    assert code == 0
    schema = json.loads(out)
    assert schema == json.loads(run("--json", "schema")[1])
    assert "deduplicate" in schema["$defs"]["Step"]["properties"]
    code, out, err = run("schema", folder, "--write")
    assert (code, out) == (0, "")
    assert "pipeline.schema.json" in err
    assert json.loads((folder / ".penstock" / "pipeline.schema.json").read_text()) == schema


def test_schema_needs_a_folder_to_write_to(run, tmp_path: Path):
    assert run("schema", tmp_path / "none", "--write")[0] == 2


def test_a_warehouse_s_sql_is_printed(run, folder: Path):
    code, out, _ = run("compile", folder, "--engine", "athena")
    assert code == 0
    assert '"flights"."arr_delay" > 15' in out
    assert "AS VARCHAR" in out


@pytest.mark.parametrize("command", ["run", "test"])
def test_a_warehouse_runs_nothing(run, folder: Path, command: str):
    code, _, err = run(command, folder, "--engine", "athena")
    assert code == 2
    assert "PSK-PORT-006" in err
    assert "penstock compile --engine athena" in err


def test_engines_lists_the_warehouses_as_sql_only(run, folder: Path):
    code, out, _ = run("engines", folder)
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert lines["athena"].endswith("SQL only")
    assert "yes, all 1 datasets" in lines["athena"]
    assert lines["duckdb"].split()[-1] == "yes"
