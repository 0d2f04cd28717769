"""AWS's documented samples are understood; anything else is refused in words."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from penstock.errors import RunError
from penstock.runtime.serverless import events, messages
from penstock.runtime.serverless.events import Asked
from penstock.runtime.serverless.messages import LoadMessage, Task

SAMPLES = Path(__file__).parents[2] / "data" / "events"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("s3", Asked("files", ("s3://amzn-s3-demo-bucket/in/red flower+x.csv",))),
        ("s3-test", Asked("nobody")),
        ("eventbridge-s3", Asked("files", ("s3://amzn-s3-demo-bucket1/example+key",))),
        ("schedule", Asked("schedule")),
        ("scheduler", Asked("schedule")),
        ("api-v1", Asked("request", full_refresh=True)),
        ("api-v2", Asked("request", full_refresh=True)),
    ],
)
def test_documented_samples(name, asked):
    assert events.asked(sample(name)) == asked
    assert events.asked_by(json.dumps(sample(name))) == asked


def test_a_schedule_of_eventbridge_scheduler():
    assert events.asked(sample("schedule") | {"source": "aws.scheduler"}) == Asked("schedule")
    own = {"schema": "penstock.ask/1", "full_refresh": True}
    assert events.asked(own) == Asked("schedule", full_refresh=True)


def test_the_watch_looks_and_asks_for_no_run():
    look = {"schema": "penstock.look/1"}
    assert events.is_look(look)
    assert not events.is_look(sample("schedule"))
    assert not events.is_look([look])
    with pytest.raises(RunError):
        events.asked(look)


def test_objects_that_go_ask_for_nothing():
    removed = sample("s3")
    removed["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    assert events.asked(removed) == Asked("nobody")
    assert events.asked(sample("eventbridge-s3") | {"detail-type": "Object Deleted"}) == Asked(
        "nobody"
    )


def test_a_batch_of_messages():
    (message,) = events.messages(sample("sqs"))
    assert (message.body, message.deliveries) == ("test", 3)
    assert message.id == "059f36b4-87a3-44ab-83d2-661975830a7d"
    assert events.failures([message.id]) == {"batchItemFailures": [{"itemIdentifier": message.id}]}
    assert events.failures([]) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "run",
        {},
        {"Records": []},
        {"Records": [{"eventSource": "aws:dynamodb"}]},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"source": "aws.s3", "detail-type": "Object Created"},
        {"requestContext": None},
        {"requestContext": {"http": {"method": "GET"}}},
        {"requestContext": {}, "httpMethod": "POST", "body": "{"},
        {"requestContext": {}, "httpMethod": "POST", "body": "[]"},
        {"requestContext": {}, "httpMethod": "POST", "body": '{"full_refresh": "yes"}'},
        {"requestContext": {}, "httpMethod": "POST", "body": "%", "isBase64Encoded": True},
    ],
)
def test_anything_else_is_refused(event):
    with pytest.raises(RunError) as told:
        events.asked(event)
    assert told.value.code == "PSK-FN-001"
    assert told.value.hint


def cut_down(document):
    """The document with each of its fields missing, at any depth."""
    places = [()]
    while places:
        place = places.pop()
        node = document
        for key in place:
            node = node[key]
        keys = (
            node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        )
        for key in keys:
            places.append((*place, key))
            less = copy.deepcopy(document)
            inner = less
            for step in place:
                inner = inner[step]
            del inner[key]
            yield less


@pytest.mark.parametrize(
    "name", ["s3", "s3-test", "eventbridge-s3", "schedule", "scheduler", "sqs", "api-v1", "api-v2"]
)
def test_a_sample_without_one_of_its_fields_is_understood_or_refused(name):
    codes = set()
    for less in cut_down(sample(name)):
        for read in (events.asked, events.messages):
            try:
                read(less)
            except RunError as told:
                codes.add(told.code)
    assert codes == {"PSK-FN-001"}


@pytest.mark.parametrize("message", [Task("shop", "r1", 1, 0, 3), LoadMessage("shop", "r1", 2)])
def test_messages_come_back(message):
    assert messages.read(type(message), messages.write(message)) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"schema": "penstock.task/2"}',
        '{"schema": "penstock.load/1", "pipeline": "shop", "run_id": "r1"}',
        '{"schema": "penstock.load/1", "pipeline": "shop", "run_id": "r1", "attempt": "1"}',
        '{"schema": "penstock.load/1", "pipeline": "shop", "run_id": "r1", "attempt": true}',
        '{"schema": "penstock.load/1", "pipeline": "a", "run_id": "r", "attempt": 1, "x": 1}',
    ],
)
def test_a_message_that_is_none_is_refused(text):
    with pytest.raises(RunError) as told:
        messages.read(LoadMessage, text)
    assert told.value.code == "PSK-FN-002"
