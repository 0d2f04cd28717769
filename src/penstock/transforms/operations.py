"""The two operations that most steps come down to: new columns, and fewer rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.transforms.expressions import column_names
from penstock.transforms.names import column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain


@dataclass(frozen=True)
class Project:
    """The same rows with other columns: name → expression over the columns before, in order."""

    columns: Mapping[str, exp.Expr]
    row_by_row = True

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        chain.project(self.columns)

    def trace(self, origins: Origins) -> Origins:
        """Each column from the columns of its expression."""
        return {name: origins_of(tree, origins) for name, tree in self.columns.items()}


@dataclass(frozen=True)
class Filter:
    """The rows for which a predicate is true; false and NULL both go."""

    predicate: exp.Expr
    row_by_row = True

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        chain.filter(self.predicate)

    def trace(self, origins: Origins) -> Origins:
        """The columns stay what they are."""
        return origins


def origins_of(tree: exp.Expr, origins: Origins) -> frozenset[tuple[str, str]]:
    """What an expression is computed from."""
    empty: frozenset[tuple[str, str]] = frozenset()
    return empty.union(*(origins.get(name, empty) for name in column_names(tree)))


def replaced(columns: Iterable[str], new: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
    """Every column as it is but for those of `new`; names that are new come last."""
    kept = {name: new.get(name, column(name)) for name in columns}
    return kept | {name: tree for name, tree in new.items() if name not in kept}
