"""A slice that nobody makes: the run is told as failed at once, and a replay goes on with it."""

from __future__ import annotations

import json

import pytest
from dying import a_minute_passes, dies
from test_serverless_merge import merged
from twins import same_as_local

from penstock.runtime.serverless import dead, entry, work

pytestmark = pytest.mark.evidence(
    "architecture:lambda", "executed locally", on="S3, SQS and DynamoDB of moto"
)
AIRPORTS = "faa,name\nJFK,Kennedy\nLAX,Los Angeles\n"
LAST = 5


def broken(case, **more):
    """A run of which two slices are made, and the third fails the last time; gives its message."""
    made = case(**more)
    made.functions.plan()
    letter, *others = sorted(made.functions.waiting(), key=lambda m: m[1])
    for each in others:
        assert made.functions.deliver(*each) == []
    made.functions.store.delete(["airports.csv"])
    which, body = letter
    assert made.functions.deliver(which, body, deliveries=LAST - 1) == [body]
    assert made.functions.runs()[0].status == "running"
    assert made.functions.deliver(which, body, deliveries=LAST) == [body]
    return made, letter


def mended(made):
    made.put("airports.csv", AIRPORTS)


def test_the_last_failure_ends_the_run_with_the_slices_error(case):
    made, _ = broken(case)
    (run,) = made.functions.runs()
    assert run.status == "failed"
    assert run.report["status"] == "failed"
    assert run.report["error"]["code"] == "PSK-FN-009"
    assert "slice 0 of 3" in run.report["error"]["message"]
    assert "airports.csv" in run.report["error"]["message"]
    assert "penstock replay" in run.report["error"]["hint"]
    assert made.functions.waiting() == []


def test_a_replay_goes_on_with_what_the_other_slices_made(case):
    made, letter = broken(case)
    mended(made)
    staged = made.files()
    assert len(staged) == 4
    assert made.functions.deliver(*letter) == []
    (run,) = made.functions.runs()
    assert (run.status, run.attempt) == ("running", 2)
    assert made.functions.deliver(*letter) == []  # sent again twice: it finds the next attempt
    made.functions.drain(most=3)
    latest = same_as_local(made)
    assert (latest.run_id, latest.attempt) == (run.run_id, 2)
    assert staged < made.files()
    assert len(made.files()) == 6
    assert made.functions.deliver(*letter) == []
    assert made.functions.plan()["status"] == "skipped"
    assert len(made.functions.runs()) == 1


def test_a_replay_whose_cause_is_not_mended_ends_the_run_again(case):
    made, letter = broken(case)
    assert made.functions.deliver(*letter) == []
    ((which, body),) = made.functions.waiting()
    assert made.functions.deliver(which, body, deliveries=LAST) == [body]
    (run,) = made.functions.runs()
    assert (run.status, run.attempt) == ("failed", 2)
    mended(made)
    assert made.functions.deliver(which, body) == []
    made.functions.drain()
    assert same_as_local(made).attempt == 3


def test_without_a_replay_the_next_start_reads_the_same_and_a_late_one_changes_nothing(case):
    made, letter = broken(case)
    mended(made)
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    assert made.functions.plan()["slices"] == 4
    assert made.functions.deliver(*letter) == []  # while the other is under way
    made.functions.drain()
    same_as_local(made)
    before = made.files()
    assert made.functions.deliver(*letter) == []
    assert made.functions.waiting() == []
    assert made.files() == before
    assert [r.status for r in made.functions.runs()] == ["succeeded", "failed"]


def test_a_replay_between_a_failed_start_and_the_next_does_not_double(case):
    made, letter = broken(case)
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    mended(made)
    assert made.functions.plan()["slices"] == 4
    made.functions.store.delete(["airports.csv"])
    which, body = next(m for m in made.functions.waiting() if m[0] == "tasks")
    assert made.functions.deliver(which, body, deliveries=LAST) == [body]
    mended(made)
    assert made.functions.deliver(*letter) == []  # the older of two that ended so
    assert made.functions.waiting() == []
    assert made.functions.deliver(which, body) == []
    made.functions.drain()
    same_as_local(made)


