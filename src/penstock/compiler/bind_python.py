"""Binds Python steps: the function is there, takes one argument, and returns known columns."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.compiler.columns import declared
from penstock.compiler.files import read_file
from penstock.compiler.python_source import find_function, local_files
from penstock.compiler.python_trial import try_function
from penstock.compiler.state import Made
from penstock.program import Column, PythonStep
from penstock.spec.text import TextFile
from penstock.transforms.base import clashes
from penstock.transforms.names import column, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.compiler.state import Compilation
    from penstock.diagnostics import Span
    from penstock.transforms.base import Origins


def bind_python(state: Compilation, name: str) -> tuple[Made, tuple[Column, ...]] | None:
    """The step and its schema; None where something is wrong, which is told."""
    transform = state.definition.pipeline.transforms[name]
    assert transform.python is not None
    span = state.definition.positions.value(("transforms", name, "python"))
    file, _, function = transform.python.rpartition(":")
    text = read_file(state, file, span, noun="Python step")
    if text is None or not _function_is_fine(state, TextFile(file, text), function, span):
        return None
    source, columns = _input(state, name)
    schema: tuple[Column, ...] | None
    if transform.columns is not None:
        schema = declared(transform.columns)
    else:
        schema = _tried(state, file, function, columns, span)
    if not schema or not _names_differ(state, schema, span):
        return None
    step = PythonStep(file, function, _digest(state, local_files(state.definition.root, file)))
    made = Made("python", _select(source, columns), python=step)
    made.origins = _origins(source, columns, schema)
    return made, schema


def bind_command(state: Compilation, name: str) -> tuple[Made, tuple[Column, ...]] | None:
    """The command and its declared schema; None where that is missing, which is told."""
    transform = state.definition.pipeline.transforms[name]
    if transform.columns is None:
        state.tell(
            "PSK-PY-006",
            f"`{name}` runs a command, and its columns are not known",
            state.definition.positions.key(("transforms", name)),
            "declare what it returns under `schema`",
        )
        return None
    source, columns = _input(state, name)
    schema = declared(transform.columns)
    if not _names_differ(state, schema, state.definition.positions.key(("transforms", name))):
        return None
    command = tuple(transform.command or ())
    digest = _digest(state, files_of(state.definition.root, command))
    made = Made("command", _select(source, columns), command=command, command_digest=digest)
    made.origins = _origins(source, columns, schema)
    return made, schema


def files_of(root: Path, command: Iterable[str]) -> list[str]:
    """The files of the pipeline that a command names: what they hold is part of the Program."""
    return [word for word in command if _is_ours(root, word)]


def _is_ours(root: Path, word: str) -> bool:
    try:
        path = (root / word).resolve()
        return path.is_file() and path.is_relative_to(root.resolve())
    except (OSError, ValueError):
        return False  # it is no name of a file: too long, or with a character that none has


def _function_is_fine(state: Compilation, file: TextFile, function: str, span: Span) -> bool:
    found = find_function(file.text, function)
    if found is None:
        return True
    where = span if found.line is None else _on_line(file, found.line, found.column)
    state.tell(found.code, found.message, where, found.hint)
    return False


def _tried(
    state: Compilation, file: str, function: str, columns: dict[str, str], span: Span
) -> tuple[Column, ...] | None:
    schema, failure = try_function(state.definition.root, file, function, columns)
    if failure is None:
        return schema
    where = span
    if failure.file is not None and failure.line is not None:
        text = read_file(state, failure.file, span, noun="Python step")
        where = _on_line(TextFile(failure.file, text or ""), failure.line, None)
    state.tell(failure.code, failure.message, where, failure.hint)
    return None


def _on_line(file: TextFile, line: int, column: int | None) -> Span:
    """A line without its indent, or from a column (from 0) on."""
    start = file.offset(line, 1)
    text = file.text[start:].split("\n", 1)[0].rstrip()
    skip = len(text) - len(text.lstrip()) if column is None else column
    return file.span(start + skip, start + len(text))


def _names_differ(state: Compilation, schema: tuple[Column, ...], span: Span) -> bool:
    twice = clashes([c.name for c in schema])
    for _, column_name in twice:
        message = f"two columns are named `{column_name}`, letter case aside"
        state.tell("PSK-PY-005", message, span, "give one of them another name")
    return not twice


def _digest(state: Compilation, files: Iterable[str]) -> str:
    """Over files of the pipeline: a step's and every one that it imports, or a command's."""
    root = state.definition.root
    hashed = hashlib.sha256()
    for name in files:
        content = hashlib.sha256((root / name).read_bytes()).hexdigest()
        hashed.update(f"{name} {content}\n".encode())
    return hashed.hexdigest()


def _input(state: Compilation, name: str) -> tuple[str, dict[str, str]]:
    source = state.datasets[name].depends_on[0]
    return source, state.schema(source)


def _select(source: str, columns: dict[str, str]) -> exp.Select:
    return exp.select(*[column(c) for c in columns]).from_(table(source))


def _origins(source: str, columns: dict[str, str], schema: tuple[Column, ...]) -> Origins:
    """What the code does is not known.

    A column of the same name is taken to be the same, any other to be computed from all.
    """
    every = frozenset((source, c) for c in columns)
    return {c.name: frozenset({(source, c.name)}) if c.name in columns else every for c in schema}
