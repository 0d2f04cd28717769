"""Values of a whole group beside each of its rows, such as the quartiles of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.names import column, named, select, table
from penstock.transforms.operations import origins_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain


@dataclass(frozen=True)
class GroupValues:
    """New columns that hold an aggregate of the rows that agree in `by` (NULLs agree).

    A join and no window: an engine may have an aggregate that is none, and sorts for a window.

    Attributes:
        by: columns; none: of all rows.
        values: new column → aggregate over the columns before.
    """

    by: tuple[str, ...]
    values: Mapping[str, exp.Expr]
    row_by_row = True

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        columns = chain.columns
        before = chain.relation()
        items = [
            *(column(k) for k in self.by),
            *(named(t.copy(), n) for n, t in self.values.items()),
        ]
        grouped = select(items, table(before))
        if self.by:
            grouped.group_by(*[column(k) for k in self.by], copy=False)
        groups = chain.add(grouped, keep=True, heavy=True, reads=(before,))
        query = select(
            [*(column(c, before) for c in columns), *(column(n, groups) for n in self.values)],
            table(before),
        )
        if self.by:
            same = [
                exp.NullSafeEQ(this=column(k, before), expression=column(k, groups))
                for k in self.by
            ]
            query.join(table(groups), on=exp.and_(*same, copy=False), copy=False)
        else:
            query.join(table(groups), join_type="cross", copy=False)
        chain.add(query, reads=(before, groups), joins=True)
        chain.resume([*columns, *self.values])

    def trace(self, origins: Origins) -> Origins:
        """The new columns from what they sum up."""
        return {**origins, **{n: origins_of(t, origins) for n, t in self.values.items()}}