WORKERS_END = "penstock.runtime.serverless.work:WorkFolder.put_slice"


def killed(case):
    """A run whose first slice was killed in its last try."""
    made = case()
    made.functions.plan()
    letter, *others = sorted(made.functions.waiting(), key=lambda m: m[1])
    for each in others:
        assert made.functions.deliver(*each) == []
    dies(made, *letter, WORKERS_END, "before", deliveries=LAST)
    return made, letter


def test_a_worker_killed_in_its_last_try_is_found_by_the_next_start(case, monkeypatch):
    made, letter = killed(case)
    assert made.functions.plan()["status"] == "busy"  # it may be at it still
    assert made.functions.runs()[0].status == "running"
    monkeypatch.setattr(work, "utc_now", lambda: "2999-01-01T00:00:00.000000Z")
    assert made.functions.plan()["status"] == "planned"
    (run,) = made.functions.runs()
    assert (run.status, run.attempt) == ("running", 2)
    assert made.functions.deliver(*letter) == []
    made.functions.drain()
    same_as_local(made)


def test_a_message_that_is_sent_again_in_time_is_worked_on(case, monkeypatch):
    made, letter = killed(case)
    assert made.functions.deliver(*letter) == []
    monkeypatch.setattr(work, "utc_now", lambda: "2999-01-01T00:00:00.000000Z")
    assert made.functions.plan()["status"] == "busy"
    made.functions.drain()
    assert same_as_local(made).attempt == 1


def test_a_slice_that_another_worker_made_is_not_dead(case, monkeypatch):
    """The last try fails while an earlier one, late, gets through."""
    made = case()
    made.functions.plan()
    letter, *others = sorted(made.functions.waiting(), key=lambda m: m[1])
    for each in others:
        assert made.functions.deliver(*each) == []
    found = work.WorkFolder.dead

    def late(folder):
        monkeypatch.setattr(work.WorkFolder, "dead", found)
        mended(made)
        assert made.functions.deliver(*letter) == []
        return found(folder)

    monkeypatch.setattr(work.WorkFolder, "dead", late)
    made.functions.store.delete(["airports.csv"])
    assert made.functions.deliver(*letter, deliveries=LAST) == [letter[1]]
    assert made.functions.runs()[0].status == "running"
    made.functions.drain()
    assert same_as_local(made).attempt == 1


TAKING_UP = (
    "penstock.runtime.serverless.work:WorkFolder.put_plan",
    "penstock.runtime.ledger.dynamodb:DynamoDBLedger.begin",
    "penstock.runtime.serverless.settings:send",
    "penstock.runtime.serverless.work:WorkFolder.put_told",
    "penstock.runtime.heartbeat:HeldLock.hand_over",
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", TAKING_UP)
def test_whoever_dies_while_it_takes_a_run_up_loses_and_doubles_nothing(case, point, when):
    made, letter = broken(case)
    mended(made)
    dies(made, *letter, point, when)
    made.functions.deliver(*letter)
    a_minute_passes(made)
    made.functions.deliver(*letter)
    made.functions.drain(most=2)
    made.functions.plan()
    made.functions.drain(most=2)
    same_as_local(made)
    assert len(made.functions.runs()) == 1
    assert made.functions.plan()["status"] == "skipped"


def test_rows_that_wait_for_a_merge_are_there_for_the_next_attempt(case):
    made = merged(case)
    made.functions.plan()
    letter, *others = made.functions.waiting()
    for each in others:
        assert made.functions.deliver(*each) == []
    dies(made, *letter, WORKERS_END, "before", deliveries=LAST)
    (run, *_) = made.functions.runs()
    note = f"work/flights/{run.run_id}/1/failures/{json.loads(letter[1])['slice']}.json"
    told = json.loads(made.functions.store.read(note))
    made.put(note, json.dumps({**told, "until": "2026-01-01T00:00:00.000000Z"}))  # it has passed
    assert dead.end_any(entry._function())
    assert made.functions.runs()[0].report["error"]["code"] == "PSK-FN-009"
    assert made.functions.deliver(*letter) == []
    made.functions.drain()
    assert same_as_local(made).attempt == 2
