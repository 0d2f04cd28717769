"""Where the parts of a Program stand in the pipeline file, for errors while it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.diagnostics import Span
from penstock.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.program import Program


def place(program: Program, name: str) -> Span | None:
    """Where a part stands (`Program.places` says how parts are named); None: nobody knows."""
    found = program.places.get(name)
    if not found:
        return None
    file, line, column = found[:3]
    return Span(file, line, column, line, column + 1)


@contextmanager
def placed(program: Program, name: str) -> Iterator[None]:
    """Errors that tell no place of their own are told at a part's."""
    try:
        yield
    except PenstockError as error:
        if error.span is None:
            error.span = place(program, name)
        raise
