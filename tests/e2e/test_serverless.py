"""One Program, run by planner, workers and loader over moto: the rows are those of a local run."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import uuid
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from children import start
from dying import a_minute_passes, dies
from functions import Clock, delivered
from twins import same_as_local

from penstock.errors import Conflict, LedgerError
from penstock.runtime import references
from penstock.runtime.ledger.dynamodb import client
from penstock.runtime.serverless import worker

pytestmark = pytest.mark.evidence(
    "architecture:lambda", "executed locally", on="S3, SQS and DynamoDB of moto"
)


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


SLOW = """(SELECT count(*) FROM airports AS a, airports AS b, airports AS c, airports AS d
    WHERE a.name < b.name AND b.name < c.name AND c.name < d.name)"""


def test_a_worker_whose_time_ends_stops_and_gives_its_slice_back(case, monkeypatch):
    """The 15 minutes of Lambda, made 4 seconds."""
    made = case(five=" ".join(SLOW.split()))
    made.put("airports.csv", "faa,name\n" + "".join(f"A{n},Port {n}\n" for n in range(3000)))
    made.functions.plan()
    which, body = made.functions.waiting()[0]
    monkeypatch.setattr(worker, "MARGIN_SECONDS", 2.0)
    clock = Clock(4.0)
    assert made.functions.deliver(which, body, context=clock) == [body]
    assert clock.get_remaining_time_in_millis() > 0
    assert made.files() == set()
    run_id = made.functions.runs()[0].run_id
    number = json.loads(body)["slice"]
    at = f"work/flights/{run_id}/1/failures/{number}.json"
    failure = json.loads(made.functions.store.read(at))
    assert failure["code"] == "PSK-RUN-130"


def test_two_workers_at_one_slice(case):
    made = case()
    made.functions.plan()
    waiting = made.functions.waiting()
    environment = {**os.environ, **made.functions.environment}
    children = [
        start(delivered, *message, environment, str(made.folder / f"machine-{n}{i}"))
        for n, message in enumerate(waiting)
        for i in range(2)
    ]
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 6
    made.functions.drain()
    same_as_local(made)
    assert len({Path(f).name for f in made.files()}) == 6


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


# -- planners that die, and what is asked meanwhile

PLANNER = (
    "penstock.runtime.serverless.planner:plan",
    "penstock.runtime.ledger.dynamodb:DynamoDBLedger.begin",
    "penstock.runtime.serverless.work:WorkFolder.put_plan",
    "penstock.runtime.serverless.settings:send",
    "penstock.runtime.serverless.work:WorkFolder.put_told",
    "penstock.runtime.heartbeat:HeldLock.hand_over",
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", PLANNER)
def test_a_planner_killed_anywhere_is_gone_on_with(case, point, when):
    made = case()
    dies(made, "plan", "", point, when)
    assert made.functions.plan()["status"] == "busy"
    handed_over = point.endswith("hand_over") and when == "after"
    assert a_minute_passes(made) is not handed_over
    if not handed_over:
        assert made.functions.plan()["status"] == "planned"
    made.functions.drain(most=2)
    same_as_local(made)
    assert len(made.functions.runs()) == 1
    assert made.functions.plan()["status"] == "skipped"


def test_workers_that_were_not_told_are_told_by_the_next_planning(case):
    """The planner died while it told them; those that know keep the run alive."""
    made = case()
    dies(made, "plan", "", "penstock.runtime.serverless.work:WorkFolder.put_told", "before")
    first, *_lost = made.functions.waiting()
    assert made.functions.deliver(*first) == []
    assert not a_minute_passes(made)
    assert made.functions.plan()["status"] == "busy"
    made.functions.drain()
    same_as_local(made)
    assert made.functions.runs()[0].attempt == 1


def arrived(made, name):
    """The event of a file, as EventBridge has it."""
    sample = Path(__file__).parents[1] / "data" / "events" / "eventbridge-s3.json"
    event = json.loads(sample.read_text())
    event["detail"]["object"]["key"] = f"{made.prefix}/{name}"
    return event


def test_a_file_that_comes_during_a_run_is_not_forgotten(case):
    made = case()
    made.functions.plan()
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    event = arrived(made, "in/d.csv")
    with pytest.raises(Conflict) as told:  # Lambda calls again
        made.functions.plan(event)
    assert told.value.code == "PSK-FN-007"
    body = json.dumps(event)
    assert made.functions.deliver("events", body, body) == [body, body]  # and so does SQS
    made.functions.drain()
    assert made.functions.deliver("events", body, body) == []
    made.functions.drain()
    assert len(made.functions.runs()) == 2
    assert made.published() == made.local()[1]
    assert made.functions.deliver("events", body) == []
    assert len(made.functions.runs()) == 2


def test_secrets_are_read_once_and_told_nowhere(case, caplog):
    made = case()
    manager = boto3.client("secretsmanager", region_name="us-east-1")
    arn = manager.create_secret(Name=uuid.uuid4().hex, SecretString="t0p-s3cret")["ARN"]
    made.functions.environment["PENSTOCK_SECRET_ARNS"] = json.dumps({"token": arn})
    made.functions.use()
    made.functions.plan()
    manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)  # it is not read again
    made.functions.drain()
    same_as_local(made)
    options = references.with_secrets({"t": "${secret.token}"}, references.environment())
    assert options == {"t": "t0p-s3cret"}
    store = made.functions.store
    kept = [store.read(e.path) for e in store.list("work")]
    assert len(kept) > 5
    assert not [text for text in kept if b"t0p-s3cret" in text]
    assert "t0p-s3cret" not in caplog.text
    assert "t0p-s3cret" not in json.dumps(made.functions.runs()[0].report)
    references.give_secrets({})


# -- what goes wrong around them


@contextmanager
def faults_before(upstream):
    """A proxy: its URL, and what has requests go wrong (None: none does)."""
    proxy = Path(__file__).parents[1] / "fault" / "fault_proxy.py"
    command = [sys.executable, str(proxy), upstream]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"

        def go_wrong(wanted):
            body = json.dumps(wanted or {}).encode()
            urlopen(Request(f"{url}/-/fault", body, method="POST")).close()

        try:
            yield url, go_wrong
        finally:
            server.kill()  # a test that fails here would wait for it for ever


@pytest.fixture
def throttle(dynamodb_moto, case, monkeypatch):
    """Have the ledger's writes refused, after some: for ever, or not at all any more."""
    told = {"__type": "com.amazonaws#ThrottlingException", "message": "on purpose"}
    wanted = {"how": "told", "method": "POST", "path": "TransactWriteItems$", "times": None}
    wanted |= {"status": 400, "body": json.dumps(told)}
    with faults_before(dynamodb_moto) as (url, go_wrong):
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        monkeypatch.setattr(client, "ATTEMPTS", 2)
        yield lambda *, after: go_wrong(None if after is None else wanted | {"skip": after})


