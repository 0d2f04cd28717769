"""top: `top: {by: [carrier], n: 3, order_by: [arr_delay desc]}`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlglot import exp

from penstock.transforms.base import Built, Input, Step
from penstock.transforms.expressions import Reader
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Filter, Project, replaced
from penstock.transforms.ordering import read_order, with_ties_broken
from penstock.transforms.reading import unknown


class Top(Step):
    """Keeps the first `n` rows of each group, or of all rows.

    Rows that tie in `order_by` are ordered by their remaining columns, so that the same rows give
    the same result; with `ties: keep` all that tie with the last one are kept too. The run report
    counts the rows that go under `filtered`.
    """

    by: list[str] = Field(default_factory=list)
    """Columns whose values make a group; none: all rows are one. NULLs are one group."""
    n: int = Field(ge=1, default=1)
    """How many rows of each group are kept."""
    order_by: list[str] = Field(min_length=1)
    """`COLUMN [asc|desc] [nulls first|last]`; the first rows are kept. NULLs come last by
    default."""
    ties: Literal["break", "keep"] = "break"
    """Rows that tie with the last one that is kept: the remaining columns decide, or all are
    kept."""

    def build(self, given: Input) -> Built:
        """A rank, a filter by it, and the columns without it."""
        built = Built(dict(given.columns), problems=unknown(self.by, given.columns, ("by",)))
        reader = Reader(given, noun="an ordering")
        terms = read_order(self.order_by, reader, given.columns, "order_by")
        built.problems += reader.problems
        rank = fresh("place", given.columns)
        others = [c for c in given.columns if c not in self.by]
        broken = self.ties == "break"
        order = with_ties_broken(terms, others) if broken else [t.ordered() for t in terms]
        place = exp.Window(
            this=exp.RowNumber() if broken else exp.Rank(),
            partition_by=[column(name) for name in self.by],
            order=exp.Order(expressions=order),
        )
        first = exp.LTE(this=column(rank), expression=exp.Literal.number(self.n))
        built.operations += [
            Project(replaced(given.columns, {rank: place})),
            Filter(first),
            Project({name: column(name) for name in given.columns}),
        ]
        return built
