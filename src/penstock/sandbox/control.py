"""Starting, finding, asking and ending a folder's sandbox. Standard library only."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, SandboxError
from penstock.sandbox import state as memory
from penstock.sandbox.athena import engines
from penstock.sandbox.athena.trino import release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from penstock.sandbox.state import State

REGION = "us-east-1"
MOST_START_SECONDS = 60
MOST_STOP_SECONDS = 15
MOST_ATHENA_SECONDS = 200
NEEDED = {"moto": "moto[server]", "flask": "moto[server]", "awslambdaric": "awslambdaric"}


def up(
    folder: Path,
    *,
    region: str | None,
    concurrency: int,
    retry_seconds: float,
    port: int = 0,
    athena: str | None = None,
) -> tuple[State, bool]:
    """Start the folder's sandbox, or find it running.

    Args:
        folder: whose `.penstock/sandbox` is used.
        region: what `AWS_REGION` will say; None: what it says already, or the default.
        concurrency: functions that may run at once, of all functions together.
        retry_seconds: before Lambda tries an asynchronous event again; AWS waits 60 s.
        port: where it is to listen; 0: wherever it can.
        athena: what answers Athena's queries: `duckdb`, or `trino`, which is fetched if need be,
            and waited for; None: Trino where it was fetched before, started by the first query,
            else DuckDB.

    Returns:
        The server, and whether it was started now.

    Raises:
        MissingExtra: a package of the extra `sandbox` is missing.
        SandboxError: it did not start, or runs already at another port, in another region or with
            another Athena; or what Trino needs is missing.
    """
    with _alone(folder):
        found = running(folder)
        if found:
            _must_be(found, region, port, athena)
            return found, False
        for module, package in NEEDED.items():
            if importlib.util.find_spec(module) is None:
                raise MissingExtra(package, "sandbox", wanted_by="the sandbox")
        if athena == "trino":
            release.fetch()
        memory.forget(folder)
        chosen = athena or engines.usual()
        made = _start(folder, region or REGION, concurrency, retry_seconds, port, chosen)
        if athena == "trino":
            _wait_for_athena(folder, made)
        return made, True


def _wait_for_athena(folder: Path, made: State) -> None:
    try:
        _call(made, "athena", {}, seconds=MOST_ATHENA_SECONDS)
    except SandboxError:
        os.kill(made.pid, signal.SIGTERM)
        _ended(folder, made)
        raise


def _must_be(found: State, region: str | None, port: int, athena: str | None) -> None:
    # One that an older Penstock started does not tell.
    answers = _call(found, "status").get("athena", {}).get("engine", "duckdb")
    same = region in (None, found.region) and port in (0, found.port)
    if same and athena in (None, answers):
        return
    raise SandboxError(
        f"the sandbox runs already, at port {found.port} and in {found.region}, its Athena "
        f"answered by {answers}",
        code="PSK-SBX-002",
        hint="end it first (what it holds is lost): penstock sandbox down",
    )


def running(folder: Path) -> State | None:
    """The folder's sandbox, if it answers and is the one that was started."""
    found = memory.read(folder)
    if found is None:
        return None
    with suppress(SandboxError):
        if _call(found, "status").get("token") == found.token:
            return found
    return None


def down(folder: Path) -> bool:
    """End the folder's sandbox and all that runs in it; what it held is gone.

    Returns:
        Whether one was running.

    Raises:
        SandboxError: it does not end.
    """
    with _alone(folder):
        found = running(folder)
        if found is None:
            memory.forget(folder)
            return False
        with suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGTERM)
        if _ended(folder, found):
            return True
        raise SandboxError(
            f"the sandbox (process {found.pid}) does not end",
            code="PSK-SBX-002",
            hint=f"see {memory.home(folder) / 'server.log'}, or: kill -9 {found.pid}",
        )


def _ended(folder: Path, found: State) -> bool:
    """Wait for the end of a server that was told to end; whether it came."""
    for _ in range(MOST_STOP_SECONDS * 20):
        if running(folder) is None:
            _reaped(found.pid)
            memory.forget(folder)
            return True
        time.sleep(0.05)
    return False


def ask(folder: Path, what: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Ask the folder's sandbox something (`status`, `tick`, `logs`).

    Raises:
        SandboxError: none runs, or it refuses.
    """
    found = running(folder)
    if found is None:
        raise SandboxError(
            "no sandbox is running here", code="PSK-SBX-001", hint="start one: penstock sandbox up"
        )
    return _call(found, what, document)


def _call(
    found: State, what: str, document: Mapping[str, Any] | None = None, seconds: float = 60
) -> dict[str, Any]:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{found.url}/_sandbox/{what}", data=body)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as answer:
            told: dict[str, Any] = json.loads(answer.read())
            return told
    except urllib.error.HTTPError as refused:
        with suppress(ValueError):
            told = json.loads(refused.read())
            raise SandboxError(told["message"], code=told["code"], hint=told.get("hint")) from None
        raise _no_answer(found, refused) from refused
    except (OSError, ValueError) as error:
        raise _no_answer(found, error) from error


def _no_answer(found: State, error: Exception) -> SandboxError:
    return SandboxError(
        f"the sandbox at {found.url} does not answer: {error}",
        code="PSK-SBX-001",
        hint="start one: penstock sandbox up",
    )


def _start(
    folder: Path, region: str, concurrency: int, retry_seconds: float, port: int, athena: str
) -> State:
    home = memory.home(folder)
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    command = [sys.executable, "-m", "penstock.sandbox.server", str(folder), region]
    command += [str(concurrency), str(retry_seconds), str(port), athena]
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        # Not a Popen: it would be told off for a process that is meant to outlive this one.
        pid = os.posix_spawn(
            command[0],
            command,
            {**os.environ, "PYTHONUNBUFFERED": "1"},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing, 0),
                (os.POSIX_SPAWN_DUP2, out, 1),
                (os.POSIX_SPAWN_DUP2, out, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(out)
        os.close(nothing)
    deadline = time.monotonic() + MOST_START_SECONDS
    while time.monotonic() < deadline and not _reaped(pid):
        found = running(folder)
        if found is not None:
            return found
        time.sleep(0.05)
    if not _reaped(pid):
        os.kill(pid, signal.SIGKILL)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise SandboxError(
        f"the sandbox did not start: {last[0] if last else 'it said nothing'}",
        code="PSK-SBX-002",
        hint=f"all it said is in {log}",
    )


def _reaped(pid: int) -> bool:
    """Whether a process that this one started has ended, or was none of its own."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two commands in one folder do not start or end its sandbox at the same time."""
    home = memory.home(folder)
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
