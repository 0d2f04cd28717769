"""deduplicate: `deduplicate: {keys: [carrier, flight], order_by: [arr_delay desc]}`."""

from __future__ import annotations

from pydantic import Field

from penstock.transforms.base import Built, Input, Step, unknown_column
from penstock.transforms.expressions import Reader
from penstock.transforms.keep_first import KeepFirst
from penstock.transforms.ordering import read_order


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
