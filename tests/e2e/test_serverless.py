"""One Program, run by planner, workers and loader over moto: the rows are those of a local run."""

from __future__ import annotations

import gzip
import json
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from children import start
from functions import BUCKET, Functions, killed, rows

from penstock.compiler import compile_definition
from penstock.runtime.ledger.dynamodb import create_table
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.observer import Silent
from penstock.runtime.run import RunOptions, run
from penstock.spec import load_definition

sys.path.append(str(Path(__file__).parents[1] / "fault"))  # what kills children

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
  late: SELECT carrier, flight, name, delay FROM clean WHERE delay > 5
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

    def __init__(self, folder, *, form="parquet", action="warn"):
        self.folder = folder
        self.prefix = f"run-{uuid.uuid4().hex[:12]}"
        self.form, self.action = form, action
        table = f"ledger-{self.prefix}"
        create_table(table, backups=False)
        program = self.compile(f"{BUCKET}/{self.prefix}/out", "functions")
        self.functions = Functions(program, folder / "functions" / "root", self.prefix, table)
        self.put("airports.csv", "faa,name\nJFK,Kennedy\nLAX,Los Angeles\n")
        for name, text in FILES.items():
            self.put(name, text)
        self.functions.use()

    def put(self, name, text):
        self.functions.store.put(name, text.encode())

    def compile(self, out, name):
        root = self.folder / name / "definition"
        root.mkdir(parents=True, exist_ok=True)
        text = PIPELINE
        for word, value in {
            "BUCKET": BUCKET,
            "PREFIX": self.prefix,
            "FORMAT": self.form,
            "ACTION": self.action,
            "OUT": out,
        }.items():
            text = text.replace(word, value)
        (root / "pipeline.yaml").write_text(text)
        compiled = compile_definition(load_definition(root, environment={}))
        assert compiled.program, compiled.diagnostics
        return compiled.program

    def local(self):
        """Run the same locally; gives its report and the rows of each target."""
        root = self.folder / "local"
        root.mkdir(exist_ok=True)
        program = self.compile("out", "twin")
        ledger = SQLiteLedger(root / "ledger.sqlite")
        result = run(program, root, ledger, Silent(), RunOptions())
        ledger.close()
        found = {x.target: rows(program, root, x.target) for x in program.loads}
        return result.document.as_json(), found

    def published(self):
        return {x.target: self.functions.rows(x.target) for x in self.functions.program.loads}

    def files(self):
        """Data files of the targets in the bucket."""
        return {
            e.path
            for e in self.functions.store.list("out")
            if Path(e.path).name.startswith("part-")
        }


@pytest.fixture
def case(aws, use_dynamodb, tmp_path, monkeypatch):
    use_dynamodb("moto")
    for name in ("PIPELINE", "PROGRAM", "LEDGER", "WORK", "ROOT", "SLICE_BYTES"):
        monkeypatch.setenv(f"PENSTOCK_{name}", "")  # put back at the end
    for name in ("TASKS", "LOADS"):
        monkeypatch.setenv(f"PENSTOCK_{name}_QUEUE", "")
    return lambda **more: Case(tmp_path, **more)


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


@pytest.mark.parametrize("form", ["parquet", "delta", "iceberg"])
def test_the_rows_are_those_of_a_local_run(case, form):
    made = case(form=form)
    assert made.functions.program.slicing.source == "flights"
    planned = made.functions.plan()
    assert (planned["status"], planned["slices"]) == ("planned", 3)
    made.functions.drain()
    latest = same_as_local(made)
    assert latest.report["datasets"]["flights"]["rejected"] == 1
    assert latest.report["datasets"]["clean"]["quarantined"] == 1
    assert made.functions.plan()["status"] == "skipped"
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    assert made.functions.plan()["slices"] == 1
    made.functions.drain()
    assert ("FF", 8, "Kennedy", 9) in made.published()["late"]
    same_as_local_after_two(made)


def same_as_local_after_two(made):
    """A local run of all files at once shows the rows of both runs."""
    _, expected = made.local()
    assert made.published() == expected


def test_rows_set_aside_are_kept(case):
    made = case()
    made.functions.plan()
    made.functions.drain()
    run_id = made.functions.runs()[0].run_id
    held = [e.path for e in made.functions.store.list(f"work/flights/{run_id}/1/held")]
    read = made.functions.store.read
    text = "".join(gzip.decompress(read(p)).decode() for p in held if p.endswith(".ndjson.gz"))
    assert "cc,x,JFK,3" in text
    assert "-4" in text


