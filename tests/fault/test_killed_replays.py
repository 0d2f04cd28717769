"""A replay killed at any boundary and then finished is row for row one that nobody touched."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from children import start
from killer import REPLAY_POINTS, child_replays, child_runs, opened
from trials import reader

from penstock.compiler import compile_definition
from penstock.runtime.quarantine import read
from penstock.spec import load_definition

EVERY_CALL = bool(os.environ.get("FAULT_EVERYTHING"))
"""Kill at each call of each boundary, not at the first and the last."""

PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/*.csv
    incremental: files
    schema: {id: integer, day: date, amount: "decimal(10,2)", note: varchar}
  all_orders:  # read whole each time: a file is overwritten
    connector: file
    path: data/?.csv
    schema: {id: integer, day: date, amount: "decimal(10,2)", note: varchar}
transforms:
  clean:
    from: orders
    steps:
      - filter: amount <> 0
  totals: models/totals.sql
quality:
  clean:
    quarantine:
      - ColumnValues "amount" > 0
targets:
  clean_lake: {from: clean, connector: lake, path: lake/clean, mode: append, partition_by: [day]}
  totals_lake: {from: totals, connector: lake, path: lake/totals, mode: merge, keys: [day]}
  totals_csv: {from: all_orders, connector: file, path: out/totals.csv}
"""
TOTALS = "SELECT day, count(*) AS n, sum(amount) AS amount FROM clean GROUP BY day\n"
FILES = {
    "1.csv": "id,day,amount,note\n1,2026-01-01,1.50,a\n2,2026-01-01,-4.00,held\n"
    "three,2026-01-02,5.00,rejected\n4,2026-01-03,6.25,\n",
    "2.csv": "id,day,amount,note\n5,2026-01-03,7.00,new\nsix,2026-01-04,9.00,rejected\n"
    "7,2026-01-04,-1.00,held\n",
}


def go(what, folder, program, point="-", when="before", nth=0):
    """Run or replay in a child; gives its exit code, and what it told if it was not killed."""
    told = folder.with_name(f"{folder.name}-told.json")
    told.unlink(missing_ok=True)
    process = start(what, folder, program, point, when, nth, told)
    process.join(120)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode, json.loads(told.read_text()) if told.exists() else {}


def seen(folder):
    """What readers see, and what became of each held row."""
    found = {}
    for name in ("clean", "totals"):
        manifest = json.loads((folder / "lake" / name / "_penstock/current.json").read_text())
        files = [str(folder / "lake" / name / f["path"]) for f in manifest["files"]]
        sql = "SELECT * FROM read_parquet(?, hive_partitioning=true, union_by_name=true)"
        found[name] = sorted(map(str, reader().execute(sql, [files]).fetchall()))
    found["csv"] = sorted((folder / "out/totals.csv").read_text().splitlines())
    ledger = opened(folder)
    found["states"] = sorted((r.row or r.raw, r.state) for r in read(folder, ledger, "orders"))
    found["faults"] = [f.message for f in ledger.verify_audit()]
    ledger.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder after two runs, its Program, what a replay gives, and what it passes."""
    base = tmp_path_factory.mktemp("replays") / "base"
    (base / "data").mkdir(parents=True)
    (base / "models").mkdir()
    (base / "pipeline.yaml").write_text(PIPELINE)
    (base / "models/totals.sql").write_text(TOTALS)
    program = None
    for name, text in FILES.items():
        (base / "data" / name).write_text(text)
        compiled = compile_definition(load_definition(base), "duckdb")
        assert compiled.program is not None, compiled.diagnostics
        program = compiled.program.as_json()
        assert go(child_runs, base, program)[0] == 0
    whole = base.with_name("whole")
    shutil.copytree(base, whole)
    code, told = go(child_replays, whole, program)
    assert code == 0, told
    return base, program, seen(whole), told["passed"]


def chosen(point, passed):
    """The calls of a boundary at which a replay is killed."""
    some = range(1, passed.get(point, 0) + 1)
    return some if EVERY_CALL else sorted({*some[:1], *some[-1:]})


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", REPLAY_POINTS)
def test_a_killed_replay_loses_and_doubles_nothing(undisturbed, tmp_path, point, when):
    """Both ways to go on: the replay again, or an ordinary run before it."""
    base, program, expected, passed = undisturbed
    for nth in chosen(point, passed):
        folder = tmp_path / str(nth)
        shutil.copytree(base, folder)
        code, told = go(child_replays, folder, program, point, when, nth)
        assert code == -signal.SIGKILL, (nth, told)
        if when == "before":
            assert go(child_runs, folder, program)[0] == 0, nth
        code, told = go(child_replays, folder, program)
        assert code == 0, (nth, told)
        assert seen(folder) == expected, nth


def test_an_undisturbed_replay_passes_the_boundaries(undisturbed):
    _, _, expected, passed = undisturbed
    assert sum(2 * len(chosen(point, passed)) for point in REPLAY_POINTS) >= 30
    states = [state for _, state in expected["states"]]
    assert sorted(states) == ["held", *["replayed"] * 5]
    assert expected["faults"] == []
