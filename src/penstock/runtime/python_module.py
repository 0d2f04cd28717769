"""Loads the user's module of a Python step and tells whose line an exception came from.

While a step is open its siblings can be imported (`import helper` beside the file,
`from steps import helper` from the pipeline folder), no bytecode is written, and what it prints
goes to stderr. When it is closed its modules are forgotten, so that another pipeline of this
process, or a changed file, starts afresh.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import traceback
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from penstock.diagnostics import Span, did_you_mean
from penstock.errors import PenstockError, StepFailed
from penstock.runtime.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

CODE_RAISED = "PSK-PY-020"
CODE_LOAD = "PSK-PY-021"


class StepModule:
    """The user's module, open: a context manager.

    Args:
        root: the pipeline folder.
        file: the module's file, relative to it.
    """

    _guard: ClassVar[threading.RLock] = threading.RLock()
    _open: ClassVar[int] = 0
    _before: ClassVar[tuple[list[str], bool]] = ([], False)

    def __init__(self, root: Path, file: str) -> None:
        self.root = root.resolve()
        self.file = file
        self.path = self.root / file
        self._name = "penstock_step_" + hashlib.sha256(str(self.path).encode()).hexdigest()[:16]

    def __enter__(self) -> Self:
        with self._guard:
            cls = StepModule
            if not cls._open:
                cls._before = ([*sys.path], sys.dont_write_bytecode)
                sys.dont_write_bytecode = True
            cls._open += 1
            if str(self.path.parent) not in sys.path:
                sys.path.insert(0, str(self.path.parent))
            if str(self.root) not in sys.path:
                sys.path.append(str(self.root))
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            cls = StepModule
            cls._open -= 1
            if not cls._open:
                sys.path[:], sys.dont_write_bytecode = cls._before
                self._forget()

    def function(self, name: str) -> Callable[[Any], Any]:
        """Run the module and give one of its functions.

        Raises:
            StepFailed: there is no file or function, or the module raised.
        """
        if not self.path.is_file():
            raise StepFailed(
                f"there is no file `{self.file}` in the pipeline folder", code=CODE_LOAD
            )
        with self._guard:  # imports of two steps must not mix
            module = sys.modules.get(self._name)
            if module is None:
                spec = spec_from_file_location(self._name, self.path)
                assert spec is not None
                assert spec.loader is not None
                module = module_from_spec(spec)
                sys.modules[self._name] = module
                try:
                    with self.watched(f"loading `{self.file}`"):
                        spec.loader.exec_module(module)
                except BaseException:
                    del sys.modules[self._name]
                    raise
        found = getattr(module, name, None)
        if not callable(found):
            known = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
            raise StepFailed(
                f"`{self.file}` has no function `{name}`",
                code=CODE_LOAD,
                hint=did_you_mean(name, known, noun="functions"),
                span=Span(self.file, 1, 1, 1, 2),
            )
        return found  # type: ignore[no-any-return]

    @contextmanager
    def watched(self, doing: str) -> Iterator[None]:
        """Run user code: prints go to stderr, exceptions become StepFailed at the user's line."""
        with _prints_to_stderr:
            try:
                yield
            except (KeyboardInterrupt, GeneratorExit, Stop):
                raise
            except BaseException as error:
                ours = _ours(error)
                if ours is not None:
                    raise ours from error
                raise self._failed(error, doing) from error

    def _failed(self, error: BaseException, doing: str) -> StepFailed:
        kind = type(error).__name__
        text = str(error).strip()
        said = f"{kind}: {text}" if text else kind
        if isinstance(error, ModuleNotFoundError):
            hint = f"install it, or put `{error.name}.py` beside `{self.file}`"
        elif isinstance(error, SystemExit):
            hint = "a step returns its rows; it does not end the process"
        else:
            hint = None
        return StepFailed(f"{doing}: {said}", code=CODE_RAISED, hint=hint, span=self._span(error))

    def _span(self, error: BaseException) -> Span | None:
        """Where in the pipeline folder it was raised: the innermost of the user's lines."""
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            file = self._relative(error.filename)
            if file:
                start = error.offset or 1
                end = error.end_offset or start + 1
                same = (error.end_lineno or error.lineno) == error.lineno
                end = max(end, start + 1) if same else start + 1
                return Span(file, error.lineno, start, error.lineno, end)
        return self.span_of(error.__traceback__)

    def span_of(self, trace: TracebackType | None) -> Span | None:
        """The innermost line of a traceback that is the user's."""
        for frame in reversed(traceback.extract_tb(trace)):
            file = self._relative(frame.filename)
            # A virtual environment may lie in the pipeline folder: its lines are not the user's.
            if file is None or "site-packages" in file or frame.lineno is None:
                continue
            text = frame._original_line if hasattr(frame, "_original_line") else ""  # noqa: SLF001
            start = _characters(text, frame.colno or 0) + 1
            end = start + 1
            if frame.end_lineno == frame.lineno and frame.end_colno is not None:
                end = max(_characters(text, frame.end_colno) + 1, end)
            return Span(file, frame.lineno, start, frame.lineno, end)
        return None

    def definition(self, function: Callable[[Any], Any]) -> Span | None:
        """Where a function is defined, if in the pipeline folder."""
        code = getattr(function, "__code__", None)
        file = self._relative(code.co_filename) if code else None
        if code is None or file is None:
            return None
        line = code.co_firstlineno
        return Span(file, line, 1, line, 2)

    def _relative(self, filename: str) -> str | None:
        try:
            return Path(filename).resolve().relative_to(self.root).as_posix()
        except (ValueError, OSError):
            return None

    def _forget(self) -> None:
        for name, module in [*sys.modules.items()]:
            file = getattr(module, "__file__", None)
            paths = [file] if file else [*getattr(module, "__path__", [])]
            inside = [p for p in paths if self._relative(str(p))]
            # A virtual environment may lie in the pipeline folder: its packages stay.
            if inside and not any("site-packages" in str(p) for p in inside):
                del sys.modules[name]


def _ours(error: BaseException) -> PenstockError | None:
    """A PenstockError that user code or Arrow passed on (the input's failure, not the step's)."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        if isinstance(at, PenstockError):
            return at
        seen.add(id(at))
        at = at.__cause__
    return None


def _characters(line: str, offset: int) -> int:
    """A byte offset in a line as a character offset."""
    return len(line.encode()[:offset].decode(errors="replace"))


class _PrintsToStderr:
    """stdout carries results only: while any step runs, `print` writes to stderr."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._depth = 0
        self._stdout: Any = None

    def __enter__(self) -> None:
        with self._guard:
            if not self._depth:
                self._stdout, sys.stdout = sys.stdout, sys.stderr
            self._depth += 1

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._depth -= 1
            if not self._depth:
                sys.stdout, self._stdout = self._stdout, None


_prints_to_stderr = _PrintsToStderr()
