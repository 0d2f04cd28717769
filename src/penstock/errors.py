"""Every error Penstock raises, and the exit code of each.

    PenstockError                    1
    ├── UsageError                   2   the command line was wrong
    ├── InvalidDefinition            3   the pipeline's files are wrong; carries every diagnostic
    ├── Unavailable                  4   something outside is missing or unreachable
    │   ├── MissingExtra                 a Python extra is not installed; names the pip command
    │   ├── SourceUnavailable            a file, bucket or server cannot be read (transient)
    │   └── StorageUnavailable           a folder or bucket cannot be written (transient)
    ├── RunError                     1   a run could not finish; the last published state stands
    │   ├── StepFailed                   an engine or a user's step raised
    │   ├── BadRecords                   a record could not be read and the source says `fail`
    │   ├── RowsUnaccounted              rows in ≠ rows out + set aside: a bug or a changed input
    │   ├── LoadFailed                   a target refused the rows
    │   ├── Conflict                     another run holds the lock or moved the target (transient)
    │   └── RunStopped                   a `stop` rule failed: nothing was published
    ├── LedgerError                  1   the ledger is damaged, or from a newer Penstock
    └── Interrupted                130   Ctrl-C or SIGTERM

Standard library only. `transient` says whether trying again, unchanged, can succeed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from penstock.diagnostics import Diagnostic, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PenstockError(Exception):
    """Root of every error that a user can cause or meet.

    Args:
        message: what is wrong, in the reader's words.
        code: stable code, explained by `penstock explain CODE`.
        hint: what to do about it.
        span: where it stands in the pipeline's files, if it stands there.
    """

    exit_code: ClassVar[int] = 1
    transient: ClassVar[bool] = False
    default_code: ClassVar[str] = "PSK-RUN-001"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        span: Span | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.span = span

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """This error as diagnostics, for rendering and for `--json`."""
        return (Diagnostic(self.code, self.message, self.span, self.hint),)


class UsageError(PenstockError):
    """The command line was wrong."""

    exit_code = 2
    default_code = "PSK-CLI-001"


class InvalidDefinition(PenstockError):
    """The definition is invalid; every finding of every file is in `diagnostics`."""

    exit_code = 3
    default_code = "PSK-DEF-001"

    def __init__(
        self, diagnostics: Sequence[Diagnostic], *, files: Mapping[str, str] | None = None
    ) -> None:
        errors = [d for d in diagnostics if d.severity == "error"]
        count = len(errors)
        super().__init__(f"{count} error{'s' if count != 1 else ''} in the definition")
        self._diagnostics = tuple(diagnostics)
        self.files = dict(files or {})

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding, warnings too, in the order of files and lines."""
        return self._diagnostics


class Unavailable(PenstockError):
    """Something outside Penstock is missing or unreachable."""

    exit_code = 4
    default_code = "PSK-ENV-001"


class MissingExtra(Unavailable):
    """A Python package that an extra brings is not installed."""

    default_code = "PSK-ENV-002"

    def __init__(self, package: str, extra: str, *, wanted_by: str) -> None:
        super().__init__(
            f"{wanted_by} needs the Python package `{package}`, which is not installed",
            hint=f"pip install 'penstock[{extra}]'",
        )


class SourceUnavailable(Unavailable):
    """A file, bucket or server cannot be read."""

    transient = True
    default_code = "PSK-SRC-001"


class StorageUnavailable(Unavailable):
    """A folder or bucket cannot be written."""

    transient = True
    default_code = "PSK-ENV-013"


class RunError(PenstockError):
    """A run could not finish. The last published state stands."""


class StepFailed(RunError):
    """An engine or a user's step raised while it worked on a dataset."""

    default_code = "PSK-RUN-010"


class BadRecords(RunError):
    """A record could not be read and the source says `on_bad_record: fail`."""

    default_code = "PSK-RUN-011"


class RowsUnaccounted(RunError):
    """rows in is not rows out plus rows set aside."""

    default_code = "PSK-RUN-012"


class LoadFailed(RunError):
    """A target refused the rows."""

    default_code = "PSK-RUN-013"


class Conflict(RunError):
    """Another run holds the lock, or another writer moved the target."""

    transient = True
    default_code = "PSK-RUN-014"


class RunStopped(RunError):
    """A rule under `stop` failed: nothing of this run is published."""

    default_code = "PSK-RUN-015"


class LedgerError(PenstockError):
    """The ledger is damaged, or was written by a newer Penstock."""

    default_code = "PSK-LED-001"


class Interrupted(PenstockError):
    """Ctrl-C or SIGTERM."""

    exit_code = 130
    transient = True
    default_code = "PSK-RUN-130"
