"""How tests ended, and the published form (schema `penstock.tests/1`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from penstock.proving.show import as_json

if TYPE_CHECKING:
    from penstock.diagnostics import Diagnostic, Span
    from penstock.proving.compare import Comparison

SCHEMA = "penstock.tests/1"
Result = Literal["passed", "failed", "invalid"]


@dataclass(slots=True)
class Outcome:
    """How one test ended.

    Attributes:
        reason: why it failed, in one line.
        rows: comparison of `expect`.
        quarantined: comparison of `expect_quarantined`.
        diagnostics: of a test that failed with an error, or could not be run.
    """

    name: str
    dataset: str
    span: Span
    result: Result = "passed"
    seconds: float = 0.0
    reason: str | None = None
    rows: Comparison | None = None
    quarantined: Comparison | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def fail(self, reason: str) -> None:
        """Mark it failed; the first reason stays."""
        self.result = "failed"
        self.reason = self.reason or reason

    def as_json(self) -> dict[str, Any]:
        """One entry of the document."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "file": self.span.file,
            "line": self.span.line,
            "outcome": self.result,
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
            **_comparison(self.rows),
            "quarantined": _comparison(self.quarantined) if self.quarantined else None,
            "diagnostics": [d.as_json() for d in self.diagnostics],
        }


@dataclass(slots=True)
class Report:
    """How all tests ended.

    Attributes:
        diagnostics: what is wrong with test files as such.
    """

    pipeline: str
    engine: str
    outcomes: list[Outcome] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, result: Result) -> int:
        """How many tests ended so."""
        return sum(o.result == result for o in self.outcomes)

    @property
    def exit_code(self) -> int:
        """0: all passed; 1: one failed; 3: a test or a test file is invalid."""
        wrong = any(d.severity == "error" for d in self.diagnostics)
        if wrong or self.count("invalid"):
            return 3
        return 1 if self.count("failed") else 0

    def as_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "schema": SCHEMA,
            "pipeline": self.pipeline,
            "engine": self.engine,
            "total": len(self.outcomes),
            "passed": self.count("passed"),
            "failed": self.count("failed"),
            "invalid": self.count("invalid"),
            "seconds": round(self.seconds, 3),
            "tests": [o.as_json() for o in self.outcomes],
            "diagnostics": [d.as_json() for d in self.diagnostics],
        }


def _comparison(found: Comparison | None) -> dict[str, Any]:
    if found is None:
        return {"differences": [], "missing": [], "unexpected": []}
    return {
        "differences": [
            {
                "row": d.row,
                "column": d.column,
                "expected": as_json(d.expected),
                "got": as_json(d.got),
            }
            for d in found.differences
        ],
        "missing": [{"row": n, "values": _row(row)} for n, row in found.missing],
        "unexpected": [_row(row) for row in found.unexpected],
    }


def _row(row: Any) -> dict[str, Any]:
    return {name: as_json(value) for name, value in row.items()}
