"""Rules that a step has about rows: those that break one are held in quarantine.

A dataset's rules look at its rows when it is made. Where more of the chain follows, the compiler
makes a dataset of what came before (`flights_clean__validate3`), so that a row is held as it was
when it broke the rule, and goes through the rest of the chain when it is replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.program import Action
    from penstock.transforms.base import Columns, Origins
    from penstock.transforms.chain import Chain


@dataclass(frozen=True)
class RowRule:
    """One rule.

    Attributes:
        text: what the rule is, for the run report and the quarantine.
        keeps: true for a row that keeps it; false and NULL both break it. Over the columns that
            the rows have there; it may look into `reads`.
        path: keys below the step's own value, where the rule stands.
    """

    text: str
    keeps: exp.Expr
    action: Action = "quarantine"
    path: tuple[str | int, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Rows that break a rule leave the chain. `columns`: of the rows here."""

    columns: Columns
    rules: tuple[RowRule, ...]
    row_by_row = True

    def apply(self, chain: Chain) -> None:
        """Nothing is done to rows that keep the rules; the compiler sees to the others."""

    def trace(self, origins: Origins) -> Origins:
        """The columns stay what they are."""
        return origins
