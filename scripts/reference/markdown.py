"""Small helpers for Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped, line ends become spaces."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def paragraphs(docstring: str | None) -> str:
    """A docstring's prose as Markdown: up to its first Google section."""
    text = re.split(r"\n\s*(?:Args|Returns|Raises|Attributes|Example|>>>)", docstring or "")[0]
    return "\n".join(line.strip() for line in text.strip().splitlines())


def deeper(markdown: str, levels: int) -> str:
    """The same text with its headings some levels down; code blocks are left alone."""
    lines, fenced = [], False
    for line in markdown.splitlines():
        fenced ^= line.startswith("```")
        lines.append("#" * levels + line if line.startswith("#") and not fenced else line)
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
