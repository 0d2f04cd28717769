"""deduplicate: `deduplicate: {keys: [carrier, flight], order_by: [arr_delay desc]}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field
from sqlglot import exp

from penstock.transforms.base import Built, Input, Step, unknown_column
from penstock.transforms.expressions import Reader
from penstock.transforms.names import column, fresh, identifier, named, table
from penstock.transforms.ordering import read_order, with_ties_broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain


class Deduplicate(Step):
    """Keeps one row of those that agree in `keys`: the first by `order_by`.

    NULLs in keys agree with each other. Rows that tie in `order_by` are ordered by their
    remaining columns, so that the same rows give the same result. The run report counts the rows
    that go under `deduplicated`.
    """

    keys: list[str] = Field(default_factory=list)
    """Columns that say which rows are the same; none: all columns."""
    order_by: list[str] = Field(default_factory=list)
    """`COLUMN [asc|desc] [nulls first|last]`; the first row is kept. NULLs come last by default."""

    def build(self, given: Input) -> Built:
        """Two-phase removal of duplicates."""
        built = Built(dict(given.columns))
        built.problems += [
            unknown_column(name, given.columns, ("keys", i))
            for i, name in enumerate(self.keys)
            if name not in given.columns
        ]
        reader = Reader(given, noun="an ordering")
        terms = read_order(self.order_by, reader, given.columns, "order_by")
        built.problems += reader.problems
        keys = tuple(dict.fromkeys(self.keys)) or tuple(given.columns)
        built.operations.append(KeepFirst(keys, tuple(terms)))
        return built


@dataclass(frozen=True)
class KeepFirst:
    """One row of each group of keys.

    Most keys come once. So the keys that come more often are found first (few), only their rows
    are ordered (few), and every other row goes through untouched: half the time of ranking all
    rows, and no copy of them. Three relations: repeated keys, the rows kept of those, the whole.
    """

    keys: tuple[str, ...]
    order: tuple[exp.Ordered, ...]
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The columns stay what they are."""
        return origins

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        columns = chain.columns
        before = chain.relation()
        count = fresh("n", columns)
        repeated = chain.add(self._repeated(before, count), keep=True, reads=(before,))
        if set(self.keys) == set(columns):
            chosen, source = _select(columns, repeated), repeated
        else:
            source = chain.add(
                self._chosen(before, repeated, columns), keep=True, reads=(before, repeated)
            )
            chosen = _select(columns, source)
        single = _select(columns, before, qualify=True).join(
            table(repeated), on=self._same(before, repeated), join_type="anti", copy=False
        )
        extra = exp.Sub(this=column(count), expression=exp.Literal.number(1))
        total = exp.Coalesce(this=exp.Sum(this=extra), expressions=[exp.Literal.number(0)])
        chain.add(
            exp.union(single, chosen, distinct=False, copy=False),
            effect="deduplicated",
            excluded=exp.select(named(total, "n")).from_(table(repeated)),
            reads=(before, repeated, source),
            excluded_reads=(repeated,),
        )
        chain.resume(columns)

    def _repeated(self, before: str, count: str) -> exp.Select:
        many = exp.GT(this=_count(), expression=exp.Literal.number(1))
        keys = [column(k) for k in self.keys]
        return (
            exp.select(*[k.copy() for k in keys], named(_count(), count))
            .from_(table(before))
            .group_by(*keys)
            .having(many)
        )

    def _chosen(self, before: str, repeated: str, columns: Sequence[str]) -> exp.Select:
        rank = fresh("n", columns)
        others = [c for c in columns if c not in self.keys]
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(k) for k in self.keys],
            order=exp.Order(expressions=with_ties_broken(self.order, others)),
        )
        ranked = (
            _select(columns, before)
            .select(named(number, rank))
            .join(table(repeated), on=self._same(before, repeated), join_type="semi")
        )
        first = exp.EQ(this=column(rank), expression=exp.Literal.number(1))
        alias = exp.TableAlias(this=identifier("ranked"))
        inner = exp.Subquery(this=ranked, alias=alias)
        return exp.select(*[column(c) for c in columns]).from_(inner).where(first)

    def _same(self, left: str, right: str) -> exp.Expr:
        equal = [
            exp.NullSafeEQ(this=column(k, left), expression=column(k, right)) for k in self.keys
        ]
        return exp.and_(*equal, copy=False)


def _select(columns: Sequence[str], relation: str, *, qualify: bool = False) -> exp.Select:
    over = relation if qualify else None
    return exp.select(*[column(c, over) for c in columns]).from_(table(relation))


def _count() -> exp.Count:
    return exp.Count(this=exp.Star())
