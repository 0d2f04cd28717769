"""Why a query is not portable: a place, a reason, what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(eq=False)
class Refusal(Exception):
    """Something outside the portable language, or that an engine cannot do.

    Attributes:
        code: PSK-PORT-NNN.
        message: in the reader's words.
        hint: a portable way to write it; None: there is none.
        offset: into the text; None: not known. `length` characters are meant.
        engines: the engines it is refused for; empty: all.
    """

    code: str
    message: str
    hint: str | None = None
    offset: int | None = None
    length: int = 0
    engines: tuple[str, ...] = ()

    def at(self, node: exp.Expr) -> None:
        """Take the place of a node that it is about, where it has none yet."""
        if self.offset is None:
            from penstock.dialects.portable.reading import place

            self.offset, self.length = place(node)

    def __str__(self) -> str:
        return self.message
