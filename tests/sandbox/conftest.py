"""One sandbox for the session, in a process of its own."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile

import pytest

from penstock.sandbox import control
from penstock.sandbox.state import variables

ROLE = "arn:aws:iam::123456789012:role/any"


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory):
    """A folder whose sandbox runs."""
    for needed in ("moto.server", "awslambdaric", "boto3"):
        pytest.importorskip(needed)
    folder = tmp_path_factory.mktemp("sandbox")
    control.up(folder, region="eu-west-1", concurrency=8, retry_seconds=0.05)
    yield folder
    control.down(folder)


class Cloud:
    """The session's sandbox, as tests use it."""

    def __init__(self, folder) -> None:
        import boto3

        self.folder = folder
        self.state = control.running(folder)
        told = variables(self.state)
        self.session = boto3.Session(
            told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name=told["AWS_REGION"]
        )
        self._clients = {}

    def __getattr__(self, name):
        """A client: `cloud.sqs`, `cloud.redshift_data`; `cloud.functions` is Lambda's."""
        service = {"functions": "lambda"}.get(name, name.replace("_", "-"))
        if service not in self._clients:
            from botocore.config import Config

            config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
            self._clients[service] = self.session.client(
                service, endpoint_url=self.state.url, config=config
            )
        return self._clients[service]

    def function(self, code, *, files=None, **settings):
        """Deploy a function whose `index.py` is `code`; gives its name."""
        name = f"f-{uuid.uuid4().hex[:8]}"
        import sys

        given = {
            "FunctionName": name,
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "Role": ROLE,
            "Handler": "index.handler",
            "Code": {"ZipFile": packed({"index.py": code, **(files or {})})},
            "Timeout": 10,
            "MemorySize": 256,
        }
        self.functions.create_function(**{**given, **settings})
        return name

    def arn(self, name):
        return self.functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]

    def call(self, name, event=None, **more):
        """Invoke and wait: the answer's document and the whole response."""
        given = {"FunctionName": name, "Payload": json.dumps(event or {}).encode()}
        done = self.functions.invoke(**given, **more)
        return json.loads(done["Payload"].read() or b"null"), done

    def queue(self, **attributes):
        """A new queue: its URL and its ARN."""
        name = f"q-{uuid.uuid4().hex[:8]}"
        url = self.sqs.create_queue(
            QueueName=name, Attributes={k: str(v) for k, v in attributes.items()}
        )["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, told["Attributes"]["QueueArn"]

    def received(self, url, count=1, seconds=15):
        """Wait for messages, and take them from the queue."""
        got, deadline = [], time.monotonic() + seconds
        while len(got) < count and time.monotonic() < deadline:
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", ()):
                got.append(message)
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            time.sleep(0.05)
        assert len(got) >= count, f"{len(got)} of {count} messages came; {self.problems()}"
        return got

    def log(self, name):
        """The lines of a function's log, of all streams."""
        group = f"/aws/lambda/{name}"
        found = self.logs.filter_log_events(logGroupName=group)["events"]
        return [event["message"].rstrip("\n") for event in found]

    def problems(self):
        return control.ask(self.folder, "status")["problems"]


def packed(files):
    """A zip of texts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return content.getvalue()


@pytest.fixture(scope="session")
def cloud(sandbox_folder):
    return Cloud(sandbox_folder)
