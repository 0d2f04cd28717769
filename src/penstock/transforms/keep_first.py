"""Keeps one row of each group of keys, without ordering the rows that come once.

Ranking every row with ROW_NUMBER sorts the whole table. Most keys come once, so:

1. `repeated`: keys that come more often, each with the best value of the first ordering term;
2. `best`: their rows that have that value: one for each key, unless rows tie;
3. `tied`: keys that still have several, and `chosen`: their first row, by a window over these;
4. the result: rows whose key came once, best rows without ties, chosen rows.

Only 1 and 2 look at all rows, each in one scan with a hash table, and nothing is sorted but ties.
Without an ordering term that has a best value, the rows of repeated keys are ranked at once. It is
plain SQL: no row ids. Measured in docs/decisions/0012-deduplicate.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.expressions import free_columns
from penstock.transforms.names import column, fresh, identifier, named, select, table
from penstock.transforms.ordering import with_ties_broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain
    from penstock.transforms.ordering import Term


@dataclass(frozen=True)
class KeepFirst:
    """One row of each group of rows that agree in `keys` (NULLs agree): the first by `order`."""

    keys: tuple[str, ...]
    order: tuple[Term, ...]
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The columns stay what they are."""
        return origins

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        columns = chain.columns
        before = chain.relation()
        names = _Names(columns)
        first = self.order[0] if self.order and self.order[0].best else None
        repeated = chain.add(self._repeated(before, names, first), keep=True, reads=(before,))
        branches = [self._others(before, repeated, columns)]
        reads = [before, repeated]
        if set(self.keys) == set(columns):
            branches.append(_select(columns, repeated))
            reads.append(repeated)
        elif first is None:
            ranked = self._first_of(before, repeated, columns, names)
            chosen = chain.add(ranked, keep=True, reads=(before, repeated))
            branches.append(_select(columns, chosen))
            reads.append(chosen)
        else:
            query = self._best(before, repeated, columns, names, first)
            best = chain.add(query, keep=True, reads=(before, repeated))
            tied = chain.add(self._tied(best), keep=True, reads=(best,))
            ranked = self._first_of(best, tied, columns, names)
            chosen = chain.add(ranked, keep=True, reads=(best, tied))
            branches += [self._others(best, tied, columns), _select(columns, chosen)]
            reads += [best, tied, chosen]
        whole: exp.Query = branches[0]
        for branch in branches[1:]:
            whole = exp.union(whole, branch, distinct=False, copy=False)
        chain.add(
            whole,
            effect="deduplicated",
            excluded=_surplus(repeated, names.count),
            reads=tuple(reads),
            excluded_reads=(repeated,),
        )
        chain.resume(columns)

    def _repeated(self, before: str, names: _Names, first: Term | None) -> exp.Select:
        """The keys that come more than once: how often, and their best value."""
        keys = [column(k) for k in self.keys]
        items: list[exp.Expr] = [*[k.copy() for k in keys], named(_count(), names.count)]
        if first is not None:
            items.append(named(first.best_value(), names.best))
        return _grouped(select(items, table(before)), keys)

    def _best(
        self, before: str, repeated: str, columns: Sequence[str], names: _Names, first: Term
    ) -> exp.Select:
        """The rows of repeated keys that have the best value."""
        value = _qualified(first.tree, before)
        equal = exp.NullSafeEQ(this=value, expression=column(names.best, repeated))
        on = exp.and_(self._same(before, repeated), equal, copy=False)
        query = _select(columns, before, qualify=True)
        return query.join(table(repeated), on=on, join_type="semi", copy=False)

    def _tied(self, best: str) -> exp.Select:
        """The keys that have several rows with the best value."""
        keys = [column(k) for k in self.keys]
        return _grouped(select([k.copy() for k in keys], table(best)), keys)

    def _first_of(self, rows: str, keys: str, columns: Sequence[str], names: _Names) -> exp.Select:
        """The first row of each of these keys."""
        others = [c for c in columns if c not in self.keys]
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(k) for k in self.keys],
            order=exp.Order(expressions=with_ties_broken(self.order, others)),
        )
        ranked = select([*(column(c) for c in columns), named(number, names.rank)], table(rows))
        ranked.join(table(keys), on=self._same(rows, keys), join_type="semi", copy=False)
        alias = exp.TableAlias(this=identifier("ranked"))
        first = exp.EQ(this=column(names.rank), expression=exp.Literal.number(1))
        query = select([column(c) for c in columns], exp.Subquery(this=ranked, alias=alias))
        return query.where(first, copy=False)

    def _others(self, rows: str, keys: str, columns: Sequence[str]) -> exp.Select:
        """The rows that have none of these keys."""
        query = _select(columns, rows, qualify=True)
        on = self._same(rows, keys)
        return query.join(table(keys), on=on, join_type="anti", copy=False)

    def _same(self, left: str, right: str) -> exp.Expr:
        equal = [
            exp.NullSafeEQ(this=column(k, left), expression=column(k, right)) for k in self.keys
        ]
        return exp.and_(*equal, copy=False)


class _Names:
    """Names for what is computed beside the columns."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.count = fresh("n", columns)
        self.best = fresh("best", columns)
        self.rank = fresh("rank", columns)


def _surplus(repeated: str, count: str) -> exp.Select:
    """How many rows there are beyond one for each key."""
    extra = exp.Sub(this=column(count), expression=exp.Literal.number(1))
    total = exp.Coalesce(this=exp.Sum(this=extra), expressions=[exp.Literal.number(0)])
    return select([named(total, "n")], table(repeated))


def _select(columns: Sequence[str], relation: str, *, qualify: bool = False) -> exp.Select:
    over = relation if qualify else None
    return select([column(c, over) for c in columns], table(relation))


def _grouped(query: exp.Select, keys: list[exp.Column]) -> exp.Select:
    """The keys of which there is more than one row."""
    return query.group_by(*keys, copy=False).having(_many(), copy=False)


def _qualified(tree: exp.Expr, relation: str) -> exp.Expr:
    whole = exp.Paren(this=tree.copy())
    for node in list(free_columns(whole)):
        node.set("table", identifier(relation))
    return whole.this if isinstance(whole.this, exp.Column) else whole


def _count() -> exp.Count:
    return exp.Count(this=exp.Star())


def _many() -> exp.Expr:
    return exp.GT(this=_count(), expression=exp.Literal.number(1))
