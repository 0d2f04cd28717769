"""Architecture 1 without Terraform: a sandbox of its own, and functions that are called by hand.

What the Terraform makes is made here as plainly as can be: buckets, two queues, the ledger's table.
The functions run as the sandbox runs all functions, from the zips of a build.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger.dynamodb.schema import SCHEMA as TABLE
from penstock.sandbox import control
from penstock.sandbox.lambdas import processors
from penstock.sandbox.lambdas.execution import Execution
from penstock.sandbox.lambdas.function import Function
from penstock.sandbox.state import ACCOUNT, variables
from penstock.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.sandbox.lambdas.execution import Outcome

BUCKET = "penstock-stage"
_LEDGER = "penstock-stage"
_SECRETS = "PENSTOCK_SECRET_"
QUEUES = ("tasks", "loads")
_BATCH = 10  # SQS gives no more at once


class Stage:
    """A build of a pipeline, ready to run in a sandbox.

    Attributes:
        s3: boto3's client of the sandbox.
        work: prefix of the pipeline's folder in `BUCKET`.
    """

    def __init__(self, build: Path, world: World, timeout: int, storage: int) -> None:
        import boto3
        from botocore.config import Config

        record = json.loads((build / "build.json").read_text(encoding="utf-8"))
        self.pipeline: str = record["pipeline"]
        self.work = f"work/{self.pipeline}"
        self._world = world
        self._timeout = timeout
        self._storage = storage
        self._code = {
            name.partition("-")[0]: (build / "packages" / name).read_bytes()
            for name in record["packages"]
        }
        known = {
            "endpoint_url": world.url,
            "region_name": world.region,
            "aws_access_key_id": "sandbox",
            "aws_secret_access_key": "sandbox",
            "config": Config(retries={"max_attempts": 3}),
        }
        self.s3: Any = boto3.client("s3", **known)
        self._sqs: Any = boto3.client("sqs", **known)
        self._urls = {
            name: self._sqs.create_queue(QueueName=f"penstock-{name}")["QueueUrl"]
            for name in QUEUES
        }
        dynamodb: Any = boto3.client("dynamodb", **known)
        dynamodb.create_table(TableName=_LEDGER, **TABLE)
        self._buckets: set[str] = set()
        self.bucket(BUCKET)
        program = f"programs/{record['program']}.json"
        self.s3.upload_file(str(build / "program.json"), BUCKET, program)
        self._environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(_SECRETS)},
            "PENSTOCK_PIPELINE": self.pipeline,
            "PENSTOCK_PROGRAM": f"s3://{BUCKET}/{program}",
            "PENSTOCK_LEDGER": f"dynamodb://{_LEDGER}",
            "PENSTOCK_WORK": f"s3://{BUCKET}/work",
            "PENSTOCK_TASKS_QUEUE": self._urls["tasks"],
            "PENSTOCK_LOADS_QUEUE": self._urls["loads"],
        }

    def bucket(self, name: str) -> None:
        """Make a bucket, if it is not there."""
        if name not in self._buckets:
            self.s3.create_bucket(Bucket=name)
            self._buckets.add(name)

    @contextmanager
    def function(self, name: str, memory: int, **more: str) -> Iterator[Execution]:
        """A process of a function, cold.

        Args:
            name: `planner`, `worker` or `loader`.
            memory: MB.
            more: of its environment.
        """
        code = self._code.get(name) or self._code["runtime"]
        function = Function(
            name=f"penstock-{name}",
            arn=f"arn:aws:lambda:{self._world.region}:{ACCOUNT}:function:penstock-{name}",
            region=self._world.region,
            account=ACCOUNT,
            version="$LATEST",
            runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            handler=f"{name}.handler",
            timeout=self._timeout,
            memory=memory,
            storage=self._storage,
            variables=tuple(sorted({**self._environment, **more}.items())),
            code=code,
            layers=(),
            log_group=f"/aws/lambda/penstock-{name}",
            machine="x86_64",
            json_logs=False,
            log_level="INFO",
            reserved=None,
        )
        execution = Execution(self._world, function)
        try:
            yield execution
        finally:
            execution.close()

    def taken(self, queue: str) -> list[str]:
        """Take the messages out of a queue."""
        found: list[str] = []
        while True:
            told = self._sqs.receive_message(QueueUrl=self._urls[queue], MaxNumberOfMessages=_BATCH)
            if not told.get("Messages"):
                return found
            for message in told["Messages"]:
                found.append(message["Body"])
                self._sqs.delete_message(
                    QueueUrl=self._urls[queue], ReceiptHandle=message["ReceiptHandle"]
                )

    def document(self, key: str) -> dict[str, Any] | None:
        """A document of the pipeline's folder in the work bucket; None: it is not there."""
        try:
            told = self.s3.get_object(Bucket=BUCKET, Key=f"{self.work}/{key}")
        except self.s3.exceptions.NoSuchKey:
            return None
        found: dict[str, Any] = json.loads(told["Body"].read())
        return found

    def keys(self) -> set[tuple[str, str]]:
        """Every object: bucket and key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate
        return {
            (bucket, each["Key"])
            for bucket in self._buckets
            for page in pages(Bucket=bucket)
            for each in page.get("Contents", ())
        }

    def remove(self, keys: Iterable[tuple[str, str]]) -> None:
        """Remove objects."""
        for bucket, key in keys:
            self.s3.delete_object(Bucket=bucket, Key=key)


def invoke(execution: Execution, event: Any) -> tuple[Outcome, float]:
    """Have a function handle an event; gives the seconds of processor too."""
    before = processors.used(execution.pid)
    outcome = execution.invoke(str(uuid.uuid4()), json.dumps(event).encode(), None)
    try:
        return outcome, processors.used(execution.pid) - before
    except OSError:  # it was killed
        return outcome, 0.0


def batch(*bodies: str) -> dict[str, Any]:
    """An event of SQS."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": "none",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
    }


@contextmanager
def opened(build: Path, *, timeout: int, storage: int) -> Iterator[Stage]:
    """A stage for a build; all of it is gone afterwards.

    Args:
        timeout: seconds that a function may take.
        storage: MB of its /tmp.

    Raises:
        MissingExtra: the extra `sandbox` is not installed.
        SandboxError: the sandbox does not start.
    """
    with tempfile.TemporaryDirectory(prefix="penstock-stage-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        state, _ = control.up(folder, region=None, concurrency=1, retry_seconds=1.0)
        try:
            world = World(folder / "functions", state.url, variables(state)["AWS_REGION"], 1, 1.0)
            yield Stage(build, world, timeout, storage)
        finally:
            control.down(folder)
