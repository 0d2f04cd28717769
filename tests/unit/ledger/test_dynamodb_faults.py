"""A DynamoDB that goes wrong: lost answers, throttling, refusals; each through a proxy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from penstock.errors import Conflict, LedgerError
from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.base import Version
from penstock.runtime.ledger.dynamodb import DynamoDBLedger, client, create_table, schema, table

PROXY = Path(__file__).parents[2] / "fault" / "fault_proxy.py"
NAME = "ledger"
WRITES = r"TransactWriteItems$"


class Place:
    """A ledger behind a proxy."""

    def __init__(self, url):
        self.url = url
        self.ledger = DynamoDBLedger(NAME, actor="me@mill")

    def fail(self, how, target, *, times=1, skip=0, **more):
        wanted = {"how": how, "method": "POST", "path": target, "times": times, "skip": skip}
        self._ask({**wanted, **more})

    def told(self, code, target, *, times=None, skip=0, **more):
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "on purpose", **more})
        self.fail("told", target, times=times, skip=skip, status=400, body=body)

    def done(self):
        with urlopen(f"{self.url}/-/fault", timeout=10) as answer:
            return json.load(answer)["done"]

    def _ask(self, wanted):
        body = json.dumps(wanted).encode()
        urlopen(Request(f"{self.url}/-/fault", body, method="POST"), timeout=10).close()


@pytest.fixture(params=["moto", "local"])
def place(request, use_dynamodb, monkeypatch):
    use_dynamodb(request.param)
    upstream = request.getfixturevalue(f"dynamodb_{request.param}")
    create_table(NAME, backups=False)
    command = [sys.executable, str(PROXY), upstream]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        monkeypatch.setattr(client, "ATTEMPTS", 3)
        made = Place(url)
        try:
            yield made
        finally:
            made.ledger.close()
            server.kill()


def begin(ledger, run_id="r1", key="k1"):
    return ledger.begin(run_id, "p", key, "sha256:prog", "slice", {})


# -- an answer that got lost


def test_what_was_written_is_known_again_though_its_answer_was_lost(place):
    ledger = place.ledger
    place.fail("lost", WRITES)
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    assert lock.token == 1
    place.fail("lost", WRITES)
    ledger.renew(lock, lease_seconds=60)
    place.fail("lost", WRITES)
    assert begin(ledger).attempt == 1
    place.fail("lost", WRITES)
    ledger.stage("r1", [{"n": 1}], lock)
    place.fail("lost", WRITES)
    version = Version("p", "t", "v", "r1", "lake", "now")
    ledger.finish("r1", "succeeded", {}, [version], lock=lock)
    place.fail("lost", WRITES)
    ledger.set_quarantine_state("p", ["a"], "discarded", actor="me", reason="")
    place.fail("lost", WRITES)
    assert ledger.append_audit("me", "did", "p", "it", {}).number == 3
    assert place.done() == 1
    assert len(ledger.attempts("r1")) == 1
    assert ledger.versions("p", "t") == [version]
    assert [e.number for e in ledger.audit()] == [1, 2, 3]
    assert ledger.verify_audit() == []


def test_a_lost_answer_to_a_write_of_another_is_no_success(place):
    """Only the very transaction is known again; whoever comes second begins anew."""
    other = DynamoDBLedger(NAME, actor="you@mill")
    begin(place.ledger)
    other.finish("r1", "failed", {})
    with pytest.raises(Conflict, match="ended already"):
        place.ledger.finish("r1", "succeeded", {})
    other.close()


# -- throttling


def test_throttled_for_a_while(place):
    throttled = "ProvisionedThroughputExceededException"
    place.told(throttled, WRITES, times=2)
    begin(place.ledger)
    place.told(throttled, "GetItem$", times=2)
    assert place.ledger.run("r1").attempt == 1
    place.fail("500", "Query$")
    assert len(place.ledger.runs("p")) == 1


@pytest.mark.parametrize("reason", ["ThrottlingError", "TransactionConflict"])
def test_a_transaction_in_another_s_way_is_made_again(place, reason):
    reasons = [{"Code": "None"}, {"Code": reason, "Message": "on purpose"}]
    cancelled = "TransactionCanceledException"
    place.told(cancelled, WRITES, times=2, CancellationReasons=reasons)
    begin(place.ledger)
    place.told(cancelled, "TransactGetItems$", times=2, CancellationReasons=reasons)
    assert [r.attempt for r in place.ledger.runs("p")] == [1]
    assert place.done() == 2


def test_throttled_for_ever(place):
    place.told("ThrottlingException", WRITES)
    with pytest.raises(LedgerError, match=r"on purpose \(ThrottlingException\)") as told:
        begin(place.ledger)
    assert told.value.code == "PSK-LED-012"
    assert "CloudWatch" in told.value.hint
    assert place.ledger.runs("p") == []
    assert place.done() == 3


def test_the_usual_variable_says_how_often_is_asked(place, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    ledger = DynamoDBLedger(NAME)
    place.told("ThrottlingException", "GetItem$")
    with pytest.raises(LedgerError, match="ThrottlingException"):
        ledger.run("r1")
    assert place.done() == 2
    assert ledger.run("") is None
    ledger.close()


def test_items_that_a_batch_left_out_are_asked_for_again(place, monkeypatch):
    lock = place.ledger.acquire("l", holder(), lease_seconds=60)
    for number in (1, 2):
        begin(place.ledger, f"r{number}", f"k{number}")
        place.ledger.stage(f"r{number}", [{}], lock)
    keys = [{"pk": {"S": "P#p"}, "sk": {"S": f"RUN#{n:016}"}} for n in (1, 2)]
    left = {"Responses": {}, "UnprocessedKeys": {NAME: {"Keys": keys, "ConsistentRead": True}}}
    place.fail("told", "BatchGetItem$", times=2, status=200, body=json.dumps(left))
    assert [r.run_id for r in place.ledger.unfinished("p")] == ["r1", "r2"]
    assert place.done() == 2
    monkeypatch.setattr(table, "BUSY_SECONDS", 0.1)
    place.fail("told", "BatchGetItem$", times=None, status=200, body=json.dumps(left))
    with pytest.raises(Conflict, match="throttled"):
        place.ledger.unfinished("p")


# -- refusals


def test_a_transaction_that_can_never_be_made(place):
    reasons = [{"Code": "ValidationError", "Message": "too big"}]
    place.told("TransactionCanceledException", WRITES, CancellationReasons=reasons)
    with pytest.raises(LedgerError, match="on purpose") as told:
        begin(place.ledger)
    assert told.value.code == "PSK-LED-012"
    assert place.done() == 1


def test_no_permission(place):
    place.told("AccessDeniedException", "GetItem$")
    with pytest.raises(LedgerError, match="does not let") as told:
        place.ledger.run("r1")
    assert told.value.code == "PSK-LED-011"
    assert "policy" in told.value.hint
    with pytest.raises(LedgerError, match="does not let"):
        DynamoDBLedger(NAME)


def test_a_server_that_does_not_answer(place, monkeypatch):
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    ledger = DynamoDBLedger(NAME)
    place.fail("silence", "GetItem$", times=None)
    with pytest.raises(LedgerError, match="cannot be read or written") as told:
        ledger.run("r1")
    assert told.value.code == "PSK-LED-012"
    ledger.close()


def test_two_who_open_an_empty_table(place, monkeypatch):
    """Each finds no layout; one of them writes it."""
    missing = "{}"
    place.fail("told", "GetItem$", status=200, body=missing)
    ledger = DynamoDBLedger(NAME)
    begun = begin(ledger)
    assert ledger.run(begun.run_id) == begun
    ledger.close()


# -- making the table


def test_backups_that_are_not_ready_yet(place, monkeypatch):
    monkeypatch.setattr(schema.time, "sleep", lambda _: None)
    place.told("ContinuousBackupsUnavailableException", "UpdateContinuousBackups$")
    with pytest.raises(LedgerError, match="cannot be made") as told:
        create_table(NAME)
    assert told.value.code == "PSK-LED-011"
    assert place.done() == 30
