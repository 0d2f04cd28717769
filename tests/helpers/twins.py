"""A pipeline that runs here and in functions, and what tells whether both did the same."""

from __future__ import annotations

import uuid
from pathlib import Path

from functions import BUCKET, Functions, named_rows, rows

from penstock.compiler import compile_definition
from penstock.runtime.ledger.dynamodb import create_table
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.observer import Silent
from penstock.runtime.run import RunOptions, run
from penstock.spec import load_definition

PIPELINE = """\
name: flights
sources:
  flights:
    connector: s3
    path: BUCKET/PREFIX/in/*.csv
    schema: {carrier: varchar, flight: integer, dest: varchar, delay: integer}
    incremental: files
  airports:
    connector: s3
    path: BUCKET/PREFIX/airports.csv
    schema: {faa: varchar, name: varchar}
transforms:
  clean:
    from: flights
    steps:
      - standardize: {carrier: [trim, upper]}
      - filter: delay < 100
      - lookup: {from: airports, on: {dest: faa}, take: [name]}
  late: SELECT carrier, flight, name, delay FROM clean WHERE delay > FIVE
quality:
  clean:
    quarantine: ['ColumnValues "flight" > 0']
    ACTION: ['IsComplete "carrier"']
targets:
  all: {from: clean, connector: lake, format: FORMAT, path: OUT/all, mode: append}
  late: {from: late, connector: lake, format: FORMAT, path: OUT/late, mode: append}
"""
FILES = {
    "in/a.csv": "carrier,flight,dest,delay\n aa,1,JFK,3\nBB,2,LAX,30\n",
    "in/b.csv": "carrier,flight,dest,delay\ncc,x,JFK,3\nCC,-4,LAX,30\ncc,5,XXX,200\ndd,6,LAX,7\n",
    "in/c.csv": "carrier,flight,dest,delay\nee,7,JFK,8\n",
}
COUNTS = ("rows_in", "rows_out", "rejected", "filtered", "quarantined")


class Case:
    """A pipeline, its local twin, and its functions."""

    def __init__(
        self, folder, *, form="parquet", action="warn", five="5", pipeline=PIPELINE, files=None
    ):
        self.folder, self.pipeline = folder, pipeline
        self.prefix = f"run-{uuid.uuid4().hex[:12]}"
        self.form, self.action, self.five = form, action, five
        table = f"ledger-{self.prefix}"
        create_table(table, backups=False)
        program = self.compile(f"{BUCKET}/{self.prefix}/out", "functions")
        definition = load_definition(folder / "functions" / "definition", environment={})
        self.functions = Functions(
            program, folder / "functions" / "root", self.prefix, table, definition=definition
        )
        self.put("airports.csv", "faa,name\nJFK,Kennedy\nLAX,Los Angeles\n")
        for name, text in (FILES if files is None else files).items():
            self.put(name, text)
        self.functions.use()

    def put(self, name, text):
        self.functions.store.put(name, text.encode())

    def compile(self, out, name):
        root = self.folder / name / "definition"
        root.mkdir(parents=True, exist_ok=True)
        text = self.pipeline
        for word, value in {
            "BUCKET": BUCKET,
            "PREFIX": self.prefix,
            "FORMAT": self.form,
            "ACTION": self.action,
            "FIVE": self.five,
            "OUT": out,
        }.items():
            text = text.replace(word, value)
        (root / "pipeline.yaml").write_text(text)
        compiled = compile_definition(load_definition(root, environment={}))
        assert compiled.program, compiled.diagnostics
        return compiled.program

    def local(self, rows=rows):
        """Run the same locally; gives its report and the rows of each target."""
        program, root, report = self._run_here()
        return report, {x.target: rows(program, root, x.target) for x in program.loads}

    def local_error(self):
        """Run the same locally; gives what ended it."""
        return self._run_here()[2]["error"]

    def _run_here(self):
        root = self.folder / "local"
        root.mkdir(exist_ok=True)
        program = self.compile("out", "twin")
        ledger = SQLiteLedger(root / "ledger.sqlite")
        result = run(program, root, ledger, Silent(), RunOptions())
        ledger.close()
        return program, root, result.document.as_json()

    def published_by_name(self):
        """As `published` and `local`: rows of column → value, here and locally."""
        mine = self.functions
        return (
            {x.target: named_rows(mine.program, mine.folder, x.target) for x in mine.program.loads},
            self.local(named_rows)[1],
        )

    def published(self):
        return {x.target: self.functions.rows(x.target) for x in self.functions.program.loads}

    def files(self):
        """Data files of the targets in the bucket."""
        return {
            e.path
            for e in self.functions.store.list("out")
            if Path(e.path).name.startswith("part-")
        }


def same_as_local(made):
    report, expected = made.local()
    assert made.published() == expected
    latest = made.functions.runs()[0]
    assert latest.status == "succeeded"
    for name, counts in report["datasets"].items():
        mine = latest.report["datasets"][name]
        assert {k: mine.get(k) for k in COUNTS} == {k: counts.get(k) for k in COUNTS}, name
    assert latest.report["quality"] == report["quality"]
    return latest
