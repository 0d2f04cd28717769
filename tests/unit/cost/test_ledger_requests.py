"""What a run asks of the ledger in DynamoDB, counted: the bill must not be below it."""

from __future__ import annotations

import json
import math

import pytest

from penstock.cost.architectures import serverless_lambda as counted

TABLE = "ledger-cost"
SLICES = 25


class Counter:
    """Units of the requests that a client makes, counted as DynamoDB bills them."""

    def __init__(self, client):
        self.reads = self.writes = 0
        client.meta.events.register("provide-client-params.dynamodb.*", self.count)

    def count(self, params, model, **_):
        name = model.name
        if name == "TransactWriteItems":
            # Twice the units: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
            self.writes += sum(2 * kilobytes(item) for item in params["TransactItems"])
        elif name in {"PutItem", "UpdateItem", "DeleteItem"}:
            self.writes += kilobytes(params)
        elif name == "TransactGetItems":
            self.reads += 2 * len(params["TransactItems"])
        elif name in {"GetItem", "Query"}:
            self.reads += 1
        elif name == "BatchGetItem":
            self.reads += sum(len(t["Keys"]) for t in params["RequestItems"].values())
        else:
            assert name == "DescribeTable", name


def kilobytes(item) -> int:
    return math.ceil(len(json.dumps(item, default=str)) / 1024)


def run_once(ledger, number: int) -> None:
    """What planner, workers and loader ask of the ledger for one run of many slices."""

    lock = ledger.acquire("shop/daily", f"run:{number}", lease_seconds=1200)
    ledger.unfinished("shop", lane="daily")
    ledger.progress("shop")
    ledger.last_succeeded("shop")
    ledger.current("shop")
    run = ledger.begin(
        f"r{number}",
        "shop",
        f"key{number}",
        "sha256:" + "0" * 64,
        f"slice{number}",
        {"orders": [(f"s3://lake/orders/{number}-{i}.csv", "e" * 32) for i in range(SLICES)]},
        lock=lock,
    )
    ledger.renew(lock, lease_seconds=1200)
    for _ in range(SLICES):
        ledger.run(run.run_id)
        ledger.renew(lock, lease_seconds=1200)
    ledger.run(run.run_id)
    ledger.renew(lock, lease_seconds=1200)
    ledger.stage(run.run_id, [{"target": "t", "files": ["f" * 60] * SLICES}], lock)
    ledger.run(run.run_id)
    ledger.finish(run.run_id, "succeeded", {"datasets": {"d": "x" * 1500}}, [], lock=lock)
    ledger.release(lock)


@pytest.fixture
def counter(use_dynamodb, tmp_path):
    from penstock.runtime.ledger.dynamodb import DynamoDBLedger, create_table

    use_dynamodb("moto")
    create_table(TABLE, backups=False)
    ledger = DynamoDBLedger(TABLE)
    run_once(ledger, 0)  # the first run has nothing before it to look at
    count = Counter(ledger._table._client)
    run_once(ledger, 1)
    yield count
    ledger.close()


def test_the_bill_has_what_a_run_asks_of_the_ledger_and_not_twice_of_it(counter):
    writes = counted.LEDGER_WRITES + SLICES * counted.LEDGER_WRITES_A_SLICE
    reads = counted.LEDGER_READS + SLICES * counted.LEDGER_READS_A_SLICE
    assert counter.writes <= writes <= 2 * counter.writes
    assert counter.reads <= reads <= 2 * counter.reads
