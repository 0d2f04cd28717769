"""The receiver's handler: both formats of API Gateway, its environment, its secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from gateway import answer, event

from penstock.program import Column, Program, Read
from penstock.runtime.serverless import receiver, secrets

HANDLERS = (
    Path(__file__).parents[3]
    / "architectures"
    / "architecture-1-serverless-lambda"
    / "src"
    / "lambda"
)
HEAVY = {"sqlglot", "pydantic", "click", "pyarrow", "duckdb", "boto3", "obstore"}
SIGNED = {"secret": "${secret.HOOK}", "previous": "${secret.OLD}", "header": "S"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Write a Program with a webhook source and have the receiver begin; gives the inbox."""

    def begin(options=None, **variables):
        given = {"path": "/flights", **(options or {})}
        read = Read("events", "webhook", given, (Column("id", "integer"),))
        program = Program("flights", "duckdb", reads=(read,))
        (tmp_path / "program.json").write_text(json.dumps(program.as_json()))
        for name, value in {
            "PENSTOCK_PIPELINE": "flights",
            "PENSTOCK_PROGRAM": f"{tmp_path}/program.json",
            "PENSTOCK_INBOX": str(tmp_path / "inbox"),
            **variables,
        }.items():
            monkeypatch.setenv(name, value)
        receiver._doors.cache_clear()
        return tmp_path / "inbox" / "events"

    yield begin
    receiver._doors.cache_clear()


def first(path="/flights", headers=(), body='{"id": 1}', stage="prod", **more):
    """A request in the format 1.0."""
    return {
        "resource": "/flights",
        "path": path,
        "httpMethod": "POST",
        "headers": dict(headers),
        "multiValueHeaders": {k: [v] for k, v in dict(headers).items()},
        "requestContext": {"stage": stage, "requestId": "r", "httpMethod": "POST"},
        "body": body,
        "isBase64Encoded": False,
        **more,
    }


def second(headers=(), body=b'{"id": 1}', path="/flights"):
    return event("POST", path, headers, body)


def there(inbox):
    return [json.loads(x) for f in sorted(inbox.glob("*")) for x in f.read_text().splitlines()]


def test_both_formats(place):
    inbox = place({"key": {"header": "X-Id"}, "headers": ["X-Kind"]})
    assert answer(receiver.handle(second([("X-Id", "a"), ("X-Kind", "k")])))[0] == 200
    headers = {"x-ID": "b", "X-KIND": "l"}
    assert answer(receiver.handle(first(headers=headers)))[0] == 200
    encoded = base64.b64encode('{"id": "é"}'.encode()).decode()
    found = receiver.handle(first(headers={"X-Id": "c"}, body=encoded, isBase64Encoded=True))
    assert answer(found) == (200, {"status": "received", "key": "c"})
    assert found["headers"] == {"content-type": "application/json"}
    found = {(r["_idempotency_key"], r["_headers"]["x-kind"], r["id"]) for r in there(inbox)}
    assert found == {("a", "k", 1), ("b", "l", 1), ("c", None, "é")}


def test_the_stage_is_no_part_of_the_path(place):
    place()
    for found in (
        {**second(path="/prod/flights"), "requestContext": {
            "stage": "prod", "http": {"method": "POST"}}},
        first(path="/prod/flights"), first(path="/flights"),
    ):  # fmt: skip
        assert answer(receiver.handle(found))[0] == 200
    assert answer(receiver.handle(first(path="/flights/prod")))[0] == 404


@pytest.mark.parametrize(
    "odd",
    [
        None, [], "x", {}, {"requestContext": 1}, {"requestContext": {}},
        {"requestContext": {"http": {}}}, {"Records": []},
        {**first(), "body": 7}, {**first(), "body": "%%", "isBase64Encoded": True},
        {**first(), "body": "\ud800"},
    ],
)  # fmt: skip
def test_what_is_no_request_is_told(place, odd):
    inbox = place()
    status, told = answer(receiver.handle(odd))
    assert status == 400
    assert told["error"]
    assert there(inbox) == []


def test_a_missing_body_is_an_event_that_is_none(place):
    place()
    assert answer(receiver.handle({**first(), "body": None}))[0] == 400


def test_secrets_come_from_the_environment_first(place):
    place({"signature": SIGNED}, PENSTOCK_SECRET_HOOK="new", PENSTOCK_SECRET_OLD="old")
    for secret, status in (("new", 200), ("old", 200), ("other", 401)):
        told = hmac.new(secret.encode(), b'{"id": 1}', hashlib.sha256).hexdigest()
        assert answer(receiver.handle(second([("S", told)])))[0] == status


def test_secrets_of_secrets_manager_are_fetched_once_and_anew_when_they_changed(
    place, aws, monkeypatch
):
    client = boto3.client("secretsmanager", region_name="us-east-1")
    arns = {
        name: client.create_secret(Name=f"{name}-{id(place)}", SecretString=value)["ARN"]
        for name, value in (("HOOK", "one"), ("OLD", "zero"))
    }
    inbox = place({"signature": SIGNED}, PENSTOCK_SECRET_ARNS=json.dumps(arns))
    asked = []
    real = secrets._value
    monkeypatch.setattr(
        secrets, "_value", lambda client, name, arn: asked.append(arn) or real(client, name, arn)
    )

    def post(secret):
        told = hmac.new(secret.encode(), b'{"id": 1}', hashlib.sha256).hexdigest()
        return answer(receiver.handle(second([("S", told)])))[0]

    assert [post("one"), post("zero"), post("two"), post("two")] == [200, 200, 401, 401]
    assert len(asked) == 2  # wrong signatures do not make it ask
    client.put_secret_value(SecretId=arns["HOOK"], SecretString="two")
    assert post("two") == 401
    monkeypatch.setattr(receiver, "FRESH_SECONDS", -1.0)
    assert post("two") == 200
    assert len(asked) == 4
    assert len(there(inbox)) == 1


@pytest.mark.parametrize(
    "arns", ['{"HOOK": "arn:aws:secretsmanager:us-east-1:1:secret:no"}', "{}", "no JSON", "[]"]
)
def test_without_its_secret_nothing_is_taken(place, aws, arns):
    inbox = place({"signature": SIGNED}, PENSTOCK_SECRET_ARNS=arns)
    assert answer(receiver.handle(second([("S", "00")]))) == (503, {"error": "try again later"})
    assert there(inbox) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"PENSTOCK_PIPELINE": "other"}, {"PENSTOCK_PIPELINE": ""}, {"PENSTOCK_INBOX": ""},
        {"PENSTOCK_PROGRAM": "/nowhere/program.json"}, {"PENSTOCK_PROGRAM": ""},
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_ours_to_know(place, caplog, variables):
    place(**variables)
    status, told = answer(receiver.handle(second()))
    assert status in {500, 503}
    assert told == {"error": "try again later"}
    assert json.loads(caplog.records[-1].message)["reason"]


def test_the_log_has_no_body_and_no_secret(place, caplog):
    place({"signature": SIGNED}, PENSTOCK_SECRET_HOOK="k3y", PENSTOCK_SECRET_OLD="old")
    caplog.set_level("INFO")
    receiver.handle(second([("S", "00")], b'{"name": "Ann"}'))
    (line,) = [json.loads(r.message) for r in caplog.records]
    assert line["status"] == 401
    assert line["request_id"] == "request"
    assert "Ann" not in str(line)
    assert "k3y" not in str(line)


def test_the_handler_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import receiver; assert receiver.handler"],
        cwd=HANDLERS,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "penstock.runtime.serverless.receiver" in imported
    assert {module.partition(".")[0] for module in imported} & HEAVY == set()
