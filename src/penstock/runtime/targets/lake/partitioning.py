"""`partition_by` as it is written: a column, or for Iceberg a transform of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TERM = re.compile(
    r"(year|month|day|hour|truncate|bucket)\(\s*(?:([0-9]{1,9})\s*,\s*)?(.+?)\s*"
    r"(?:,\s*([0-9]{1,9})\s*)?\)"
)
_SIZED = frozenset({"truncate", "bucket"})
_TIMES = frozenset({"timestamp", "timestamptz"})
TRANSFORMS = {
    "year": _TIMES | {"date"},
    "month": _TIMES | {"date"},
    "day": _TIMES | {"date"},
    "hour": _TIMES,
    "truncate": frozenset({"varchar", "smallint", "integer", "bigint"}),
    "bucket": frozenset({"varchar", "smallint", "integer", "bigint", "date", "time"}) | _TIMES,
}
"""Transform → the types it is for."""


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of `partition_by`.

    Attributes:
        transform: None: the column's values themselves.
        width: of `truncate`; of `bucket`, how many there are.
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
    """An entry of `partition_by`; a width may stand before the column, as Spark writes it.

    >>> parse_term("day(seen)"), str(parse_term("truncate( name,3 )"))
    (Term(column='seen', transform='day', width=None), 'truncate(name, 3)')
    >>> str(parse_term("bucket(id, 16)")), str(parse_term("bucket(16, id)"))
    ('bucket(id, 16)', 'bucket(id, 16)')
    >>> parse_term("month").transform, parse_term("day(seen, 2)").transform
    (None, None)
    """
    found = _TERM.fullmatch(text)
    widths = [int(w) for w in (found[2], found[4]) if w] if found else []
    if found is None or len(widths) != (found[1] in _SIZED) or 0 in widths:
        return Term(text)
    return Term(found[3], found[1], widths[0] if widths else None)
