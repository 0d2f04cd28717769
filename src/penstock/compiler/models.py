"""Pass: reads the SQL models. Each must be one SELECT that reads datasets and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.compiler.files import read_file
from penstock.compiler.sqltext import read_model
from penstock.spec.text import TextFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from penstock.compiler.state import Compilation
    from penstock.diagnostics import Span
    from penstock.transforms.base import Failure


def read_models(state: Compilation) -> None:
    """Fill `state.models`; a model that cannot be read breaks its dataset."""
    for name, transform in state.definition.pipeline.transforms.items():
        if transform.sql is None:
            continue
        found = _text(state, name, transform.sql)
        if found is None:
            state.broken.add(name)
            continue
        text, span = found
        model, failures = read_model(text, span, state.binder)
        tell_failures(state, failures, span, len(text))
        if model is None:
            state.broken.add(name)
        else:
            state.models[name] = model


def tell_failures(
    state: Compilation,
    failures: Iterable[Failure],
    span: Callable[[int, int], Span],
    length: int,
) -> None:
    """Tell what is wrong with a text.

    Args:
        span: of a stretch of the text, in the user's file.
        length: of the text; a failure without a place is about its first line.
    """
    for failure in failures:
        where = span(failure.offset or 0, failure.length if failure.offset is not None else 0)
        if failure.offset is not None and failure.offset > length:
            where = span(length, 0)
        state.tell(failure.code, failure.message, where, failure.hint)


def _text(state: Compilation, name: str, sql: str) -> tuple[str, Callable[[int, int], Span]] | None:
    positions = state.definition.positions
    path = ("transforms", name, "sql")
    if len(sql.split()) > 1 or not sql.lower().endswith(".sql"):
        return sql, lambda offset, length: positions.inside(path, offset, length)
    text = read_file(state, sql, positions.value(path), noun="model")
    if text is None:
        return None
    file = TextFile(sql, text)
    return text, lambda offset, length: file.span(offset, offset + length)
