"""From a POST over real HTTP, through the receiver and its inbox, to a lake."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from gateway import gateway

from penstock.runtime.serverless import receiver

PIPELINE = """\
name: flights
sources:
  events:
    connector: webhook
    path: /hooks/flights
    signature: {secret: '${secret.HOOK}', header: X-Signature, prefix: "sha256="}
    key: {pointer: /id}
    bad_json: quarantine
    schema: {id: {type: integer, required: true}, delay: "decimal(8,2)"}
targets:
  lake: {from: events, connector: lake, path: lake/events, mode: append}
"""


@pytest.fixture(params=["folder", "bucket"])
def hook(request, shop, monkeypatch):
    """The pipeline, its receiver behind a server, and what posts to it."""
    for path in (shop.root / "models").iterdir():
        path.unlink()
    shop.write("pipeline.yaml", PIPELINE)
    if request.param == "bucket":
        request.getfixturevalue("aws")
        name = request.node.name.replace("[", "-").replace("]", "")
        monkeypatch.setenv("PENSTOCK_INBOX", f"s3://acme-lake/{name}/inbox")
    compiled = shop("compile", "--engine", "duckdb", "--json")
    assert compiled.code == 0, compiled.err  # with no event there, and no secret set
    shop.write("program.json", compiled.out)
    inbox = {} if request.param == "bucket" else {"PENSTOCK_INBOX": f"{shop.root}/.penstock/inbox"}
    for name, value in {
        "PENSTOCK_PIPELINE": "flights",
        "PENSTOCK_PROGRAM": f"{shop.root}/program.json",
        **inbox,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PENSTOCK_SECRET_HOOK", "k3y")
    receiver._doors.cache_clear()
    with gateway(receiver.handle) as url:
        shop.post = lambda body, secret="k3y": post(f"{url}/hooks/flights", body, secret)
        shop.post({"id": 0})  # the receiver has opened what it works with
        monkeypatch.delenv("PENSTOCK_SECRET_HOOK")  # who reads needs no secret
        yield shop
    receiver._doors.cache_clear()


def post(url, body, secret):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
    asked = Request(url, data, {"X-Signature": f"sha256={told}"}, method="POST")
    try:
        with urlopen(asked, timeout=30) as got:
            return got.status
    except HTTPError as refused:
        with refused:
            return refused.code


def run(shop, status="succeeded"):
    done = shop("run", "--json")
    assert done.document["status"] == status, (done.out, done.err)
    return done.document


def lake(shop, sql="SELECT id, CAST(delay AS VARCHAR) AS d FROM lake ORDER BY id"):
    found = shop("query", sql, "--json").document
    return [tuple(r.values()) if isinstance(r, dict) else tuple(r) for r in found["rows"]]


def test_every_event_is_published_once(hook):
    events = [{"id": i, "delay": i + 0.25} for i in range(1, 9)]
    threads = [
        threading.Thread(target=lambda e=e: statuses.append(hook.post(e))) for e in events * 3
    ]
    statuses = []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 24
    assert run(hook)["datasets"]["events"]["rows_in"] == 9
    run(hook, status="skipped")
    assert hook.post(events[0]) == 200  # sent again after it was read
    assert hook.post({"id": 9, "delay": 1}) == 200
    assert run(hook)["datasets"]["events"]["rows_in"] == 1
    assert lake(hook) == [(0, None), *((i, f"{i}.25") for i in range(1, 9)), (9, "1.00")]
    columns = "SELECT count(DISTINCT _idempotency_key) AS k, min(_number) AS n FROM lake"
    assert lake(hook, columns) == [(10, 1)]


def test_a_body_that_is_no_json_is_held_corrected_and_replayed(hook):
    assert hook.post(b'{"id": 5, "delay": 2.5') == 200
    assert hook.post({"id": None}) == 200
    assert run(hook)["datasets"]["events"]["rejected"] == 2
    rows = hook("quarantine", "show", "--json").document["rows"]
    row = next(r for r in rows if r["raw"].startswith('"'))
    assert json.loads(row["raw"]) == '{"id": 5, "delay": 2.5'
    hook.write("fixed.ndjson", json.dumps({**row, "raw": '{"id": 5, "delay": 2.5}'}) + "\n")
    done = hook("quarantine", "replay", "--file", "fixed.ndjson", "--json")
    assert done.code == 0, done.err
    assert lake(hook) == [(0, None), (5, "2.50")]


def test_who_does_not_know_the_secret_publishes_nothing(hook):
    assert hook.post({"id": 1}, secret="guess") == 401
    run(hook)
    assert lake(hook) == [(0, None)]


def test_a_pipeline_that_nobody_has_sent_anything_to(shop):
    for path in (shop.root / "models").iterdir():
        path.unlink()
    shop.write("pipeline.yaml", PIPELINE)
    done = shop("run", "--json")
    assert done.document["status"] == "succeeded", done.err
    assert done.document["datasets"]["events"]["rows_in"] == 0
    assert shop("run", "--json").document["status"] == "skipped"
    shop.edit('    schema: {id: {type: integer, required: true}, delay: "decimal(8,2)"}\n', "")
    found = shop("validate", "--json")
    assert "PSK-SRC-141" in found.codes
