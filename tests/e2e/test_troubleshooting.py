"""Faults of the troubleshooting guide of architecture 1 that no other test produces."""

from __future__ import annotations

import json

import pytest
from twins import same_as_local

pytestmark = pytest.mark.evidence(
    "architecture:lambda", "executed locally", on="S3, SQS and DynamoDB of moto"
)


def test_a_build_that_is_replaced_during_a_run_ends_the_run(case):
    made = case()
    made.functions.plan()
    made.five = "6"  # another definition of the same pipeline, deployed meanwhile
    program = made.compile(f"s3://acme-lake/{made.prefix}/out", "newer")
    made.functions.program = program
    made.functions.store.put("program.json", json.dumps(program.as_json()).encode())
    made.functions.use()
    made.functions.drain()
    (latest,) = made.functions.runs()
    assert latest.status == "failed"
    assert latest.report["error"]["code"] == "PSK-FN-005"
    assert made.files() == set()

    assert made.functions.plan()["status"] == "planned"
    made.functions.drain()
    assert made.published() == made.local()[1]


def test_a_slice_that_needs_what_is_gone_fails_with_its_error_and_goes_through_later(case):
    made = case()
    made.functions.plan()
    waiting = made.functions.waiting()
    made.functions.store.delete(["airports.csv"])
    for _ in range(2):
        for which, body in waiting:
            assert made.functions.deliver(which, body) == [body]
    run_id = made.functions.runs()[0].run_id
    for _, body in waiting:
        at = f"work/flights/{run_id}/1/failures/{json.loads(body)['slice']}.json"
        assert "airports.csv" in json.loads(made.functions.store.read(at))["message"]
    assert made.files() == set()

    made.put("airports.csv", "faa,name\nJFK,Kennedy\nLAX,Los Angeles\n")
    for which, body in waiting:
        assert made.functions.deliver(which, body) == []
    made.functions.drain()
    same_as_local(made)
