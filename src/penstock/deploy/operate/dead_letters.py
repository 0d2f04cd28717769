"""Messages that were tried too often, and events that reached nobody: shown, and sent again.

A task or load message goes back to the queue it came from, the start of a run to the planner. Each
names work, never rows: sent again twice, the second finds the work done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import DeployError, PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.deploy.operate.deployments import Deployment

_HIDDEN_SECONDS = 120
"""For so long a message that is looked at is seen by nobody else."""
_BATCH = 10  # SQS gives no more at once
_KINDS = {"penstock.task/1": "task", "penstock.load/1": "load"}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue.

    Attributes:
        kind: `task` and `load` of a run, `start`: what was to start one, `unknown`.
        since: when it was sent first, UTC.
        deliveries: how often it was given to a function.
        error: what ended the last try; empty if nobody left word.
    """

    id: str
    queue: str
    kind: str
    run_id: str | None
    slice: int | None
    since: datetime
    deliveries: int
    error: str
    body: str
    receipt: str
    queue_url: str

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        names = ("id", "queue", "kind", "run_id", "slice", "since", "deliveries", "error", "body")
        return {name: getattr(self, name) for name in names}


class DeadLetters:
    """The dead-letter queues of a deployment."""

    def __init__(self, deployment: Deployment) -> None:
        import boto3

        self._deployment = deployment
        self._sqs: Any = boto3.client("sqs", region_name=deployment.region)
        self._lambda: Any = boto3.client("lambda", region_name=deployment.region)

    def all(self) -> list[DeadLetter]:
        """Every dead letter, the oldest first; until `give_back` nobody else sees them.

        Raises:
            DeployError: a queue cannot be read.
        """
        with _told_plainly():
            found = [
                letter
                for name in self._deployment.outputs["dead_letters"]
                for letter in self._of(name)
            ]
        return sorted(found, key=lambda letter: (letter.since, letter.id))

    def send_again(self, letter: DeadLetter) -> None:
        """Send a message to where it was meant for, then remove it here.

        Killed in between it is sent again later, which changes nothing.

        Raises:
            DeployError: it could not be sent; it is still here.
        """
        with _told_plainly():
            if letter.kind == "start":
                self._lambda.invoke(
                    FunctionName=self._deployment.outputs["functions"]["planner"],
                    InvocationType="Event",
                    Payload=letter.body.encode(),
                )
            else:
                for url in self._sources(letter):
                    self._sqs.send_message(QueueUrl=url, MessageBody=letter.body)
            self._sqs.delete_message(QueueUrl=letter.queue_url, ReceiptHandle=letter.receipt)

    def give_back(self, letters: list[DeadLetter]) -> None:
        """Let others see messages again that are left where they are."""
        with _told_plainly():
            for letter in letters:
                self._sqs.change_message_visibility(
                    QueueUrl=letter.queue_url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
                )

    def _of(self, name: str) -> Iterator[DeadLetter]:
        url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        seen: set[str] = set()
        while True:
            told = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HIDDEN_SECONDS,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            fresh = [m for m in told.get("Messages", ()) if m["MessageId"] not in seen]
            if not fresh:
                return
            seen |= {m["MessageId"] for m in fresh}
            for message in fresh:
                yield self._letter(name, url, message)

    def _letter(self, name: str, url: str, message: dict[str, Any]) -> DeadLetter:
        body = message["Body"]
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        held = content if isinstance(content, dict) else {}
        kind = _KINDS.get(str(held.get("schema")))
        if kind is None:  # a queue that others give their dead letters to holds only those above
            kind = "start" if held and not self._fed(url) else "unknown"
        failed = held if kind == "start" and "requestPayload" in held else {}
        attributes = message.get("Attributes", {})
        return DeadLetter(
            id=message["MessageId"],
            queue=name,
            kind=kind,
            run_id=held.get("run_id") if kind in _KINDS.values() else None,
            slice=held.get("slice") if kind == "task" else None,
            since=datetime.fromtimestamp(int(attributes.get("SentTimestamp", 0)) / 1000, UTC),
            deliveries=int(attributes.get("ApproximateReceiveCount", 0)),
            error=_destination(failed)
            or _attached(message.get("MessageAttributes", {}))
            or self._left_word(kind, held),
            body=json.dumps(failed["requestPayload"]) if failed else body,
            receipt=message["ReceiptHandle"],
            queue_url=url,
        )

    def _left_word(self, kind: str, held: dict[str, Any]) -> str:
        """The error that a function noted in the run's folder."""
        if kind not in _KINDS.values() or not held.get("run_id"):
            return ""
        from penstock.runtime.storage import open_store

        name = held["slice"] if kind == "task" else "load"
        path = f"{held['run_id']}/{held['attempt']}/failures/{name}.json"
        store = open_store(
            f"{self._deployment.outputs['work']}/{held['pipeline']}",
            Path(),
            region=self._deployment.region,
        )
        try:
            if store.head(path) is None:
                return ""
            told = json.loads(store.read(path))
            return f"{told['message']} [{told['code']}]"
        except (PenstockError, ValueError, KeyError):
            return ""

    def _fed(self, url: str) -> list[str]:
        """The queues that give their dead letters to this one."""
        told = self._sqs.list_dead_letter_source_queues(QueueUrl=url)
        found: list[str] = told.get("queueUrls", [])  # SQS spells it so
        return found

    def _sources(self, letter: DeadLetter) -> list[str]:
        urls = self._fed(letter.queue_url)
        if not urls:
            raise DeployError(
                f"no queue gives its dead letters to {letter.queue}",
                code="PSK-DEP-008",
                hint="penstock deploy, which mends the queues; then replay again",
            )
        return urls[:1]


def _destination(failed: dict[str, Any]) -> str:
    """What Lambda tells a destination of a failed invocation: the exception, or why it gave up.

    docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    if not failed:
        return ""
    answer = failed.get("responsePayload")
    if isinstance(answer, dict) and answer.get("errorMessage"):
        return str(answer["errorMessage"])
    return str(failed.get("requestContext", {}).get("condition", ""))


def _attached(attributes: dict[str, Any]) -> str:
    """What Lambda or EventBridge wrote beside the message: `ErrorMessage`, `ERROR_MESSAGE`."""
    told = {
        name.upper().replace("_", ""): each.get("StringValue", "")
        for name, each in attributes.items()
    }
    return told.get("ERRORMESSAGE") or told.get("ERRORCODE") or ""


class _told_plainly:  # noqa: N801  # read as a phrase
    """Errors of AWS as Penstock's."""

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raises DeployError in place of an error of the SDK."""
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, (BotoCoreError, ClientError)):
            raise DeployError(
                f"the dead-letter queues cannot be used: {error}", code="PSK-DEP-007"
            ) from error
