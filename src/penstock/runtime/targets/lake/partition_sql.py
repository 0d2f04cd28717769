"""SQL of the values that Iceberg's partition transforms give, in the way Iceberg notes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import types
from penstock.runtime.targets.lake.bucket_sql import bucket
from penstock.runtime.targets.lake.partitioning import Term, parse_term
from penstock.runtime.targets.merging import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column

_EPOCH = {
    "date": "date_diff('day', DATE '1970-01-01', {0})",
    "timestamp": "epoch_us({0})",
    "timestamptz": "epoch_us({0})",
    "time": "CAST(epoch_us({0}) AS bigint)",
}


def partition_columns(partition_by: Sequence[str], columns: Sequence[Column]) -> dict[str, str]:
    r"""Name of a folder's column → its value: whole numbers for dates and times.

    >>> from penstock.program import Column
    >>> partition_columns(["day(seen)"], [Column("seen", "timestamp")])
    {'seen_day': 'date_diff(\'day\', DATE \'1970-01-01\', CAST("seen" AS date))'}
    """
    kinds = {c.name: types.parse(c.type).name for c in columns}
    taken = {c.name.casefold() for c in columns}
    found: dict[str, str] = {}
    for text in partition_by:
        term = parse_term(text)
        name = f"{term.column}_{term.transform or 'part'}"
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        found[name] = _value(term, kinds[term.column])
    return found


def _value(term: Term, kind: str) -> str:
    column = quote(term.column)
    if term.transform is None:
        return _EPOCH.get(kind, "{0}").format(column)
    if term.transform == "bucket":
        whole = None if kind == "varchar" else _EPOCH.get(kind, "{0}").format(column)
        return bucket(column if whole is None else whole, term.width or 1, text=whole is None)
    if kind == "timestamptz":
        column = f"({column} AT TIME ZONE 'UTC')"
    if term.transform == "truncate":
        if kind == "varchar":
            return f"left({column}, {term.width})"
        # Towards minus infinity, as Iceberg does: -1 is in [-10, 0).
        width = term.width
        return f"({column} - ((({column} % {width}) + {width}) % {width}))"
    if term.transform == "day":
        return f"date_diff('day', DATE '1970-01-01', CAST({column} AS date))"
    if term.transform == "hour":
        return f"CAST(floor(epoch_us({column}) / 3600000000) AS bigint)"
    year = f"(extract('year' FROM {column}) - 1970)"
    if term.transform == "year":
        return year
    return f"({year} * 12 + extract('month' FROM {column}) - 1)"
