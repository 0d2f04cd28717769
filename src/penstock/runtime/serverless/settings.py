"""What a function is told by its environment, and what it works with."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError
from penstock.runtime import references
from penstock.runtime.ledger.opening import open_ledger
from penstock.runtime.observer import Silent
from penstock.runtime.serverless import messages, programs, secrets
from penstock.runtime.storage import open_store
from penstock.runtime.telemetry import xray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.program import Program
    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.observer import Observer
    from penstock.runtime.storage import Store

CODE = "PSK-FN-003"
OWN_FILES = "pipeline"
"""Folder of the pipeline's own files inside a package."""
SLICE_BYTES = 256 << 20
MOST_SLICES = 1000
# duckdb works 110-150 MB above its limit (the same as of any run in little memory).
_BESIDE = 160 << 20


@dataclass(frozen=True, slots=True)
class Function:
    """What planner, worker and loader share.

    Attributes:
        root: folder of this machine for the run's files; the pipeline's own are copied there by
            the build.
        programs: the folder of `program` in the work bucket.
        program_file: its name there.
        work: the pipeline's folder in the work bucket.
        events_queue: where the planner's events wait, if they do.
        slice_bytes: how much of the files a slice has at most; a file is never cut.
        memory_bytes: for the engine.
        read: Programs of that folder that were read: digest → Program.
    """

    program: Program
    ledger: Ledger
    programs: Store
    work: Store
    root: Path
    tasks_queue: str
    loads_queue: str
    observer: Observer
    events_queue: str | None = None
    slice_bytes: int = SLICE_BYTES
    memory_bytes: int | None = None
    threads: int | None = None
    program_file: str = ""
    read: dict[str, Program] = field(default_factory=dict)

    def close(self) -> None:
        """Free the ledger's connections."""
        self.ledger.close()


def from_environment(
    environment: Mapping[str, str] | None = None, *, observer: Observer | None = None
) -> Function:
    """Open what the variables name.

    Raises:
        RunError: a variable is missing, or the Program is not that of this pipeline.
        Unavailable: a secret cannot be read.
        PenstockError: ledger or bucket cannot be used.
    """
    given = os.environ if environment is None else environment
    pipeline = _needed(given, "PENSTOCK_PIPELINE")
    root = Path(given.get("PENSTOCK_ROOT") or Path(gettempdir()) / "penstock")
    root.mkdir(parents=True, exist_ok=True)
    _own_files(Path(given.get("LAMBDA_TASK_ROOT") or ".") / OWN_FILES, root)
    references.give_secrets(secrets.fetch(given.get(references.SECRET_ARNS)))
    folder, _, name = _needed(given, "PENSTOCK_PROGRAM").rpartition("/")
    beside = open_store(folder, root)
    program = programs.read(beside, name)
    if program.pipeline != pipeline:
        raise RunError(
            f"PENSTOCK_PROGRAM is that of `{program.pipeline}`, not of `{pipeline}`",
            code=CODE,
            hint="both come from one build; apply it again",
        )
    work = _needed(given, "PENSTOCK_WORK").rstrip("/")
    memory = given.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return Function(
        program=program,
        ledger=open_ledger(_needed(given, "PENSTOCK_LEDGER")),
        programs=beside,
        program_file=name,
        work=open_store(f"{work}/{pipeline}", root),
        root=root,
        tasks_queue=_needed(given, "PENSTOCK_TASKS_QUEUE"),
        loads_queue=_needed(given, "PENSTOCK_LOADS_QUEUE"),
        observer=observer or Silent(),
        events_queue=given.get("PENSTOCK_EVENTS_QUEUE") or None,
        slice_bytes=int(given.get("PENSTOCK_SLICE_BYTES") or SLICE_BYTES),
        memory_bytes=(int(memory) << 20) - _BESIDE if memory else None,
    )


def send(
    queue: str, *batch: messages.Task | messages.LoadMessage, trace: str | None = None
) -> None:
    """Send messages, ten at a time; `trace` is X-Ray's header.

    Raises:
        RunError: the queue did not take one; the caller does all of it again.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = queues()
        for start in range(0, len(batch), 10):
            entries = [
                {
                    "Id": str(i),
                    "MessageBody": messages.write(m),
                    "MessageSystemAttributes": xray.message_attributes(trace),
                }
                for i, m in enumerate(batch[start : start + 10])
            ]
            answer = client.send_message_batch(QueueUrl=queue, Entries=entries)
            if failed := answer.get("Failed"):
                raise _refused(queue, failed[0].get("Message") or failed[0].get("Code", ""))
    except (BotoCoreError, ClientError) as error:
        raise _refused(queue, str(error)) from error


def queues() -> Any:
    """A client of SQS, made once: making one takes longer than sending a message."""
    return _queues(os.environ.get("AWS_REGION"), os.environ.get("AWS_ENDPOINT_URL"))


@cache
def _queues(region: str | None, _endpoint: str | None) -> Any:
    import boto3

    return boto3.client("sqs", region_name=region)


def _own_files(packed: Path, root: Path) -> None:
    """Python steps and the like, from the package to where they are looked for."""
    if packed.is_dir():
        shutil.copytree(packed, root, dirs_exist_ok=True)


def _needed(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise RunError(
            f"the variable {name} is not set",
            code=CODE,
            hint="the build's Terraform sets it; apply it again",
        )
    return given[name]


def _refused(queue: str, reason: str) -> RunError:
    return RunError(
        f"the queue {queue} took no message: {reason}",
        code="PSK-FN-004",
        hint="the function's role must be allowed to send to it; the event comes again",
    )
