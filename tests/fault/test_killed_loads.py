"""A load into Redshift or Athena killed at any boundary, then run again: each row is there once."""

from __future__ import annotations

import json
import os
import signal
import uuid

import pytest
from athena import Asking
from children import start
from killer import child_loads

from penstock.compiler import compile_definition
from penstock.runtime.publish import open_target
from penstock.runtime.targets.redshift.data_api import DataApi
from penstock.runtime.targets.redshift.options import RedshiftTargetOptions
from penstock.spec import load_definition

PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/*.csv
    schema: {id: integer, part: varchar}
    incremental: files
targets:
  shown: {from: orders, mode: append, table: TABLE, OPTIONS}
"""
OPTIONS = {
    "redshift": "connector: redshift, workgroup: killed, database: dev, staging: 's3://acme-lake/TABLE'",
    "athena": "connector: athena, database: contract, path: 's3://acme-lake/TABLE', partition_by: [part]",
}
REDSHIFT = "penstock.runtime.targets.redshift"
ATHENA = "penstock.runtime.targets.athena"
LEDGER = "penstock.runtime.ledger.sqlite:SQLiteLedger"
BOTH = ("before", "after")
POINTS = [
    *(("redshift", f"{REDSHIFT}.staging:Staging.write", w) for w in BOTH),
    *(("redshift", f"{LEDGER}.stage", w) for w in BOTH),
    ("redshift", f"{REDSHIFT}.staging:Staging.manifest", "after"),
    *(("redshift", f"{REDSHIFT}.data_api:DataApi.submit", w) for w in BOTH),
    *(("redshift", f"{REDSHIFT}.target:RedshiftTarget.completed", w) for w in BOTH),
    ("redshift", f"{LEDGER}.finish", "before"),
    ("athena", "penstock.runtime.targets.lake.target:LakeTarget.stage", "after"),
    ("athena", f"{LEDGER}.stage", "after"),
    ("athena", "penstock.runtime.targets.lake.target:LakeTarget.commit", "after"),
    *(("athena", f"{ATHENA}.catalogue:Catalogue._partitions", w) for w in BOTH),
    *(("athena", f"{ATHENA}.catalogue:Catalogue._update", w) for w in BOTH),
    ("athena", f"{LEDGER}.finish", "before"),
]
ALL = [(1, "a"), (2, "b"), (3, "a"), (4, "c")]


class Case:
    def __init__(self, kind, folder):
        self.kind, self.folder = kind, folder
        self.table = f"t{uuid.uuid4().hex[:10]}"
        (folder / "data").mkdir(parents=True)
        text = PIPELINE.replace("OPTIONS", OPTIONS[kind]).replace("TABLE", self.table)
        (folder / "pipeline.yaml").write_text(text)
        (folder / "data" / "1.csv").write_text("id,part\n1,a\n2,b\n")
        compiled = compile_definition(load_definition(folder))
        assert compiled.program, compiled.diagnostics
        self.program = compiled.program

    def go(self, point="", when="before"):
        told = self.folder / "told.json"
        told.unlink(missing_ok=True)
        environment = {k: v for k, v in os.environ.items() if k.startswith("AWS_")}
        given = (environment, self.folder, self.program.as_json(), point, when, told)
        process = start(child_loads, *given)
        process.join(120)
        assert process.exitcode is not None, "a run hangs"
        return process.exitcode, json.loads(told.read_text()) if told.exists() else {}

    def rows(self):
        """What others see, asked of the warehouse or of Athena."""
        if self.kind == "athena":
            found = Asking("contract").rows(f"SELECT id, part FROM {self.table}")
        else:
            options = self.program.loads[0].options
            found = DataApi(RedshiftTargetOptions(**options)).rows(
                f"SELECT id, part FROM {self.table}"
            )
        return sorted((int(i), part) for i, part in found)


@pytest.mark.parametrize(("kind", "point", "when"), POINTS)
def test_killed_then_run_again(sandbox, tmp_path, kind, point, when):
    case = Case(kind, tmp_path / "p")
    assert case.go() == (0, {"passed": {}, "status": "succeeded", "error": None})
    assert case.rows() == ALL[:2]
    (case.folder / "data" / "2.csv").write_text("id,part\n3,a\n4,c\n")
    code, _ = case.go(point, when)
    assert code == -signal.SIGKILL
    if kind == "redshift":
        assert case.rows() in (ALL[:2], ALL)
    code, told = case.go()
    assert (code, told["error"]) == (0, None)
    assert case.rows() == ALL
    target = open_target(case.program.loads[0], case.folder)
    assert target.holds(target.versions()[0].version)
    assert case.go()[1]["status"] == "skipped"
    assert case.rows() == ALL
