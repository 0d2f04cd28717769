"""Diagnostics: what is wrong, where it stands, and what to do about it.

Standard library only, because the runtime reports with the same words as the compiler.
Rendering (carets, colour) is `penstock.cli.render`; explanations of each code are the
Markdown files of `penstock/explanations/`, one for each code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning", "info"]
SCHEMA = "penstock.diagnostics/1"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file of the pipeline folder.

    Lines and columns count from 1; columns count characters, not bytes. The end is exclusive:
    `column=3, end_column=6` on one line covers three characters.

    Attributes:
        file: path relative to the pipeline folder, with forward slashes.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable: `penstock explain CODE` explains it.

    Attributes:
        message: what is wrong, in the reader's words, one sentence, no full stop needed.
        hint: what to do about it; the near name goes here ("did you mean `arr_delay`?").
        engines: the engines concerned; empty means every engine.
        outside: whether something outside is missing or out of reach; the definition itself may
            be right.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    severity: Severity = "error"
    engines: tuple[str, ...] = field(default=())
    outside: bool = False

    def as_json(self) -> dict[str, Any]:
        """The form published by `validate --json` (schema `penstock.diagnostics/1`)."""
        where = self.span
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "file": where.file if where else None,
            "line": where.line if where else None,
            "column": where.column if where else None,
            "end_line": where.end_line if where else None,
            "end_column": where.end_column if where else None,
            "engines": list(self.engines),
        }


def did_you_mean(name: str, known: Iterable[str], *, noun: str = "known names") -> str:
    """A hint naming the nearest known name, or else the known names.

    >>> did_you_mean("ar_delay", ["arr_delay", "carrier"])
    'did you mean `arr_delay`?'
    >>> did_you_mean("zzz", ["b", "a"], noun="columns")
    'columns: a, b'
    >>> did_you_mean("zzz", [])
    ''
    """
    names = sorted({str(k) for k in known})
    near = get_close_matches(name, names, n=1, cutoff=0.6) or get_close_matches(
        name.lower(), [n for n in names if n.lower() == name.lower()], n=1, cutoff=0.6
    )
    if near:
        return f"did you mean `{near[0]}`?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"{noun}: {shown}" + (f", … ({len(names) - 12} more)" if len(names) > 12 else "")
