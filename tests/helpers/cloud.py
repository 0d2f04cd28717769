"""A sandbox, as its tests use it."""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
import zipfile

import boto3
from botocore.config import Config

from penstock.sandbox import control
from penstock.sandbox.state import variables

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Cloud:
    """The session's sandbox, as tests use it."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.state = control.running(folder)
        told = variables(self.state)
        self.session = boto3.Session(
            told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name=told["AWS_REGION"]
        )
        self._clients = {}
        self.role = self.iam.create_role(
            RoleName="functions", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]

    def __getattr__(self, name):
        """A client: `cloud.sqs`, `cloud.redshift_data`; `cloud.functions` is Lambda's."""
        service = {"functions": "lambda"}.get(name, name.replace("_", "-"))
        if service not in self._clients:
            config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
            self._clients[service] = self.session.client(
                service, endpoint_url=self.state.url, config=config
            )
        return self._clients[service]

    def function(self, code, *, files=None, **settings):
        """Deploy a function whose `index.py` is `code`; gives its name."""
        name = f"f-{uuid.uuid4().hex[:8]}"
        given = {
            "FunctionName": name,
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "Role": self.role,
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

    def bucket(self):
        """A new bucket: its name."""
        name = f"b-{uuid.uuid4().hex[:8]}"
        where = {"LocationConstraint": self.state.region}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        return name

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
