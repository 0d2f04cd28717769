"""The Program: the same bytes every time, all of it or nothing, and quickly."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from penstock.compiler import PASSES
from penstock.diagnostics import Diagnostic
from penstock.errors import UsageError
from penstock.program import Program

BODY = """transforms:
  clean:
    from: flights
    steps:
      - standardize: {carrier: [trim, upper], dest: [{replace: {a: b, c: d}}]}
      - filter: delay > $late
      - deduplicate: {keys: [carrier, flight], order_by: [delay desc]}
      - lookup: {from: airports, on: {dest: faa}, take: [name]}
  totals: select carrier, sum(flight) as n, max(name) as last from clean group by all
quality:
  clean:
    quarantine: ['ColumnValues "flight" > 0']
    warn: ['Completeness "dest" > 0.9', {file: quality/more.dqdl}]
targets:
  out: {from: totals, connector: lake, path: "out/${run.date}", mode: merge, keys: [carrier]}
"""


@pytest.fixture
def full(folder):
    folder.file("quality/more.dqdl", 'Rules = [\n  RowCount > 1,\n  IsComplete "carrier"\n]\n')
    folder.compile(BODY)
    return folder


def test_the_same_input_gives_the_same_bytes(full):
    script = (
        "import json, sys; from pathlib import Path\n"
        "from penstock.spec import load_definition\n"
        "from penstock.compiler import compile_definition\n"
        "c = compile_definition(load_definition(Path(sys.argv[1]), environment={}))\n"
        "print(json.dumps(c.program.as_json(), indent=1))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(full.root)],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert json.loads(outputs.pop())["schema"] == "penstock.program/1"


def test_a_program_can_be_read_back(full):
    program = full.compile(BODY).program
    assert program.digest.startswith("sha256:")
    assert Program.from_json(json.loads(json.dumps(program.as_json()))) == program
    assert program.seal().digest == program.digest


def test_places_say_where_everything_stands(full):
    places = full.compile(BODY).program.places
    assert places["dataset:flights"] == ["pipeline.yaml", 4, 3]
    assert places["dataset:clean"] == ["pipeline.yaml", 13, 3]
    assert places["dataset:clean/1"] == ["pipeline.yaml", 17, 9]
    assert places["check:2"] == ["quality/more.dqdl", 2, 3]
    assert places["load:out"] == ["pipeline.yaml", 26, 3]


def test_comments_and_places_do_not_make_another_program(full):
    before = full.compile(BODY).program.digest
    assert full.compile("# a comment\n" + BODY.replace("clean:\n", "clean:   # x\n", 1)).program
    assert full.compile("# a comment\n" + BODY).program.digest == before
    assert full.compile(BODY.replace("delay > $late", "delay >= $late")).program.digest != before


def test_references_to_the_run_stay_text(full):
    assert full.compile(BODY).program.loads[0].options["path"] == "out/${run.date}"


def test_rules_of_a_file_and_of_the_pipeline_are_checked_at_their_place(full, errors):
    full.file("quality/more.dqdl", 'Rules = [\n  RowCount >> 1,\n  IsComplete "carier"\n]\n')
    compiled = full.compile(BODY.replace('Completeness "dest"', 'Completeness "dst"'))
    errors_ = [d for d in compiled.diagnostics if d.severity == "error"]
    assert compiled.program is None
    assert {(d.span.file, d.span.line) for d in errors_} == {
        ("pipeline.yaml", 24),
        ("quality/more.dqdl", 2),
        ("quality/more.dqdl", 3),
    }


def test_a_rule_may_not_read_what_is_made_from_its_dataset(full, errors):
    late = BODY.replace("RowCount", "RowCount").replace(
        "'Completeness \"dest\" > 0.9'", "'CustomSql \"select count(*) from totals\" > 0'"
    )
    assert errors.one(full.compile(late)).code == "PSK-DQ-030"


@pytest.mark.parametrize(
    ("target", "code", "marked"),
    [
        ("{from: flights, connector: lake, path: x, mode: merge, keys: [carier]}",
         "PSK-TGT-011", "carier"),
        ("{from: flights, connector: lake, path: x, partition_by: [dy]}", "PSK-TGT-011", "dy"),
        ("{from: flights, connector: file, path: x.csv, mode: append}", "PSK-TGT-010", "append"),
        ("{from: flights, connector: file, path: x.csv, partition_by: [day]}",
         "PSK-TGT-013", "partition_by"),
        ("{from: airports, connector: lake, path: x, partition_by: [faa, name, id]}",
         "PSK-TGT-012", "partition_by"),
    ],
)  # fmt: skip
def test_targets_are_held_against_what_their_connector_can(folder, errors, target, code, marked):
    found = errors.one(folder.compile(f"targets:\n  out: {target}\n"))
    assert (found.code, folder.text_at(found)) == (code, marked)


def test_an_engine_that_is_not_built_is_an_error_when_asked_for(folder, errors):
    compiled = folder.compile(engine="flink")
    found = errors.one(compiled)
    assert (found.code, found.engines, compiled.program) == ("PSK-PORT-001", ("flink",), None)
    plain = folder.compile()
    assert plain.program
    assert plain.engines == {
        "duckdb": {"supported": True},
        "spark": {"supported": True},
        "postgres": {"supported": True},
        "flink": {"supported": False, "because": ["PSK-PORT-001"]},
    }


def test_errors_are_found_for_an_engine_that_is_not_built_too(folder, errors):
    compiled = folder.compile("transforms: {a: select x from flights}\n", engine="flink")
    assert set(errors.of(compiled)) == {"PSK-PORT-001", "PSK-SQL-102"}
    assert compiled.engines["duckdb"] == {"supported": False, "because": ["PSK-SQL-102"]}


def test_an_engine_that_nobody_has_heard_of(folder):
    with pytest.raises(UsageError, match="no engine named `sprak`") as caught:
        folder.compile(engine="sprak")
    assert caught.value.hint == "did you mean `spark`?"


def test_what_differs_each_time_is_kept_for_its_readers(folder):
    stages = folder.model("select uuid() as id, dest from flights").program.statements[0].stages
    assert [(s.name, s.materialize) for s in stages] == [("made__1", True)]


def test_what_a_chain_reads_several_times_is_the_same_each_time(folder):
    """A LIMIT, or a window with ties, may give other rows when it is computed again."""
    compiled = folder.compile(
        "transforms:\n  some: select carrier, flight from flights limit 10\n"
        "  placed:\n    from: some\n    steps:\n"
        "      - derive: {n: row_number() over (partition by carrier)}\n"
        "  first: {from: placed, steps: [{filter: n = 1}]}\n"
        "  last: {from: first, steps: [{drop: n}]}\n"
        "targets: {out: {from: last, connector: lake, path: out}}\n"
    )
    kept = {s.dataset: s.stages[-1].materialize for s in compiled.program.statements}
    assert kept == {"some": True, "placed": True, "first": False, "last": False}


def test_diagnostics_come_once_and_in_order(full):
    compiled = full.compile("transforms:\n  b: select x from flights\n  a: select y from flights\n")
    lines = [d.span.line for d in compiled.diagnostics if d.code == "PSK-SQL-102"]
    assert lines == [13, 14]
    compiled.found.append(compiled.found[0])
    assert len(compiled.diagnostics) == len(set(compiled.diagnostics))
    assert all(isinstance(d, Diagnostic) for d in compiled.diagnostics)


def test_every_pass_is_one_function_of_its_own_file():
    names = [(p.__module__, p.__doc__) for p in PASSES]
    assert len({m for m, _ in names}) == len(PASSES)
    assert all(doc for _, doc in names)


def test_a_thousand_models_take_no_more_than_in_proportion(folder):
    """No timed limit: ten times as many models may take at most twenty times as long."""

    def seconds(count: int) -> float:
        models = "\n".join(
            f"  m{i}: select carrier, flight + {i} as flight, dest from "
            f"{f'm{i - 1}' if i else 'flights'} where dest <> 'x'"
            for i in range(count)
        )
        body = (
            f"transforms:\n{models}\n"
            f"targets: {{out: {{from: m{count - 1}, connector: lake, path: out}}}}\n"
        )
        start = time.perf_counter()
        assert folder.compile(body).program
        return time.perf_counter() - start

    seconds(5)
    small = min(seconds(40) for _ in range(2))
    assert seconds(400) < 20 * small + 1