@pytest.mark.parametrize("after", [0, 2, 3, 5])
def test_a_ledger_that_is_throttled_loses_and_doubles_nothing(case, throttle, after):
    """After some writes: of the loader these are renew, acquire, stage, finish, twice release."""
    made = case()
    throttle(after=after)
    with suppress(LedgerError):
        made.functions.plan()
    throttle(after=None)
    a_minute_passes(made)
    made.functions.plan()
    throttle(after=after)
    for which, body in made.functions.waiting():
        again = made.functions.deliver(which, body)
        throttle(after=None)
        for each in again:
            assert made.functions.deliver(which, each) == []
    ((which, body),) = made.functions.waiting()
    throttle(after=after)
    assert made.functions.deliver(which, body) == [body]
    throttle(after=None)
    a_minute_passes(made)
    assert made.functions.deliver(which, body) == []
    same_as_local(made)
    assert made.functions.plan()["status"] == "skipped"


def notes(made):
    """Names of the notes of what failed for S3's answer."""
    told = [e.path for e in made.functions.store.list("work") if "/failures/" in e.path]
    assert all("503" in made.functions.store.read(path).decode() for path in told)
    return [path.rpartition("/")[2] for path in sorted(told)]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET|HEAD", "plan.json"), ("GET", "in/b.csv"), ("PUT|POST", "out/all"), ("PUT", "slices/")],
)
def test_s3_that_answers_503_has_a_slice_come_again(case, aws, method, path, monkeypatch):
    with faults_before(aws) as (url, go_wrong):
        made = case()
        made.functions.plan()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        made.functions.use()
        waiting = made.functions.waiting()
        first = next(m for m in waiting if json.loads(m[1])["slice"] == 1)
        go_wrong({"how": "503", "method": method, "path": path, "times": None})
        assert made.functions.deliver(*first) == [first[1]]
        go_wrong(None)
        assert notes(made) == ["1.json"]
        for each in waiting:
            assert made.functions.deliver(*each) == []
        ((which, body),) = made.functions.waiting()
        go_wrong({"how": "503", "method": "PUT|POST|GET", "path": "out/", "times": None})
        assert made.functions.deliver(which, body) == [body]
        go_wrong(None)
        assert notes(made) == ["load.json"]  # the slice's went away when it came again
        assert made.functions.deliver(which, body) == []
        same_as_local(made)
