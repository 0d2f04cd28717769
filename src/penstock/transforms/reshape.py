"""Operations that make other rows than came in: a query of their own over the rows before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlglot import exp

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain


@dataclass(frozen=True)
class Reshape:
    """Rows of a query over the rows before, which stand under the name it is given.

    Attributes:
        query: makes the query from the name of the relation that holds the rows.
        sources: column that comes out → columns that its value is computed from, in order.
        others: column that comes out → columns of other datasets, beside `sources`.
        beside: the other datasets that the query reads, each as often as it does.
        times: how often it reads the rows before.
        heavy: computing it again costs more than keeping its rows.
    """

    query: Callable[[str], exp.Query]
    sources: Mapping[str, frozenset[str]]
    others: Origins = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    times: int = 1
    heavy: bool = True
    row_by_row = False

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        before = chain.relation()
        reads = (*[before] * self.times, *self.beside)
        chain.add(self.query(before), reads=reads, heavy=self.heavy)
        chain.resume(self.sources)

    def trace(self, origins: Origins) -> Origins:
        """Each column from the columns named for it."""
        empty: frozenset[tuple[str, str]] = frozenset()
        return {
            name: empty.union(
                *(origins.get(c, empty) for c in columns), self.others.get(name, empty)
            )
            for name, columns in self.sources.items()
        }
