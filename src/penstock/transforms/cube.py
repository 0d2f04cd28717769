"""cube: `cube: {by: [origin, carrier], measures: {flights: count(*)}}`."""

from __future__ import annotations

from itertools import combinations

from penstock.transforms.grouping_sets import Levels


class Cube(Levels):
    """One row for each group of every choice of the columns, and one row for the total.

    By origin and carrier: a row for each origin and carrier, for each origin, for each carrier,
    and for all. A measure is computed over the rows of its own level. Without rows there is no
    total.
    """

    def _sets(self) -> list[tuple[str, ...]]:
        return [c for n in range(len(self.by), -1, -1) for c in combinations(self.by, n)]
