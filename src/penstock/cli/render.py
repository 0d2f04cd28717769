"""Diagnostics for the terminal: the source line, a caret under the very words, what to do."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.diagnostics import Diagnostic, Span

WIDEST = 120
_LINE_END = re.compile(r"\r\n|\n|\r")  # as positions count them: not at form feeds and such
_COLORS = {"error": "31;1", "warning": "33;1", "info": "36;1", "rule": "34", "hint": "32"}


def render_diagnostics(
    found: Sequence[Diagnostic], files: Mapping[str, str], *, color: bool = False
) -> str:
    """Diagnostics one below the other, and a line that counts them.

    Args:
        files: path → text, for the source lines; a file that is not there is only named.
    """
    blocks = [_one(d, files, color=color) for d in found]
    counts = [
        (sum(d.severity == s for d in found), s) for s in ("error", "warning") if len(found) > 1
    ]
    total = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n)
    return "\n\n".join([*blocks, total] if total else blocks)


def _one(d: Diagnostic, files: Mapping[str, str], *, color: bool) -> str:
    def paint(text: str, what: str) -> str:
        return f"\x1b[{_COLORS[what]}m{text}\x1b[0m" if color else text

    lines = [f"{paint(f'{d.severity}[{d.code}]', d.severity)}: {_clean(d.message)}"]
    gutter = " "
    if d.span:
        gutter = " " * (len(str(d.span.line)) + 1)
        lines.append(f"{gutter[1:]}{paint('-->', 'rule')} {d.span}")
        shown = _excerpt(d.span, files.get(d.span.file))
        if shown:
            bar = paint("|", "rule")
            source, caret = shown
            number = paint(str(d.span.line), "rule")
            lines += [f"{gutter}{bar}", f"{number} {bar} {source}"]
            lines.append(f"{gutter}{bar} {paint(caret, d.severity)}")
    for name, text in (("hint", d.hint), ("engines", ", ".join(d.engines))):
        if text:
            lines.append(f"{gutter}{paint('=', 'rule')} {paint(name, 'hint')}: {_clean(text)}")
    return "\n".join(lines)


def _excerpt(span: Span, text: str | None) -> tuple[str, str] | None:
    """The line of a span's beginning, and carets under it."""
    if text is None:
        return None
    every = _LINE_END.split(text.removeprefix("\ufeff"))
    if not 1 <= span.line <= len(every):
        return None
    line = every[span.line - 1]
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(min(end, len(line)), start)
    line, start, end = _cut(line, start, end)
    before = _clean(line[:start], tabs=True)
    marked = _clean(line[start:end], tabs=True)
    whole = before + marked + _clean(line[end:], tabs=True)
    return whole.rstrip(), " " * _width(before) + "^" * max(_width(marked), 1)


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A long line, cut to what surrounds the marked words."""
    if len(line) <= WIDEST:
        return line, start, end
    first = max(0, start - WIDEST // 3)
    last = min(len(line), first + WIDEST)
    head = "…" if first else ""
    tail = "…" if last < len(line) else ""
    shift = len(head) - first
    return head + line[first:last] + tail, start + shift, min(end, last) + shift


def _clean(text: str, *, tabs: bool = False) -> str:
    """Text that cannot move the cursor or recolour the terminal."""
    if tabs:
        text = text.replace("\t", "    ")
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _width(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
