"""Tables of plain text, as wide as the reader's terminal and no wider.

Data is shown, never obeyed: control characters of a value (a terminal would act on them) are
written as escapes, and wide letters count as the two cells they take.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Style = Literal["good", "bad", "warn", "dim", "bold"]
CODES: dict[Style, str] = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1"}
GAP = "  "


@dataclass(frozen=True, slots=True)
class Styled:
    """Text with a colour that is used where colours are."""

    text: str
    style: Style


Cell = str | Styled


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        shrink: the least width it may be cut to where the table would be too wide; None: never.
        keep: which part of a text that is cut stays: its start or its end (paths).
    """

    title: str
    align: Literal["left", "right"] = "left"
    shrink: int | None = None
    keep: Literal["start", "end"] = "start"


def text_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    width: int | None = None,
    color: bool = False,
    ellipsis: str = "…",
    indent: str = "",
) -> str:
    """A table with its titles, no trailing spaces, no final newline.

    Args:
        width: cells it may take; None: as many as it needs.
        indent: before each line, counted in `width`.

    >>> print(text_table([Column("name"), Column("rows", "right")], [["a", "12"], ["bcd", "7"]]))
    name  rows
    a       12
    bcd      7
    """
    shown = [[_plain(cell) for cell in row] for row in rows]
    widths = [
        max([cells(c.title), *(cells(row[i]) for row in shown)]) for i, c in enumerate(columns)
    ]
    if width is not None:
        _shrink(widths, columns, width - len(indent) - len(GAP) * (len(columns) - 1))
    lines = [_line([Styled(c.title, "dim") for c in columns], columns, widths, color, ellipsis)]
    lines += [_line(row, columns, widths, color, ellipsis) for row in rows]
    return "\n".join((indent + line).rstrip() for line in lines)


def paint(text: str, style: Style, *, color: bool) -> str:
    """Text in a colour, if colours are wanted.

    >>> paint("ok", "good", color=False)
    'ok'
    """
    return f"\x1b[{CODES[style]}m{text}\x1b[0m" if color and text else text


def printable(text: str) -> str:
    r"""Text that a terminal only shows: control and direction characters as escapes.

    >>> printable("a\x1b[31mb\n")
    'a\\x1b[31mb\\n'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def cells(text: str) -> int:
    """Terminal cells that a text takes.

    >>> cells("abc"), cells("日本"), cells("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_cell(c) for c in text)


def cut(text: str, width: int, *, ellipsis: str = "…", keep: str = "start") -> str:
    """Text cut to a width, with an ellipsis for what is gone.

    >>> cut("abcdef", 4), cut("abcdef", 4, keep="end"), cut("abc", 3)
    ('abc…', '…def', 'abc')
    """
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    kept: list[str] = []
    for c in text if keep == "start" else reversed(text):
        if (room := room - _cell(c)) < 0:
            break
        kept.append(c)
    if keep == "start":
        return "".join(kept) + ellipsis
    return ellipsis + "".join(reversed(kept))


def _cell(c: str) -> int:
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def _plain(cell: Cell) -> str:
    return printable(cell.text if isinstance(cell, Styled) else cell)


def _shrink(widths: list[int], columns: Sequence[Column], room: int) -> None:
    """Take what is too much from the widest columns that may shrink."""
    least = {i: max(c.shrink, 2) for i, c in enumerate(columns) if c.shrink is not None}
    while sum(widths) > room:
        able = [i for i, small in least.items() if widths[i] > small]
        if not able:
            return
        widths[max(able, key=lambda i: widths[i])] -= 1


def _line(
    row: Sequence[Cell],
    columns: Sequence[Column],
    widths: Sequence[int],
    color: bool,
    ellipsis: str,
) -> str:
    parts = []
    for cell, column, width in zip(row, columns, widths, strict=True):
        text = cut(_plain(cell), width, ellipsis=ellipsis, keep=column.keep)
        space = " " * (width - cells(text))
        painted = paint(text, cell.style, color=color) if isinstance(cell, Styled) else text
        parts.append(space + painted if column.align == "right" else painted + space)
    return GAP.join(parts)
