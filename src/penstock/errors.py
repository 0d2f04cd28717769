"""Every error Penstock raises, and the exit code of each.

    PenstockError                    1
    ├── UsageError                   2   the command line was wrong
    ├── InvalidDefinition            3   the pipeline's files are wrong; carries every diagnostic
    │   └── Unchecked                4   nothing but what is outside of them is
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
    ├── BuildError                   1   what is to be deployed cannot be built
    ├── DeployError                  1   what was built could not be deployed, or taken away
    ├── SandboxError                 4   the sandbox does not run, or does not do what was asked
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
    _where: ClassVar[str] = "in the definition"

    def __init__(
        self, diagnostics: Sequence[Diagnostic], *, files: Mapping[str, str] | None = None
    ) -> None:
        errors = [d for d in diagnostics if d.severity == "error"]
        count = len(errors)
        super().__init__(f"{count} error{'s' if count != 1 else ''} {self._where}")
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


class Unchecked(InvalidDefinition):
    """Nothing is known to be wrong in the definition, but what it is made for is out of reach."""

    exit_code = Unavailable.exit_code
    default_code = Unavailable.default_code
    _where = "outside of the definition"


def invalid(
    diagnostics: Sequence[Diagnostic], *, files: Mapping[str, str] | None = None
) -> InvalidDefinition:
    """The error of a definition with errors."""
    outside = all(d.outside for d in diagnostics if d.severity == "error")
    return (Unchecked if outside else InvalidDefinition)(diagnostics, files=files)


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


class BuildError(PenstockError):
    """What is to be deployed cannot be built; no build is left half done."""

    default_code = "PSK-BLD-010"


class DeployError(PenstockError):
    """What was built could not be deployed, looked at or taken away."""

    default_code = "PSK-DEP-003"


class LedgerError(PenstockError):
    """The ledger is damaged, or was written by a newer Penstock."""

    default_code = "PSK-LED-001"


class SandboxError(Unavailable):
    """The sandbox does not run, did not start, or does not do what was asked of it."""

    default_code = "PSK-SBX-001"


class Interrupted(PenstockError):
    """Ctrl-C or SIGTERM."""

    exit_code = 130
    transient = True
    default_code = "PSK-RUN-130"


STANDS = "nothing was published; the last published state stands; run again to go on"


def in_words(error: BaseException) -> PenstockError | None:
    """What ended a run, as an error a reader understands; None: it is a fault of ours."""
    if isinstance(error, PenstockError):
        return error
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        return RunError(
            f"the file system refused: {reason}{place}",
            code="PSK-RUN-016",
            hint=f"free space or grant access, then run again; {STANDS.partition(';')[0]}",
        )
    told = str(error)
    # DuckDB sees a signal between two vectors, and tells of it in an exception of its own.
    if isinstance(error, KeyboardInterrupt) or (
        isinstance(error, RuntimeError) and told == "Query interrupted"
    ):
        return Interrupted("interrupted", hint=STANDS)
    no_thread = isinstance(error, RuntimeError) and "start new thread" in told
    # A library that is imported when it is first needed may find no room left to be mapped into.
    no_room = isinstance(error, ImportError) and (
        "failed to map segment" in told or "cannot allocate memory" in told.lower()
    )
    # DuckDB's is no MemoryError, and only engines import DuckDB.
    no_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"
    if no_memory or no_thread or no_room:
        return RunError(
            "the system gives this process no more memory",
            code="PSK-RUN-020",
            hint="give it more, or lower --memory and --threads so that it asks for less",
        )
    return None
