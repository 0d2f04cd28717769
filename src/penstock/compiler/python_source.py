"""Looks at the source of a Python step without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a Python step.

    Attributes:
        file: relative to the pipeline folder; None: the step's own.
        line: from 1; None: the place that names the function in the pipeline file.
        column: from 0.
    """

    code: str
    message: str
    hint: str | None = None
    line: int | None = None
    column: int | None = None
    file: str | None = None


def find_function(text: str, name: str) -> Fault | None:
    """What keeps `name` from being a function of one argument; None: nothing.

    A name that is assigned or imported may be a function too, so it passes.

    >>> find_function("def score(batch): return batch", "score")
    >>> find_function("def score(batch): return batch", "scor").hint
    'did you mean `score`?'
    >>> find_function("def score(a, b): return a", "score").message
    '`score` takes the batches as its one argument, and here are 2 without a default'
    """
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        column = max((error.offset or 1) - 1, 0)
        message = f"this is not Python: {error.msg}"
        return Fault("PSK-PY-001", message, None, error.lineno or 1, column)
    except (ValueError, RecursionError, MemoryError) as error:
        return Fault("PSK-PY-001", f"this is not Python: {error}", None, 1)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    names: set[str] = set()
    for node in _top_level(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions[node.name] = node
        names |= _bound(node)
    if name in functions:
        return _signature(functions[name])
    if name in names:
        return None
    hint = did_you_mean(name, functions, noun="its functions")
    return Fault("PSK-PY-002", f"the file has no function `{name}`", hint or None)


def local_files(root: Path, file: str) -> list[str]:
    """The file and every file of the pipeline folder that it imports, directly or not.

    A step imports from beside itself and from the pipeline folder.
    """
    beside = PurePosixPath(file).parent
    found: set[str] = set()
    waiting = [file]
    while waiting:
        name = waiting.pop()
        if name in found or not (root / name).is_file():
            continue
        found.add(name)
        for module in _imported((root / name).read_bytes()):
            for folder in (beside, PurePosixPath()):
                path = folder.joinpath(*module.split("."))
                waiting += [f"{path}.py", f"{path}/__init__.py"]
    return sorted(found)


def _imported(source: bytes) -> set[str]:
    """Every module that the source may import, packages above it included."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parts = [name.split(".") for name in names]
    return {".".join(p[:i]) for p in parts for i in range(1, len(p) + 1)}


def _top_level(module: ast.Module) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    waiting: list[ast.stmt] = list(module.body)
    while waiting:
        node = waiting.pop(0)
        found.append(node)
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            waiting += node.body
            waiting += getattr(node, "orelse", [])
    return found


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).partition(".")[0] for a in node.names}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.ClassDef):
        return {node.name}
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Fault | None:
    place = (node.lineno, node.col_offset)
    if isinstance(node, ast.AsyncFunctionDef):
        message = f"`{node.name}` is async, and a step is an ordinary function"
        return Fault("PSK-PY-003", message, "write it without `async`", *place)
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    keyword = [
        a.arg for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is None
    ]
    takes_one = (len(positional) >= 1 or arguments.vararg is not None) and needed <= 1
    if takes_one and not keyword:
        return None
    found = needed + len(keyword)
    message = (
        f"`{node.name}` takes the batches as its one argument, and here are "
        f"{found or 'none'}{' without a default' if found else ''}"
    )
    hint = f"def {node.name}(batches): …, or `batch` for one at a time, `table` for all at once"
    return Fault("PSK-PY-003", message, hint, *place)
