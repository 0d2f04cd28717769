"""rollup: `rollup: {by: [region, carrier], measures: {flights: count(*)}}`."""

from __future__ import annotations

from penstock.transforms.grouping_sets import Levels


class Rollup(Levels):
    """One row for each group, subtotals from right to left, and one row for the total.

    By region and carrier: a row for each region and carrier, one for each region, one for all. A
    measure is computed over the rows of its own level. Without rows there is no total.
    """

    def _sets(self) -> list[tuple[str, ...]]:
        return [tuple(self.by[:i]) for i in range(len(self.by), -1, -1)]
