"""A dlt resource that remembers, killed at any boundary: every record is published once."""

from __future__ import annotations

import json
import shutil
import signal

import pytest
from children import start
from killer import child_runs
from trials import reader

from penstock.compiler import compile_definition
from penstock.spec import load_definition

PIPELINE = """\
name: orders
sources:
  orders:
    connector: dlt
    source: steps/shop.py:orders
    schema: {id: integer, at: integer}
    schema_evolution: ignore
    incremental: state
targets:
  lake: {from: orders, connector: lake, path: lake/orders, mode: append}
"""
MODULE = """\
import json, pathlib
import dlt

@dlt.resource(primary_key="id")
def orders(at=dlt.sources.incremental("at", initial_value=0)):
    for row in json.loads(pathlib.Path("orders.json").read_text()):
        if row["at"] >= at.last_value:
            yield row
"""
POINTS = (
    "penstock.runtime.run:plan",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.begin",
    "penstock.runtime.sources.dlt.source:DltSource.extract",
    "penstock.runtime.targets.lake.target:LakeTarget.stage",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.stage",
    "penstock.runtime.targets.lake.target:LakeTarget.commit",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.finish",
)


def there(folder, upto):
    """Orders of the API: two for each time, so that the edge of a reading has company."""
    rows = [{"id": i, "at": i // 2} for i in range(upto)]
    (folder / "orders.json").write_text(json.dumps(rows))


def go(folder, program, point="-", when="before", nth=0):
    told = folder.with_name(f"{folder.name}-told.json")
    told.unlink(missing_ok=True)
    process = start(child_runs, folder, program, point, when, nth, told)
    process.join(120)
    assert process.exitcode is not None, "a run hangs"
    return process.exitcode, json.loads(told.read_text())["status"] if told.exists() else None


def lake(folder):
    root = folder / "lake" / "orders"
    manifest = json.loads((root / "_penstock" / "current.json").read_text())
    files = [str(root / f["path"]) for f in manifest["files"]]
    return [
        r[0]
        for r in reader().execute("SELECT id FROM read_parquet(?) ORDER BY id", [files]).fetchall()
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The folder and its Program after a first run; four more orders are there."""
    folder = tmp_path_factory.mktemp("fault") / "base"
    (folder / "steps").mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "steps" / "shop.py").write_text(MODULE)
    there(folder, 5)
    compiled = compile_definition(load_definition(folder), "duckdb")
    assert compiled.program is not None, compiled.diagnostics
    program = compiled.program.as_json()
    assert go(folder, program) == (0, "succeeded")
    there(folder, 9)
    return folder, program


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_loses_and_doubles_nothing(base, tmp_path, point, when):
    before, program = base
    folder = tmp_path / "killed"
    shutil.copytree(before, folder)
    assert go(folder, program, point, when, 1) == (-signal.SIGKILL, None)
    assert go(folder, program)[1] in {"succeeded", "skipped"}
    assert lake(folder) == list(range(9))
    there(folder, 12)
    assert go(folder, program) == (0, "succeeded")
    assert lake(folder) == list(range(12))
    assert go(folder, program) == (0, "skipped")
