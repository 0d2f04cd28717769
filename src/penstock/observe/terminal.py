"""What a stream can show: colour, width, signs beyond ASCII."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


@dataclass(frozen=True, slots=True)
class Signs:
    """The few signs beside the words; the words always say the same."""

    good: str = "✓"
    bad: str = "✗"
    attention: str = "!"
    ellipsis: str = "…"
    dot: str = "·"


ASCII = Signs(good="+", bad="x", ellipsis="...", dot="-")


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a stream can show. `width` in cells; None: as wide as it needs, for files and pipes."""

    width: int | None = None
    color: bool = False
    signs: Signs = Signs()

    @classmethod
    def of(cls, stream: TextIO) -> Terminal:
        """Ask a stream and the environment (NO_COLOR, TERM, COLUMNS)."""
        signs = Signs() if encodes(stream, "".join(vars_of(Signs()))) else ASCII
        if not stream.isatty():
            return cls(signs=signs)
        width = max(shutil.get_terminal_size((80, 24)).columns, 40)
        return cls(width, plain_reason() is None, signs)


def plain_reason() -> str | None:
    """Why the environment asks for plain text (no-color.org), or None."""
    if os.environ.get("NO_COLOR"):
        return "NO_COLOR"
    return "TERM=dumb" if os.environ.get("TERM") == "dumb" else None


def encodes(stream: TextIO, text: str) -> bool:
    """Whether a stream can write a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def vars_of(signs: Signs) -> list[str]:
    """The signs."""
    return [signs.good, signs.bad, signs.attention, signs.ellipsis, signs.dot]
