"""What Lambda itself says: error documents and the lines it adds to a function's log.

The forms are those of the runtime interface emulator and of Lambda's log format:
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime


def timed_out(request_id: str, seconds: int) -> bytes:
    """The answer of a function that took too long."""
    what = f"Error: Task timed out after {seconds:.2f} seconds"
    return _document("Sandbox.Timedout", request_id, what)


def exited(request_id: str, status: int) -> bytes:
    """The answer of a function whose process ended.

    Args:
        status: as `Popen.returncode` has it: negative for a signal.
    """
    how = f"signal: {_SIGNALS.get(-status, -status)}" if status < 0 else f"exit status {status}"
    return _document("Runtime.ExitError", request_id, f"Error: Runtime exited with error: {how}")


def out_of_memory(request_id: str) -> bytes:
    """The answer of a function that was killed for its memory."""
    what = "Error: Runtime exited with error: signal: killed"
    return _document("Runtime.OutOfMemory", request_id, what)


def _document(kind: str, request_id: str, message: str) -> bytes:
    told = {"errorType": kind, "errorMessage": f"RequestId: {request_id} {message}"}
    return json.dumps(told).encode()


_SIGNALS = {6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}


def start(request_id: str, version: str) -> str:
    """The line before a function's own."""
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    """The line after a function's own."""
    return f"END RequestId: {request_id}"


def timed_out_line(request_id: str, seconds: int) -> str:
    """The line of a time-out."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{now} {request_id} Task timed out after {seconds:.2f} seconds"


def report(
    request_id: str,
    *,
    milliseconds: float,
    memory: int,
    used: int,
    init_milliseconds: float | None,
    status: str | None,
) -> str:
    """The last line of an invocation.

    Args:
        memory: the limit, MB.
        used: the most it had, MB.
        init_milliseconds: of a cold start.
        status: `timeout`, or `error` and a tab and its type; None: it went well.
    """
    billed = math.ceil(milliseconds + (init_milliseconds or 0))  # INIT is billed since August 2025
    line = f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
    line += f"Billed Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: {used} MB\t"
    if init_milliseconds is not None:
        line += f"Init Duration: {init_milliseconds:.2f} ms\t"
    return line + (f"Status: {status}" if status else "")
