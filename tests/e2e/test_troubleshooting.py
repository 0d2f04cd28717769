"""Faults of the troubleshooting guide of architecture 1 that no other test produces."""

from __future__ import annotations

import json

import pytest

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
