"""Values of a whole group beside each of its rows, such as the quartiles of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.names import column, fresh, identifier, named, select, table
from penstock.transforms.operations import origins_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        _beside(chain, before, groups, columns, self.by, list(self.values))

    def trace(self, origins: Origins) -> Origins:
        """The new columns from what they sum up."""
        return {**origins, **{n: origins_of(t, origins) for n, t in self.values.items()}}


@dataclass(frozen=True)
class GroupMode:
    """A new column `name`: the commonest value of `of` among the rows that agree in `by`.

    Of values that come equally often it is the least; NULLs do not count.
    """

    by: tuple[str, ...]
    of: str
    name: str
    row_by_row = True

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        columns = chain.columns
        before = chain.relation()
        rank = fresh("rank", [*columns, self.name])
        order = [
            exp.Ordered(this=exp.Count(this=exp.Star()), desc=True, nulls_first=False),
            exp.Ordered(this=column(self.of), desc=False, nulls_first=False),
        ]
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(k) for k in self.by],
            order=exp.Order(expressions=order),
        )
        keys = [column(k) for k in self.by]
        items = [*keys, named(column(self.of), self.name), named(number, rank)]
        present = exp.Not(this=exp.Is(this=column(self.of), expression=exp.Null()))
        counted = select(items, table(before)).where(present, copy=False)
        counted.group_by(*[column(k) for k in dict.fromkeys([*self.by, self.of])], copy=False)
        alias = exp.TableAlias(this=identifier("ranked"))
        first = exp.EQ(this=column(rank), expression=exp.Literal.number(1))
        names = [*self.by, self.name]
        query = select([column(n) for n in names], exp.Subquery(this=counted, alias=alias))
        query.where(first, copy=False)
        groups = chain.add(query, keep=True, heavy=True, reads=(before,))
        _beside(chain, before, groups, columns, self.by, [self.name])

    def trace(self, origins: Origins) -> Origins:
        """The new column from the one it is the commonest value of."""
        empty: frozenset[tuple[str, str]] = frozenset()
        return {**origins, self.name: origins.get(self.of, empty)}


def _beside(
    chain: Chain,
    before: str,
    groups: str,
    columns: Sequence[str],
    by: Sequence[str],
    new: Sequence[str],
) -> None:
    """Each row with the new columns of its group; NULL where there is no such group."""
    items = [*(column(c, before) for c in columns), *(column(n, groups) for n in new)]
    query = select(items, table(before))
    same: list[exp.Expr] = [
        exp.NullSafeEQ(this=column(k, before), expression=column(k, groups)) for k in by
    ]
    on = exp.and_(*same, copy=False) if same else exp.true()
    query.join(table(groups), on=on, join_type="left", copy=False)
    chain.add(query, reads=(before, groups), joins=True)
    chain.resume([*columns, *new])
