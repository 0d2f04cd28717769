"""Python steps: found, called rightly, their columns known before a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock import dialects
from penstock.compiler.python_source import local_files
from penstock.compiler.python_trial import try_function
from penstock.dialects.base import Gap
from penstock.program import Column

BODY = "transforms:\n  made: {{from: flights, python: {step}{schema}}}\n"


def compile_step(folder, text, step="steps/s.py:score", schema=""):
    folder.file("steps/s.py", text)
    return folder.compile(BODY.format(step=step, schema=schema))


def test_the_columns_are_found_by_trying_an_empty_batch(folder):
    compiled = compile_step(
        folder,
        "import pyarrow as pa\n"
        "print('noise on stdout')\n"
        "def score(batch):\n"
        "    assert batch.num_rows == 0\n"
        "    score = pa.array([], pa.float32())\n"
        "    return batch.select(['carrier', 'delay']).append_column('score', score)\n",
    )
    assert [(c.name, c.type) for c in compiled.datasets["made"].schema] == [
        ("carrier", "varchar"),
        ("delay", "decimal(8,2)"),
        ("score", "double"),
    ]
    statement = compiled.program.statements[0]
    assert statement.python.file == "steps/s.py"
    assert statement.lineage["carrier"] == [["flights", "carrier"]]
    assert len(statement.lineage["score"]) == 5
    assert not list(folder.root.rglob("__pycache__"))


def test_a_declared_schema_is_believed_and_nothing_runs(folder, errors):
    compiled = compile_step(
        folder, "raise SystemExit\ndef score(batch): ...\n", schema=", schema: {a: int}"
    )
    assert errors.of(compiled) == []
    assert [(c.name, c.type) for c in compiled.datasets["made"].schema] == [("a", "integer")]


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("def score(batch)\n    pass\n", "PSK-PY-001", "steps/s.py:1"),
        ("def other(batch): ...\n", "PSK-PY-002", "pipeline.yaml:13"),
        ("\n\ndef score(a, b): ...\n", "PSK-PY-003", "steps/s.py:3"),
        ("def score(): ...\n", "PSK-PY-003", "steps/s.py:1"),
        ("def score(b, *, k): ...\n", "PSK-PY-003", "steps/s.py:1"),
        ("async def score(b): ...\n", "PSK-PY-003", "steps/s.py:1"),
        ("def score(batch):\n    x = 1\n    raise KeyError('k')\n", "PSK-PY-020", "steps/s.py:3"),
        ("def score(batch):\n    return 7\n", "PSK-PY-022", "steps/s.py:1"),
        ("import os\ndef score(batch):\n    os._exit(3)\n", "PSK-PY-004", "pipeline.yaml:13"),
    ],
)
def test_a_step_that_cannot_be_is_told_at_the_users_line(folder, errors, text, code, where):
    found = errors.one(compile_step(folder, text))
    assert (found.code, str(found.span).rpartition(":")[0]) == (code, where)


def test_a_missing_file_is_told_with_the_near_name(folder, errors):
    found = errors.one(compile_step(folder, "", step="steps/z.py:score"))
    assert (found.code, found.hint) == ("PSK-REF-010", "did you mean `steps/s.py`?")


def test_a_step_outside_the_folder_is_refused(folder, errors):
    found = errors.one(compile_step(folder, "", step="../z.py:score"))
    assert found.code == "PSK-REF-011"


def test_a_step_that_hangs_is_given_up(folder):
    folder.file("steps/s.py", "import time\ndef score(batch):\n    time.sleep(60)\n")
    schema, fault = try_function(folder.root, "steps/s.py", "score", {"a": "integer"}, timeout=2)
    assert schema is None
    assert (fault.code, "within 2 seconds" in fault.message) == ("PSK-PY-004", True)


def test_what_a_step_imports_belongs_to_the_program(folder):
    folder.file("steps/helper.py", "import deeper\nK = 1\n")
    folder.file("steps/deeper.py", "K = 1\n")
    folder.file("steps/unrelated.py", "K = 1\n")
    text = "import json\nfrom steps import helper\ndef score(batch):\n    return batch\n"
    before = compile_step(folder, text).program
    assert local_files(folder.root, "steps/s.py") == [
        "steps/deeper.py",
        "steps/helper.py",
        "steps/s.py",
    ]
    folder.file("steps/unrelated.py", "K = 2\n")
    assert compile_step(folder, text).program.digest == before.digest
    folder.file("steps/deeper.py", "K = 2\n")
    assert compile_step(folder, text).program.digest != before.digest


COMMAND = """
transforms:
  made: {from: flights, command: [python3, steps/x.py, "20"], schema: {a: integer}}
"""


def test_a_command_is_compiled_and_a_change_of_its_file_is_a_change(folder):
    folder.file("steps/x.py", "print(1)\n")
    (made,) = folder.compile(COMMAND).program.statements
    assert (made.kind, made.command) == ("command", ("python3", "steps/x.py", "20"))
    assert made.schema == (Column("a", "integer"),)
    before = folder.compile(COMMAND).program.digest
    assert folder.compile(COMMAND).program.digest == before
    folder.file("steps/x.py", "print(2)\n")
    assert folder.compile(COMMAND).program.digest != before


def test_an_argument_need_not_be_the_name_of_a_file(folder):
    for word in ("x" * 5000, "a\\0b", "..", "/etc/hostname", "nowhere/x.py"):
        text = COMMAND.replace('"20"', f'"{word}"')
        (made,) = folder.compile(text).program.statements
        assert made.command_digest


def test_a_kind_of_transform_that_an_engine_does_not_run_is_told(folder, errors, monkeypatch):
    gap = Gap("notyet", "PSK-PORT-001", "it starts no programs")
    lacking = replace(dialects.load("duckdb"), gaps={"command": gap})
    monkeypatch.setattr(dialects, "load", lambda engine: lacking)
    found = errors.one(folder.compile(COMMAND))
    assert (found.code, found.engines) == ("PSK-PORT-001", ("duckdb",))
    assert "it starts no programs" in found.message


def test_a_command_needs_its_columns(folder, errors):
    compiled = folder.compile("transforms: {made: {from: flights, command: [node, x.js]}}\n")
    assert "PSK-PY-006" in errors.of(compiled)
