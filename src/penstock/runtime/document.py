"""The run report: the document of `run --json` (schema `penstock.run/1`)."""

from __future__ import annotations

import resource
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.errors import PenstockError
    from penstock.program import Program
    from penstock.runtime.accounting import Counts
    from penstock.runtime.checks import Outcome
    from penstock.runtime.targets.base import Published

SCHEMA = "penstock.run/1"


@dataclass
class RunDocument:
    """What a run has found out so far; `as_json` at any moment. Filled from several threads."""

    program: Program
    run_id: str
    attempt: int
    started_at: str = ""
    status: str = "running"
    datasets: dict[str, Counts] = field(default_factory=dict)
    quality: list[Outcome] = field(default_factory=list)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    kpis: list[dict[str, Any]] = field(default_factory=list)
    workers: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    schema_changes: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    _clock: float = field(default_factory=time.monotonic)
    _seconds: float | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.started_at = self.started_at or utc_now()

    def count_from_start(self) -> None:
        """Count the seconds from `started_at`: other processes have worked on the run before."""
        began = datetime.fromisoformat(self.started_at)
        self._clock -= max(0.0, (datetime.now(UTC) - began).total_seconds())

    def published(self, target: str, done: Published, seconds: float) -> None:
        """Note what a target shows now."""
        self.targets[target] = {
            "rows_loaded": done.rows_loaded,
            "files": done.files,
            "bytes": done.bytes,
            "location": done.location,
            "version": done.version,
            "seconds": round(seconds, 3),
        }

    def fail(self, error: PenstockError) -> None:
        """Note why the run ended."""
        found = error.diagnostics[0] if error.diagnostics else None
        where = error.span or (found.span if found else None)
        self.error = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "file": where.file if where else None,
            "line": where.line if where else None,
            "column": where.column if where else None,
        }

    def end(self, status: str) -> None:
        """Stop the clock."""
        self.status = status
        self._seconds = time.monotonic() - self._clock

    def as_json(self) -> dict[str, Any]:
        """The published document."""
        seconds = self._seconds if self._seconds is not None else time.monotonic() - self._clock
        order = [r.dataset for r in self.program.reads]
        order += [s.dataset for s in self.program.statements]
        checks = {id(c): i for i, c in enumerate(self.program.checks)}
        quality = sorted(self.quality, key=lambda o: checks.get(id(o.check), 0))
        return {
            "schema": SCHEMA,
            "pipeline": self.program.pipeline,
            "run_id": self.run_id,
            "engine": self.program.engine,
            "program": self.program.digest,
            "status": self.status,
            "attempt": self.attempt,
            "started_at": self.started_at,
            "seconds": round(seconds, 3),
            "peak_memory_bytes": peak_memory(),
            "datasets": {n: self.datasets[n].as_json() for n in order if n in self.datasets},
            "quality": [o.as_json() for o in quality],
            "targets": dict(self.targets),
            "kpis": list(self.kpis),
            "schema_changes": list(self.schema_changes),
            "notes": list(self.notes),
            "error": self.error,
            **({"workers": self.workers} if self.workers else {}),
        }

    def for_page(self, previous: dict[str, Any] | None) -> dict[str, Any]:
        """What the HTML report shows beyond the document."""
        return {"samples": self.samples, "rejected": self.rejected, "previous": previous}


def utc_now() -> str:
    """Now, UTC, ISO 8601 with `Z`."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def peak_memory() -> int:
    """Peak resident memory of this process, bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
