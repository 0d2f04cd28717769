"""The functions of architecture 1 over moto: what Lambda and SQS do between them.

Messages are in real queues, and are delivered by this file: as often as it is told, in any order,
and to processes that may be killed.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import uuid
from pathlib import Path

import boto3

from penstock.deploy.architectures.serverless_lambda import architecture
from penstock.runtime.ledger.opening import open_ledger
from penstock.runtime.publish import open_target
from penstock.runtime.serverless import entry
from penstock.runtime.storage import open_store

BUCKET = "s3://acme-lake"
LAMBDA = Path(__file__).parents[2] / "architectures/architecture-1-serverless-lambda/src/lambda"
sys.path.append(str(LAMBDA))
import planner  # noqa: E402  # the handler itself


class Context:
    """Lambda's context, as far as it is used."""

    def __init__(self, seconds=900.0):
        self.seconds = seconds

    def get_remaining_time_in_millis(self):
        return int(self.seconds * 1000)


class Clock(Context):
    """A context whose time passes."""

    def __init__(self, seconds):
        self.until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        return int((self.until - time.monotonic()) * 1000)


class Functions:
    """Planner, workers and loader of one Program."""

    def __init__(self, program, folder, prefix, table, *, definition=None, **more):
        self.program, self.folder, self.prefix = program, folder, prefix
        folder.mkdir(parents=True, exist_ok=True)
        package = folder.with_name("package")
        if definition is not None:
            files = architecture._own_files(definition, program, everything=True)
            for name, content in files.items():
                (package / name).parent.mkdir(parents=True, exist_ok=True)
                (package / name).write_bytes(content)
        self.store = open_store(f"{BUCKET}/{prefix}", folder)
        self.sqs = boto3.client("sqs", region_name="us-east-1")
        name = uuid.uuid4().hex
        self.queues = {
            which: self.sqs.create_queue(QueueName=f"{name}-{which}")["QueueUrl"]
            for which in ("tasks", "loads")
        }
        self.store.put("program.json", json.dumps(program.as_json()).encode())
        self.environment = {
            "PENSTOCK_PIPELINE": program.pipeline,
            "PENSTOCK_PROGRAM": f"{BUCKET}/{prefix}/program.json",
            "PENSTOCK_LEDGER": f"dynamodb://{table}",
            "PENSTOCK_WORK": f"{BUCKET}/{prefix}/work",
            "PENSTOCK_TASKS_QUEUE": self.queues["tasks"],
            "PENSTOCK_LOADS_QUEUE": self.queues["loads"],
            "PENSTOCK_ROOT": str(folder),
            "LAMBDA_TASK_ROOT": str(package),
            "PENSTOCK_SLICE_BYTES": "1",
            **more,
        }

    def use(self):
        os.environ.update(self.environment)
        entry._function.cache_clear()

    def plan(self, event=None):
        return planner.handler(event or {"schema": "penstock.ask/1"}, Context())

    def waiting(self):
        """Take every message out of the queues: (queue, body) each."""
        found = []
        for which, url in self.queues.items():
            while True:
                got = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
                if not got.get("Messages"):
                    break
                for message in got["Messages"]:
                    found.append((which, message["Body"]))
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def deliver(self, which, *bodies, seconds=900.0, context=None, deliveries=1):
        """Call a function with a batch; gives the bodies that are to come again."""
        records = [
            {
                "messageId": str(i),
                "body": b,
                "receiptHandle": "r",
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": str(deliveries)},
            }
            for i, b in enumerate(bodies)
        ]
        handler = {"events": planner.handler, "tasks": entry.work, "loads": entry.load}[which]
        told = handler({"Records": records}, context or Context(seconds))
        return [bodies[int(f["itemIdentifier"])] for f in told["batchItemFailures"]]

    def drain(self, seed=0, *, most=1):
        """Deliver until nothing waits: each message 1 to `most` times, in any order."""
        dice = random.Random(seed)
        for _ in range(50):
            found = [m for m in self.waiting() for _ in range(dice.randint(1, most))]
            if not found:
                return
            dice.shuffle(found)
            again = [(which, b) for which, body in found for b in self.deliver(which, body)]
            for which, body in again:
                self.sqs.send_message(QueueUrl=self.queues[which], MessageBody=body)
        raise AssertionError("the queues do not get empty")

    def ledger(self):
        return open_ledger(self.environment["PENSTOCK_LEDGER"])

    def runs(self):
        ledger = self.ledger()
        found = ledger.runs(self.program.pipeline)
        ledger.close()
        return found

    def rows(self, target):
        return rows(self.program, self.folder, target)


def rows(program, root, target):
    """The rows that readers of a target see, sorted."""
    return sorted(_read(program, root, target).fetchall(), key=repr)


def named_rows(program, root, target):
    """As `rows`, each as column → value: a column that came late may stand anywhere."""
    found = _read(program, root, target)
    names = sorted(found.columns)
    chosen = found.select(*names).fetchall()
    return sorted((dict(zip(names, row, strict=True)) for row in chosen), key=repr)


def _read(program, root, target):
    import duckdb

    load = next(x for x in program.loads if x.target == target)
    return duckdb.sql(f"SELECT * FROM {open_target(load, root).relation()}")


def killed(which, body, environment, folder, point, when, nth, deliveries=1):
    """In a child: deliver one message, and die at a point."""
    from killer import trap

    trap(point, when, nth)
    delivered(which, body, environment, folder, deliveries)


def delivered(which, body, environment, folder, deliveries=1):
    """In a child, which is a function's machine of its own: deliver one message."""
    os.environ.update(environment)
    os.environ["PENSTOCK_ROOT"] = folder
    Path(folder).mkdir(parents=True, exist_ok=True)
    entry._function.cache_clear()
    if which == "plan":
        planner.handler({"schema": "penstock.ask/1"}, Context())
        return
    record = {"messageId": "1", "body": body, "receiptHandle": "r", "eventSource": "aws:sqs"}
    records = [record | {"attributes": {"ApproximateReceiveCount": str(deliveries)}}]
    told = {"tasks": entry.work, "loads": entry.load}[which]({"Records": records}, Context())
    sys.exit(len(told["batchItemFailures"]))
