"""Kills a replay at its boundaries, and finishes it in another process; prints what went wrong.

Usage: replay_killer.py FOLDER [EVERY], where FOLDER is empty. Each trial is a child of this
process, which has everything imported and no database open.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from pathlib import Path

import duckdb
from killer import passed, trap

from penstock.compiler import compile_definition
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.observer import Silent
from penstock.runtime.quarantine import read
from penstock.runtime.replay import Wanted, replay
from penstock.runtime.run import RunOptions, run
from penstock.spec import load_definition

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
POINTS = (
    "penstock.runtime.ledger.sqlite:SQLiteLedger.begin",
    "penstock.runtime.held_rows:read_records",
    "penstock.runtime.held_rows:read_rows",
    "penstock.runtime.corrections:write",
    "penstock.runtime.statements:build",
    "penstock.runtime.targets.lake.target:LakeTarget.stage",
    "penstock.runtime.targets.file.target:FileTarget.stage",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.stage",
    "penstock.runtime.targets.lake.target:LakeTarget.commit",
    "penstock.runtime.targets.file.target:FileTarget.commit",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.finish",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.set_quarantine_state",
    "os:replace",
    "os:fsync",
)
NAME = "orders"


def program(folder):
    compiled = compile_definition(load_definition(folder), "duckdb").program
    assert compiled is not None
    return compiled


def opened(folder):
    (folder / ".penstock").mkdir(exist_ok=True)
    return SQLiteLedger(folder / ".penstock" / "ledger.sqlite")


def go(folder, what):
    """One `run` or `replay` of corrected rows."""
    ledger = opened(folder)
    if what == "run":
        result = run(program(folder), folder, ledger, Silent(), RunOptions(threads=1))
    else:
        rows = [r for r in read(folder, ledger, NAME) if "7" not in (r.row or r.raw or "")]
        corrected = {r.replay_key: fixed(r) for r in rows}
        wanted = Wanted(corrected=corrected)
        options = RunOptions(threads=1)
        result = replay(program(folder), folder, ledger, Silent(), options, wanted)
    ledger.close()
    assert result.exit_code == 0, result.error
    return result


def fixed(row):
    """The held row as it should have been."""
    if row.row is not None:
        return "row", row.row.replace('"amount":-', '"amount":')
    return "raw", row.raw.replace("three", "3").replace("six", "6")


def seen(folder):
    """What readers see, and what became of each held row."""
    found = {}
    for name in ("clean", "totals"):
        manifest = json.loads((folder / "lake" / name / "_penstock/current.json").read_text())
        files = [str(folder / "lake" / name / f["path"]) for f in manifest["files"]]
        sql = "SELECT * FROM read_parquet(?, hive_partitioning=true, union_by_name=true)"
        found[name] = sorted(map(str, duckdb.connect().execute(sql, [files]).fetchall()))
    found["csv"] = sorted((folder / "out/totals.csv").read_text().splitlines())
    ledger = opened(folder)
    found["states"] = sorted((r.row or r.raw, r.state) for r in read(folder, ledger, NAME))
    found["faults"] = [f.message for f in ledger.verify_audit()]
    ledger.close()
    return found


def look(folder, into):
    into.write_text(json.dumps(seen(folder)))


def child(task, *args):
    """Do something in a child of this process; gives its status."""
    pid = os.fork()
    if pid == 0:
        try:
            task(*args)
            os._exit(0)
        except BaseException:  # noqa: BLE001  # told, and never goes on as the parent
            traceback.print_exc()
            os._exit(3)
    return os.waitpid(pid, 0)[1]


def killed(folder, point, when, nth):
    trap(point, when, nth)
    go(folder, "replay")


def counted(folder, into):
    for point in POINTS:
        trap(point, "before", 0)
    go(folder, "replay")
    into.write_text(json.dumps(passed))


def main(root: Path, every: str) -> int:
    """Every boundary, and both ways to go on: the replay again, or an ordinary run before it."""
    base, whole = root / "base", root / "whole"
    (base / "data").mkdir(parents=True)
    (base / "models").mkdir()
    (base / "pipeline.yaml").write_text(PIPELINE)
    (base / "models/totals.sql").write_text(TOTALS)
    for name, text in FILES.items():
        (base / "data" / name).write_text(text)
        assert child(go, base, "run") == 0
    shutil.copytree(base, whole)
    assert child(counted, whole, root / "passed.json") == 0
    calls = json.loads((root / "passed.json").read_text())
    assert child(look, whole, root / "seen.json") == 0
    expected = json.loads((root / "seen.json").read_text())
    trials, wrong = 0, []
    for point in POINTS:
        some = range(1, calls.get(point, 0) + 1)
        chosen = some if every else sorted({*some[:1], *some[-1:]})
        for nth in chosen:
            for when in ("before", "after"):
                trials += 1
                folder = root / "trial"
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(base, folder)
                status = child(killed, folder, point, when, nth)
                if status != 9:
                    wrong.append([point, when, nth, f"it ended with {status}"])
                    continue
                if trials % 2:
                    child(go, folder, "run")
                status = child(go, folder, "replay")
                assert child(look, folder, root / "got.json") == 0
                got = json.loads((root / "got.json").read_text())
                if status or got != expected:
                    different = {k: [got[k], expected[k]] for k in got if got[k] != expected[k]}
                    wrong.append([point, when, nth, status, different])
    print(json.dumps({"trials": trials, "wrong": wrong, "expected": expected}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "".join(sys.argv[2:])))
