"""Writes a dataset's queries in the engine's SQL: by the portable language where it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import dialects
from penstock.dialects import portable

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.compiler.state import Compilation


class Writer:
    """Renders the queries of one dataset.

    Args:
        python: the query feeds a Python step, which runs beside the reference engine.
    """

    def __init__(self, state: Compilation, dataset: str, *, python: bool) -> None:
        capabilities = dialects.load(dialects.REFERENCE) if python else state.capabilities
        self._capabilities = capabilities
        self._model = state.models.get(dataset)
        self._schemas: dict[str, dict[str, str]] = {}
        if capabilities.portable:
            for name in state.datasets[dataset].depends_on:
                self._schemas[name] = {c.name: c.type for c in state.datasets[name].schema}

    @property
    def materialized(self) -> bool:
        """Whether `WITH x AS MATERIALIZED (…)` keeps a subquery's rows."""
        return self._capabilities.materialized

    def render(self, tree: exp.Expr, *, makes: str | None = None, copy: bool = True) -> str:
        """The engine's SQL of a query.

        Args:
            makes: the relation that has its rows, for queries that come after.

        Raises:
            Refusal: it is not portable, or this engine cannot do it.
        """
        if not self._capabilities.portable:
            return self._capabilities.render(tree, pretty=True, copy=copy)
        text = dialects.load(dialects.REFERENCE).render(tree)
        prepared = portable.prepare(text, self._schemas)
        if makes is not None:
            self._schemas[makes] = dict(prepared.columns)
        return prepared.render(self._capabilities.engine)
