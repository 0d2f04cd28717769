"""`partition_by` as it is written: a column, or for Iceberg a transform of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TERM = re.compile(r"(year|month|day|hour|truncate)\(\s*(.+?)\s*(?:,\s*([0-9]{1,9})\s*)?\)")
_TIMES = frozenset({"timestamp", "timestamptz"})
TRANSFORMS = {
    "year": _TIMES | {"date"},
    "month": _TIMES | {"date"},
    "day": _TIMES | {"date"},
    "hour": _TIMES,
    "truncate": frozenset({"varchar", "smallint", "integer", "bigint"}),
}
"""Transform → the types it is for."""


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of `partition_by`.

    Attributes:
        transform: None: the column's values themselves.
        width: of `truncate`.
    """

    column: str
    transform: str | None = None
    width: int | None = None

    def __str__(self) -> str:
        if self.transform is None:
            return self.column
        width = f", {self.width}" if self.width is not None else ""
        return f"{self.transform}({self.column}{width})"


def parse_term(text: str) -> Term:
    """An entry of `partition_by`.

    >>> parse_term("day(seen)"), str(parse_term("truncate( name,3 )"))
    (Term(column='seen', transform='day', width=None), 'truncate(name, 3)')
    >>> parse_term("month").transform, parse_term("day(seen, 2)").transform
    (None, None)
    """
    found = _TERM.fullmatch(text)
    if found is None or (found[1] == "truncate") != bool(int(found[3] or 0)):
        return Term(text)
    return Term(found[2], found[1], int(found[3]) if found[3] else None)
