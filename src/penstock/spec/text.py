"""A text file of the pipeline folder, and where its characters stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.diagnostics import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class TextFile:
    r"""A file's text with the offsets at which its lines start.

    Attributes:
        name: path relative to the pipeline folder, with forward slashes.

    >>> TextFile("a.sql", "SELECT\n  x").span(9, 10)
    Span(file='a.sql', line=2, column=3, end_line=2, end_column=4)
    """

    name: str
    text: str
    starts: Sequence[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = (0, *(m.end() for m in _LINE_END.finditer(self.text)))
        object.__setattr__(self, "starts", starts)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset; clamped to the text."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The character offset of a line and a column, both from 1; clamped to the text."""
        line = max(1, min(line, len(self.starts)))
        return min(self.starts[line - 1] + max(column, 1) - 1, len(self.text))

    def span(self, start: int, end: int) -> Span:
        """The span of the characters `start` to `end` (exclusive)."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(start, end))
        return Span(self.name, line, column, end_line, end_column)


def span_in(file: str, text: str, offset: int, length: int) -> Span:
    r"""The span of `length` characters at `offset` of a file's text.

    >>> str(span_in("models/a.sql", "SELECT\nx", 7, 1))
    'models/a.sql:2:1'
    """
    return TextFile(file, text).span(offset, offset + length)