@pytest.mark.parametrize("seed", range(5))
def test_messages_that_come_often_late_and_out_of_order_change_nothing(case, seed):
    made = case()
    made.functions.plan()
    tasks = made.functions.waiting()
    for which, body in tasks:
        made.functions.sqs.send_message(QueueUrl=made.functions.queues[which], MessageBody=body)
    made.functions.drain(seed, most=5)
    same_as_local(made)
    expected = made.published()
    before = made.files()
    for which, body in tasks:  # late
        assert made.functions.deliver(which, body) == []
    run_id = made.functions.runs()[0].run_id
    message = {"schema": "penstock.load/1", "pipeline": "flights", "run_id": run_id, "attempt": 1}
    assert made.functions.deliver("loads", json.dumps(message)) == []
    assert made.files() == before
    assert len(made.functions.runs()) == 1
    assert made.published() == expected


def test_a_stop_rule_publishes_nothing(case):
    made = case(action="stop")
    made.put("in/d.csv", "carrier,flight,dest,delay\n,8,JFK,9\n")
    made.functions.plan()
    made.functions.drain(3, most=3)
    (latest,) = made.functions.runs()
    assert latest.status == "stopped"
    assert "IsComplete" in latest.report["error"]["message"]
    assert made.files() == set()
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    assert made.functions.plan()["status"] == "planned"  # the lock is free
    made.functions.drain()
    same_as_local(made)


def test_a_worker_without_time_gives_its_slice_back(case):
    made = case()
    made.functions.plan()
    (which, body), *others = sorted(made.functions.waiting(), key=lambda m: m[1])
    assert made.functions.deliver(which, body, seconds=5.0) == [body]
    assert made.files() == set()
    run_id = made.functions.runs()[0].run_id
    failure = json.loads(made.functions.store.read(f"work/flights/{run_id}/1/failures/0.json"))
    assert failure["code"] == "PSK-RUN-130"
    for each in [(which, body), *others]:
        assert made.functions.deliver(*each) == []
    made.functions.drain()
    same_as_local(made)


def test_a_second_planning_waits_for_the_run_under_way(case):
    made = case()
    made.functions.plan()
    assert made.functions.plan()["status"] == "busy"
    made.functions.drain()
    assert made.functions.plan()["status"] == "skipped"
    same_as_local(made)


WORKER = (
    "penstock.runtime.serverless.work:WorkFolder.plan",
    "penstock.runtime.sources.s3.source:S3Source.extract",
    "penstock.runtime.checks:evaluate",
    "penstock.runtime.targets.lake.target:LakeTarget.stage_part",
    "penstock.runtime.serverless.work:WorkFolder.keep",
    "penstock.runtime.serverless.work:WorkFolder.put_slice",
    "penstock.runtime.serverless.settings:send",
)
LOADER = (
    "penstock.runtime.ledger.dynamodb:DynamoDBLedger.stage",
    "penstock.runtime.targets.lake.target:LakeTarget.commit",
    "penstock.runtime.ledger.dynamodb:DynamoDBLedger.finish",
    "penstock.runtime.ledger.dynamodb:DynamoDBLedger.release",
)


def dies(made, which, body, point, when, nth=1):
    root = str(made.folder / uuid.uuid4().hex)
    environment = {**os.environ, **made.functions.environment}
    child = start(killed, which, body, environment, root, point, when, nth)
    child.join(60)
    assert child.exitcode == -9, (point, when, child.exitcode)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", WORKER)
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(case, point, when):
    made = case()
    made.functions.plan()
    waiting = made.functions.waiting()
    first = next(m for m in waiting if json.loads(m[1])["slice"] == 1)  # it has rows of every kind
    others = [m for m in waiting if m != first]
    if point.endswith(":send"):  # only the worker of the last slice gets there
        for each in others:
            assert made.functions.deliver(*each) == []
        others = []
    dies(made, *first, point, when)
    for each in [first, *others]:
        assert made.functions.deliver(*each) == []
    made.functions.drain()
    same_as_local(made)
    named = {Path(f).name for f in made.files()}
    assert len(named) == 6  # one of each slice for each target, and nothing of the killed try


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", LOADER)
def test_a_loader_killed_anywhere_is_gone_on_with(case, point, when, monkeypatch):
    made = case()
    made.functions.plan()
    for each in made.functions.waiting():
        assert made.functions.deliver(*each) == []
    ((which, body),) = made.functions.waiting()
    dies(made, which, body, point, when)
    assert made.functions.deliver(which, body) == []
    same_as_local(made)
    assert made.functions.plan()["status"] == "skipped"


def test_what_a_program_says_of_slicing_is_not_its_identity(case):
    made = case()
    program = made.functions.program
    assert replace(program, slicing=type(program.slicing)()).seal().digest == program.digest
