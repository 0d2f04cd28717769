"""What the compiler asks of an engine: one typed object, and values for what is missing.

The compiler never branches on an engine's name. It asks `Capabilities`; a new engine is one file
that declares its own and one line in `penstock.dialects.ENGINES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp


Kind = Literal["sql", "steps", "python", "command"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something an engine does not do, as a value: diagnostics and the support matrix read it.

    Attributes:
        kind: `notimpl`: Penstock has not built it yet; `notyet`: the engine cannot yet; `never`:
            it cannot be, for the reason given.
        code: what `penstock explain` explains.
        because: the reason, in the reader's words; completes "… is not available: ".
    """

    kind: Literal["notimpl", "notyet", "never"]
    code: str
    because: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do, and how it spells it.

    Attributes:
        engine: its name, for messages and for the Program.
        sql: sqlglot's name of its dialect, with settings (`spark, version=3.5`).
        gaps: kinds of statement that it does not run.
        materialized: whether `WITH x AS MATERIALIZED (…)` keeps a subquery's rows.
        error_function: scalar function that fails the query with its argument as the message.
        native: models are written in its dialect, so that what is not portable can still run
            here, as it is written; elsewhere it is refused.
    """

    engine: str
    sql: str
    error_function: str
    gaps: Mapping[Kind, Gap] = field(default_factory=dict)
    materialized: bool = False
    native: bool = False

    def gap(self, kind: Kind) -> Gap | None:
        """Why a kind of statement cannot run here; None: it can."""
        return self.gaps.get(kind)

    def render(self, tree: exp.Expr, *, pretty: bool = False, copy: bool = True) -> str:
        """The engine's SQL of a tree, without comments; without `copy` it may change the tree.

        >>> from penstock.dialects import load
        >>> from sqlglot import parse_one
        >>> load("duckdb").render(parse_one("SELECT a -- why", read="duckdb"))
        'SELECT a'
        """
        return tree.sql(dialect=self.sql, pretty=pretty, comments=False, copy=copy)
