"""A run killed at any boundary, then run again, is row for row a run nobody touched."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass, field

import pytest
from children import start
from killer import RUN_POINTS, child_runs
from trials import reader

from penstock.compiler import compile_definition
from penstock.spec import load_definition

PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/*.csv
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
      - deduplicate: {keys: [id], order_by: [amount desc]}
  totals: models/totals.sql
quality:
  clean:
    quarantine:
      - ColumnValues "amount" > 0
    stop:
      - RowCount > 1
targets:
  clean_lake: {from: clean, connector: lake, path: lake/clean, mode: append, partition_by: [day]}
  totals_lake: {from: totals, connector: lake, path: lake/totals, mode: merge, keys: [day]}
  totals_csv: {from: all_orders, connector: file, path: out/totals.csv}
"""
TOTALS = "SELECT day, count(*) AS n, sum(amount) AS amount FROM clean GROUP BY day\n"
FIRST = """\
id,day,amount,note
1,2026-01-01,1.50,a
2,2026-01-01,2.50,b
2,2026-01-01,9.00,twice
3,2026-01-02,0,dropped
4,2026-01-02,-4.00,held
five,2026-01-02,5.00,rejected
6,2026-01-03,6.25,
"""
SECOND = """\
id,day,amount,note
7,2026-01-03,7.00,new
8,2026-01-04,8.00,new
nine,2026-01-04,9.00,rejected
10,2026-01-04,-1.00,held
"""


def make(folder):
    """The pipeline after a first good run, with a new file waiting."""
    (folder / "data").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "pipeline.yaml").write_text(
        PIPELINE.replace("path: data/*.csv", "path: data/*.csv\n    incremental: files")
    )
    (folder / "models" / "totals.sql").write_text(TOTALS)
    (folder / "data" / "1.csv").write_text(FIRST)
    return folder


@dataclass
class Ended:
    """How a child ended; the rest is known of one that was not killed."""

    code: int
    passed: dict[str, int] = field(default_factory=dict)
    status: str | None = None
    error: str | None = None


def go(folder, program, point="-", when="before", nth=0):
    told = folder.with_name(f"{folder.name}-told.json")
    told.unlink(missing_ok=True)
    process = start(child_runs, folder, program, point, when, nth, told)
    process.join(120)
    assert process.exitcode is not None, "a run hangs"
    return Ended(process.exitcode, **(json.loads(told.read_text()) if told.exists() else {}))


def published(folder):
    """What a reader that is not Penstock sees: the files of each current snapshot."""
    seen = {}
    for name in ("clean", "totals"):
        root = folder / "lake" / name
        manifest = json.loads((root / "_penstock" / "current.json").read_text())
        files = [str(root / f["path"]) for f in manifest["files"]]
        query = "SELECT * FROM read_parquet(?, hive_partitioning=true, union_by_name=true)"
        rows = reader().execute(query, [files]).fetchall()
        seen[name] = sorted(map(str, rows))
    seen["csv"] = sorted((folder / "out" / "totals.csv").read_text().splitlines())
    return seen


def memory(folder):
    """What the ledger and the quarantine remember, without what differs from run to run."""
    from penstock.runtime.ledger.sqlite import SQLiteLedger
    from penstock.runtime.quarantine import read

    ledger = SQLiteLedger(folder / ".penstock" / "ledger.sqlite")
    try:
        assert ledger.verify_audit() == []
        held = sorted((r.dataset, r.rule, r.replay_key) for r in read(folder, ledger, "orders"))
        done = [r for r in ledger.runs("orders") if r.status == "succeeded"]
        targets = sorted(ledger.current("orders"))
        return len(done), held, targets
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder before the second run, its Program, and what two undisturbed runs give."""
    base = make(tmp_path_factory.mktemp("fault") / "base")
    compiled = compile_definition(load_definition(base), "duckdb")
    assert compiled.program is not None, compiled.diagnostics
    program = compiled.program.as_json()
    first = go(base, program)
    assert first.code == 0, first.error
    (base / "data" / "2.csv").write_text(SECOND)
    whole = base.with_name("whole")
    shutil.copytree(base, whole)
    second = go(whole, program)
    assert second.code == 0, second.error
    return base, program, published(whole), memory(whole), second.passed


def points():
    """Every boundary, and the first calls of those that are passed several times."""
    once = [(p, w, 1) for p in RUN_POINTS for w in ("before", "after")]
    several = [
        (p, w, n)
        for p in RUN_POINTS
        for w in ("before", "after")
        for n in (2, 3)
        if "LakeTarget" in p or "build" in p or p.startswith("os:")
    ]
    return once + several


@pytest.mark.parametrize(("point", "when", "nth"), points())
def test_killed_then_run_again(undisturbed, tmp_path, point, when, nth):
    base, program, rows, remembered, passed = undisturbed
    if nth > passed.get(point, 0):
        return  # the second run passes this point less often; the first call of each is a must
    folder = tmp_path / "p"
    shutil.copytree(base, folder)
    before = published(folder)
    killed = go(folder, program, point, when, nth)
    assert killed.code == -signal.SIGKILL, killed
    between = published(folder)
    for name, seen in between.items():
        assert seen in (before[name], rows[name]), f"{name} shows half a run"
    again = go(folder, program)
    assert again.code == 0, again.error
    assert published(folder) == rows
    assert memory(folder) == remembered
    once_more = go(folder, program)
    assert once_more.status == "skipped"
    assert published(folder) == rows


def test_every_boundary_is_really_passed(undisturbed):
    passed = undisturbed[-1]
    must = {p for p, _, _ in points()}
    assert must <= set(passed), must - set(passed)
