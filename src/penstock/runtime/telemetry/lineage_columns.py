"""From a published column back to the columns of sources it is computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.program import Program

Origins = dict[str, frozenset[tuple[str, str]]]
"""Column → the (source, column) pairs."""


def origins(program: Program) -> dict[str, Origins]:
    """Dataset → its columns' origins, through every dataset in between (docs/decisions/0014)."""
    found: dict[str, Origins] = {
        read.dataset: {c.name: frozenset({(read.dataset, c.name)}) for c in read.schema}
        for read in program.reads
    }
    for made in program.statements:  # in an order in which they can run
        found[made.dataset] = {
            column.name: frozenset().union(
                *(
                    found.get(dataset, {}).get(name, frozenset())
                    for dataset, name in made.lineage.get(column.name, ())
                )
            )
            for column in made.schema
        }
    return found


def upstream(program: Program) -> dict[str, set[str]]:
    """Dataset → itself and every dataset it is made from."""
    found: dict[str, set[str]] = {read.dataset: {read.dataset} for read in program.reads}
    for made in program.statements:
        found[made.dataset] = {made.dataset}.union(*(found.get(d, {d}) for d in made.depends_on))
    return found
