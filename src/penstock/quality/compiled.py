"""What compiling a rule needs, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.program import Check
    from penstock.quality.errors import RuleError


class RuleCapabilities(Protocol):
    """What the compiler's capabilities object must offer to rules."""

    @property
    def engine(self) -> str:
        """The engine's name, for diagnostics only."""

    def render(self, tree: exp.Expression) -> str:
        """The engine's SQL of an expression in Penstock's (DuckDB-flavoured) meaning."""


@dataclass(frozen=True, slots=True)
class BindFailure:
    """Why a query does not bind.

    Attributes:
        message: in the reader's words.
        offset: into the SQL that was bound; None if not known.
        length: characters concerned.
    """

    message: str
    offset: int | None = None
    length: int = 0
    hint: str | None = None


Binder = Callable[[str], "BindFailure | None"]
"""Binds a DuckDB SELECT over the pipeline's datasets without running it; None if it binds."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule compiled for one dataset.

    Attributes:
        check: None if there are errors.
        depends_on: other datasets that the rule reads (CustomSql), in order of appearance; they
            must be computed before the check.
    """

    check: Check | None
    errors: tuple[RuleError, ...] = ()
    depends_on: tuple[str, ...] = ()
