"""What Lambda itself says: error documents and the lines it adds to a function's log.

The forms are those of the runtime interface emulator and of Lambda's log format:
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html; as JSON they are events of the
Telemetry API: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


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


def opening(request_id: str, version: str, *, as_json: bool) -> str:
    """The line before a function's own."""
    if as_json:
        return _event("platform.start", {"requestId": request_id, "version": version})
    return f"START RequestId: {request_id} Version: {version}"


@dataclass(frozen=True)
class Report:
    """What Lambda says of an invocation.

    Attributes:
        memory: the limit, MB.
        used: the most it had, MB.
        init_milliseconds: of a cold start.
        status: `timeout`, or `error`, or `success`.
        error: its type, where Lambda found it.
    """

    request_id: str
    milliseconds: float
    memory: int
    used: int
    init_milliseconds: float | None
    status: str
    error: str | None
    timeout: int

    @property
    def billed(self) -> int:
        """Milliseconds; INIT is billed since August 2025."""
        return math.ceil(self.milliseconds + (self.init_milliseconds or 0))


def closing(report: Report, *, as_json: bool) -> list[str]:
    """The lines after a function's own."""
    return [_report_event(report)] if as_json else _report_lines(report)


def _report_event(report: Report) -> str:
    metrics: dict[str, float] = {
        "durationMs": round(report.milliseconds, 3),
        "billedDurationMs": report.billed,
        "memorySizeMB": report.memory,
        "maxMemoryUsedMB": report.used,
    }
    if report.init_milliseconds is not None:
        metrics["initDurationMs"] = round(report.init_milliseconds, 3)
    record = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
    if report.error:
        record["errorType"] = report.error
    return _event("platform.report", record)


def _report_lines(report: Report) -> list[str]:
    lines = []
    if report.status == "timeout":
        what = f"Task timed out after {report.timeout:.2f} seconds"
        lines.append(f"{_now()} {report.request_id} {what}")
    lines.append(f"END RequestId: {report.request_id}")
    line = f"REPORT RequestId: {report.request_id}\tDuration: {report.milliseconds:.2f} ms\t"
    line += f"Billed Duration: {report.billed} ms\tMemory Size: {report.memory} MB\t"
    line += f"Max Memory Used: {report.used} MB\t"
    if report.init_milliseconds is not None:
        line += f"Init Duration: {report.init_milliseconds:.2f} ms\t"
    if report.status != "success":
        line += f"Status: {report.status}"
    if report.error:
        line += f"\tError Type: {report.error}"
    return [*lines, line]


def _event(kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": _now(), "type": kind, "record": record})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
