"""A run over functions into Redshift: the load is begun, and an event brings the loader back."""

from __future__ import annotations

import json
import time
import uuid

import boto3
import pytest
from functions import BUCKET, Functions

from penstock.compiler import compile_definition
from penstock.errors import RunError
from penstock.runtime.ledger.dynamodb import create_table
from penstock.runtime.publish import open_target
from penstock.runtime.serverless import by_event
from penstock.runtime.serverless.work import WorkFolder
from penstock.runtime.storage import open_store
from penstock.runtime.targets.redshift.data_api import DataApi
from penstock.runtime.targets.redshift.options import RedshiftTargetOptions
from penstock.spec import load_definition

PIPELINE = """\
name: flights
sources:
  flights:
    connector: s3
    path: BUCKET/PREFIX/in/*.csv
    schema: {flight: integer, carrier: varchar}
    incremental: files
targets:
  lake: {from: flights, connector: lake, path: BUCKET/PREFIX/out/lake, mode: append}
  warehouse:
    from: flights
    connector: redshift
    workgroup: serverless
    database: dev
    table: TABLE
    mode: merge
    keys: [flight]
"""


class Case:
    def __init__(self, folder):
        self.prefix = f"run-{uuid.uuid4().hex[:12]}"
        root = folder / "definition"
        root.mkdir()
        text = PIPELINE.replace("BUCKET", BUCKET).replace("PREFIX", self.prefix)
        self.table = f"t{uuid.uuid4().hex[:8]}"
        (root / "pipeline.yaml").write_text(text.replace("TABLE", self.table))
        compiled = compile_definition(load_definition(root, environment={}))
        assert compiled.program, compiled.diagnostics
        ledger = f"ledger-{self.prefix}"
        create_table(ledger, backups=False)
        self.functions = Functions(compiled.program, folder / "root", self.prefix, ledger)
        self.put("in/a.csv", "flight,carrier\n1,AA\n2,BB\n")
        self.put("in/b.csv", "flight,carrier\n3,CC\n")
        self.functions.use()
        self._rule()

    def put(self, name, text):
        self.functions.store.put(name, text.encode())

    def _rule(self):
        """What Terraform makes: events of this pipeline's statements go into the loads queue."""
        sqs, events = boto3.client("sqs"), boto3.client("events")
        url = self.functions.queues["loads"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        pattern = {
            "source": ["aws.redshift-data"],
            "detail-type": [by_event.DETAIL_TYPE],
            "detail": {"statementName": [{"prefix": "penstock/flights/"}]},
        }
        events.put_rule(Name=self.prefix, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=self.prefix, Targets=[{"Id": "q", "Arn": arn["QueueArn"]}])

    def until_ended(self, *, most=1):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            self.functions.drain(most=most)
            latest = self.functions.runs()[0]
            if latest.status != "running":
                return latest
            time.sleep(0.2)
        pytest.fail("the run did not end")


@pytest.fixture
def case(sandbox, use_dynamodb, tmp_path, monkeypatch):
    use_dynamodb("moto")
    for name in ("PIPELINE", "PROGRAM", "LEDGER", "WORK", "ROOT", "SLICE_BYTES", "SECRET_ARNS"):
        monkeypatch.setenv(f"PENSTOCK_{name}", "")  # put back at the end
    for name in ("TASKS", "LOADS", "EVENTS"):
        monkeypatch.setenv(f"PENSTOCK_{name}_QUEUE", "")
    return Case(tmp_path)


@pytest.mark.parametrize("most", [1, 3])
def test_rows_of_several_workers_are_merged_once(case, most):
    functions = case.functions
    assert functions.plan()["slices"] == 2
    latest = case.until_ended(most=most)
    assert latest.status == "succeeded", latest.report["error"]
    assert latest.report["targets"]["warehouse"]["rows_loaded"] == 3
    assert (
        functions.rows("warehouse") == functions.rows("lake") == [(1, "AA"), (2, "BB"), (3, "CC")]
    )
    case.put("in/c.csv", "flight,carrier\n3,new\n4,DD\n")
    assert functions.plan()["status"] == "planned"
    assert case.until_ended(most=most).status == "succeeded"
    assert functions.rows("warehouse") == [(1, "AA"), (2, "BB"), (3, "new"), (4, "DD")]
    assert [e.path for e in functions.store.list("work/staging")] == []


def test_the_loader_does_not_wait(case, monkeypatch):
    functions = case.functions
    functions.plan()
    for which, body in functions.waiting():
        functions.deliver(which, body)
    begun = []
    submit = DataApi.submit
    monkeypatch.setattr(
        DataApi, "submit", lambda self, *a, **m: begun.append(m) or submit(self, *a, **m)
    )
    loads = functions.waiting()
    assert {which for which, _ in loads} == {"loads"}
    functions.deliver(*loads[0])
    run_id = functions.runs()[0].run_id
    assert functions.runs()[0].status == "running"
    assert begun == [{"name": f"penstock/flights/{run_id}/1/warehouse", "event": True}]
    assert case.until_ended().status == "succeeded"


def test_a_lost_event_is_made_good_by_the_next_planning(case):
    functions = case.functions
    boto3.client("events").disable_rule(Name=case.prefix)
    functions.plan()
    functions.drain()
    first = functions.runs()[0]
    assert first.status == "running"
    load = next(x for x in functions.program.loads if x.target == "warehouse")
    until = time.monotonic() + 30
    while not open_target(load, functions.folder).versions() and time.monotonic() < until:
        time.sleep(0.2)
    assert functions.plan()["status"] == "busy"
    ledger = functions.ledger()
    work = open_store(functions.environment["PENSTOCK_WORK"] + "/flights", functions.folder)
    ledger.release(WorkFolder(work, first.run_id, 1).plan().lock)  # as when its lease passes
    assert functions.plan()["status"] == "skipped"
    ended = ledger.run(first.run_id)
    ledger.close()
    assert ended.status == "succeeded"
    assert "finished by a later planning" in ended.report["notes"][-1]
    assert functions.rows("warehouse") == [(1, "AA"), (2, "BB"), (3, "CC")]


def test_a_load_that_redshift_refuses_fails_the_run(case):
    functions = case.functions
    load = next(x for x in functions.program.loads if x.target == "warehouse")
    DataApi(RedshiftTargetOptions(**load.options)).run(
        f"CREATE TABLE {case.table} (flight integer, carrier varchar(1))"
    )
    functions.plan()
    latest = case.until_ended()
    assert latest.status == "failed"
    assert latest.report["error"]["code"] == "PSK-TGT-141"
    assert [e.path for e in functions.store.list("work/staging")] == []


@pytest.mark.parametrize("name", ["other", "penstock/flights/r/x/t", "penstock/flights/r/1"])
def test_an_event_of_another_statement(name):
    event = {"detail-type": by_event.DETAIL_TYPE, "detail": {"statementName": name}}
    with pytest.raises(RunError) as told:
        by_event.read(json.dumps(event))
    assert told.value.code == "PSK-FN-002"
    with pytest.raises(RunError):
        by_event.read("[]")
