"""One execution environment: a process that handles one event after the other."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.sandbox.lambdas import memory, words
from penstock.sandbox.lambdas.bundle import runtime_folder
from penstock.sandbox.lambdas.function import differences
from penstock.sandbox.lambdas.package import unpacked
from penstock.sandbox.lambdas.runtime_api import Event, RuntimeApi
from penstock.sandbox.lambdas.said import Said

if TYPE_CHECKING:
    from penstock.sandbox.lambdas.function import Function
    from penstock.sandbox.world import World

INIT_SECONDS = 10  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
# Processes are started by one thread that lives as long as the server: they end when it ends.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="functions")


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to.

    Attributes:
        payload: the function's answer, or the error document.
        error: None, or the value of `X-Amz-Function-Error`.
        lines: its log, Lambda's own lines included.
        seconds: that it took, without what came before the event.
        init_seconds: until the handler was loaded, where this was the process's first event.
        peak: bytes, the most that the process had in memory since it began.
    """

    request_id: str
    payload: bytes
    error: str | None
    lines: tuple[str, ...]
    seconds: float = 0.0
    init_seconds: float | None = None
    peak: int = 0


class Execution:
    """A process of a function. It is used by one caller at a time."""

    def __init__(self, world: World, function: Function) -> None:
        self.function = function
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        self.alive = True
        self._tmp = world.home / "tmp" / uuid.uuid4().hex[:12]
        self._api = RuntimeApi()
        self._began = time.monotonic()
        self._init: float | None = None
        self._peak = 0
        self._process = _STARTER.submit(self._start, world).result()
        assert self._process.stdout is not None
        self._output = Said(self._process.stdout)

    def invoke(self, request_id: str, payload: bytes, client_context: str | None) -> Outcome:
        """Have it handle an event.

        Args:
            request_id: the invocation's.
            payload: JSON.
            client_context: base64, as `X-Amz-Client-Context` has it.
        """
        function = self.function
        cold = self._init is None
        lines = [words.opening(request_id, function.version, as_json=function.json_logs)]
        if cold:
            lines += [f"SANDBOX {each}" for each in differences(function)]
        failure = self._initialise(request_id) if cold else None
        began = time.monotonic()
        status, error = "error", None
        if failure is None:
            failure, status, error, payload = self._handle(request_id, payload, client_context)
        else:
            payload = failure
        took = (time.monotonic() - began) * 1000
        lines += self._said()
        report = words.Report(
            request_id,
            milliseconds=took,
            memory=function.memory,
            used=min(function.memory, -(-self._peak // 2**20)),
            init_milliseconds=self._init if cold else None,
            status=status,
            error=error,
            timeout=function.timeout,
        )
        lines += words.closing(report, as_json=function.json_logs)
        return Outcome(
            request_id,
            payload,
            "Unhandled" if failure else None,
            tuple(lines),
            seconds=took / 1000,
            init_seconds=self._init / 1000 if cold and self._init is not None else None,
            peak=self._peak,
        )

    @property
    def pid(self) -> int:
        """Of its process, which leads a group of its own."""
        return self._process.pid

    def close(self) -> None:
        """End it, and what it started; its /tmp is gone."""
        self.alive = False
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()
        shutil.rmtree(self._tmp, ignore_errors=True)

    def _start(self, world: World) -> subprocess.Popen[bytes]:
        function = self.function
        root = unpacked(world.home, function.code)
        layers = [unpacked(world.home, layer) for layer in function.layers if layer]
        runtime = runtime_folder(world.home)
        variables = _variables(world, function, root, layers, runtime, self.stream)
        variables["AWS_LAMBDA_RUNTIME_API"] = self._api.address
        python = sys.executable
        homes = {sys.prefix, sys.base_prefix, str(Path(python).parent)}
        homes |= {str(link.resolve().parent) for link in runtime.iterdir()}
        keep = sorted({str(world.home / name) for name in ("code", "runtime")} | homes)
        spec = {
            "python": python,
            "handler": function.handler,
            "tmp": str(self._tmp),
            "size": function.storage,
            "keep": keep,
        }
        launcher = str(Path(__file__).with_name("launcher.py"))
        return subprocess.Popen(  # noqa: S603
            [python, "-S", launcher, json.dumps(spec)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )

    def _initialise(self, request_id: str) -> bytes | None:
        """Wait until the handler is loaded; gives the error document if it cannot be."""
        deadline = time.monotonic() + INIT_SECONDS + self.function.timeout
        while not self._api.ready.wait(memory.STEP_SECONDS):
            failure = self._ended(request_id) or self._too_large(request_id)
            if failure is None and time.monotonic() > deadline:
                failure = words.timed_out(request_id, self.function.timeout)
            if failure is not None:
                self.alive = False
                return failure
        self._init = (time.monotonic() - self._began) * 1000
        if self._api.init_error is not None:
            self.alive = False
        return self._api.init_error

    def _handle(
        self, request_id: str, payload: bytes, client_context: str | None
    ) -> tuple[bytes | None, str, str | None, bytes]:
        """Gives the error document or None, status and error type for the log, the answer."""
        seconds = self.function.timeout
        event = Event(
            request_id=request_id,
            payload=payload,
            arn=self.function.arn,
            deadline_ms=int((time.time() + seconds) * 1000),
            trace_id=f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            client_context=client_context,
        )
        deadline = time.monotonic() + seconds
        self._api.send(event)
        while True:
            with suppress(queue.Empty):
                failed, body = event.answer.get(timeout=memory.STEP_SECONDS)
                self._too_large(request_id)
                return (body, "error", None, body) if failed else (None, "success", None, body)
            kind: str | None
            status, kind = "error", "Runtime.OutOfMemory"
            failure = self._too_large(request_id)
            if failure is None and (failure := self._ended(request_id)):
                kind = "Runtime.ExitError"
            if failure is None and time.monotonic() > deadline:
                failure, status = words.timed_out(request_id, seconds), "timeout"
                kind = None
            if failure is not None:
                self.alive = False
                return failure, status, kind, failure

    def _ended(self, request_id: str) -> bytes | None:
        status = self._process.poll()
        return None if status is None else words.exited(request_id, status)

    def _too_large(self, request_id: str) -> bytes | None:
        size = memory.resident(self._process.pid)
        self._peak = max(self._peak, size)
        return words.out_of_memory(request_id) if size > self.function.memory * 2**20 else None

    def _said(self) -> list[str]:
        """What it said since it was last asked."""
        if not self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._output.lines(to_the_end=not self.alive)


def _variables(
    world: World, function: Function, root: Path, layers: list[Path], runtime: Path, stream: str
) -> dict[str, str]:
    """A function's environment: Lambda's own variables, and the function's.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    places = [str(root), *(str(layer / "python") for layer in reversed(layers)), str(runtime)]
    told = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "AWS_ENDPOINT_URL": world.url,  # the one that Lambda has not: the sandbox is AWS
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict(function.variables),
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's code folder cannot be written
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_SESSION_TOKEN": "sandbox",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "LAMBDA_TASK_ROOT": str(root),
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "_HANDLER": function.handler,
    }
    if function.json_logs:
        told |= {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": function.log_level}
    return told
