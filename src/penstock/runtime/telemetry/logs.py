"""Structured logs: one line of JSON for each event.

Only the fields of `FIELDS` are written, and of those only plain values: whatever else an event
carries (rows, options, a document) stays inside. `level` and `timestamp` are as Lambda reads
them to filter by level
(https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html).
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.runtime.telemetry.words import Discreet

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
CONTEXT = ("pipeline", "run_id", "attempt", "slice", "request_id")
FIELDS = (
    "status", "slices", "of", "dataset", "target", "kind", "rule", "action", "outcome",
    "failed_rows", "rows_in", "rows_out", "rejected", "filtered", "deduplicated", "quarantined",
    "replayed", "rows_loaded", "files", "bytes", "share", "seconds", "version", "peak_memory_bytes",
    "kpi", "value", "unit", "message_id", "deliveries", "code", "message", "hint", "file", "line",
    "column",
)  # fmt: skip
QUIET = frozenset({
    "plan_started", "plan_finished", "dataset_started", "dataset_progress", "checks_started",
    "checks_finished", "target_started", "target_staged", "commit_started", "looked",
})  # fmt: skip
"""Events of DEBUG: that something begins, or how far it is."""


class Logs:
    """Writes log lines to a stream, and to a file in the run's folder once a run has begun.

    Args:
        stream: where to; or what gives it, asked for each line.
        level: name of `LEVELS`; what is below is not written.
        file: run id → the file, or None for no file.
    """

    def __init__(
        self,
        stream: TextIO | Callable[[], TextIO],
        words: Discreet,
        *,
        level: str = "INFO",
        file: Callable[[str], Path] | None = None,
    ) -> None:
        self._stream: TextIO | Callable[[], TextIO] | None = stream
        self._words = words
        self._least = LEVELS[level]
        self._file = file
        self._folder_file: TextIO | None = None
        self._waiting: list[str] = []
        self._about: dict[str, Any] = {}
        self._run: dict[str, Any] = {}
        self._guard = threading.Lock()

    def about(self, fields: dict[str, Any]) -> None:
        """Put these fields on every line."""
        found = {k: v for k, v in fields.items() if k in CONTEXT}
        if not self._about.items() <= found.items():
            self._run = {}  # a function goes on to another run
        self._about = found

    def event(self, name: str, **values: Any) -> None:
        """Write a line."""
        if name in {"plan_started", "run_started"}:
            self._run |= {k: values[k] for k in CONTEXT if k in values}
        if name == "run_finished" and (document := values.get("document")) is not None:
            values |= self._ended(document)
        level = _level(name, values)
        if LEVELS[level] >= self._least:
            self._write(json.dumps(self._line(name, level, values), ensure_ascii=False) + "\n")
        if name == "run_started" and self._file is not None:
            self._open(self._file(str(values["run_id"])))

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Close the file; the stream is its owner's."""
        if self._folder_file is not None:
            self._folder_file.close()
            self._folder_file = None

    def raw(self, line: str) -> None:
        """Write a line that is none of the log's, such as metrics."""
        with self._guard:
            self._out(line)

    def _ended(self, document: Any) -> dict[str, Any]:
        report = document.as_json()
        told = {k: report[k] for k in ("pipeline", "attempt", "seconds", "peak_memory_bytes")}
        return told | {k: v for k, v in (report["error"] or {}).items() if v is not None}

    def _line(self, name: str, level: str, values: dict[str, Any]) -> dict[str, Any]:
        known = {**self._run, **self._about, **{k: v for k, v in values.items() if k in CONTEXT}}
        line: dict[str, Any] = {"timestamp": _now(), "level": level, "event": name}
        line |= {k: known[k] for k in CONTEXT if known.get(k) is not None}
        if "text" in values:
            values = {**values, "message": values["text"]}
        code = values.get("code")
        for key in FIELDS:
            value = values.get(key)
            if isinstance(value, str):
                line[key] = self._words.text(value, code)
            elif isinstance(value, (int, float)):
                line[key] = value
        return line

    def _write(self, line: str) -> None:
        with self._guard:
            self._out(line)
            if self._folder_file is not None:
                self._folder_file.write(line)
                self._folder_file.flush()
            elif self._file is not None:
                self._waiting.append(line)

    def _out(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            stream = self._stream() if callable(self._stream) else self._stream
            stream.write(line)
            stream.flush()
        except (OSError, ValueError):
            self._stream = None  # nobody reads it any more

    def _open(self, path: Path) -> None:
        """What came before the run had a folder is written first."""
        with self._guard:
            if self._folder_file is not None or not path.parent.is_dir():
                return
            self._folder_file = path.open("a", encoding="utf-8")
            self._folder_file.writelines(self._waiting)
            self._folder_file.flush()
            self._waiting = []


def _level(name: str, values: dict[str, Any]) -> str:
    if name == "error" or values.get("status") in {"failed", "stopped"}:
        return "ERROR"
    if name == "check" and values.get("outcome") == "failed":
        return "ERROR" if values.get("action") == "stop" else "WARNING"
    if name == "warning":
        return "WARNING"
    return "DEBUG" if name in QUIET else "INFO"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
