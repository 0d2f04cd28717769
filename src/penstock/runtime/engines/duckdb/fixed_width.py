"""Lines of fixed width as fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cutter:
    """Cuts a line into fields, each without the blanks around it.

    Args:
        widths: of the fields, in characters.

    >>> Cutter([3, 5]).fields("1  ab   "), Cutter([3, 5]).fields("1  ab")
    (['1', 'ab'], ['1', 'ab'])
    """

    def __init__(self, widths: Sequence[int]) -> None:
        self._ends: list[int] = []
        for width in widths:
            self._ends.append((self._ends[-1] if self._ends else 0) + width)
        self._starts = [0, *self._ends[:-1]]

    def fields(self, line: str) -> list[str]:
        """The fields of a line that `fault` has nothing to say about."""
        pairs = zip(self._starts, self._ends, strict=True)
        return [line[start:end].strip() for start, end in pairs]

    def fault(self, line: str) -> str | None:
        """What is wrong with a line: it ends before its last field, or goes on behind it.

        >>> Cutter([3, 5]).fault("12"), Cutter([3, 5]).fault("12 45678 9")
        ('2 characters where 8 are expected', '10 characters where 8 are expected')
        """
        if len(line) > self._starts[-1] and not line[self._ends[-1] :].strip():
            return None
        many = "character" if len(line) == 1 else "characters"
        return f"{len(line)} {many} where {self._ends[-1]} are expected"
