"""Writes a dataset's queries in the engine's SQL: by the portable language, or as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from penstock import dialects
from penstock.compiler.binder import OTHER_TYPES
from penstock.compiler.meaning import inputs
from penstock.dialects import portable
from penstock.transforms.names import cast, column, identifier, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.compiler.state import Compilation
    from penstock.dialects import Capabilities
    from penstock.program import Column


class Writer(Protocol):
    """Renders the queries of one dataset."""

    materialized: bool

    def render(self, tree: exp.Expr, *, makes: str | None = None, ends: bool = False) -> str:
        """The engine's SQL of a query.

        Args:
            makes: the relation that has its rows, for queries that come after.
            ends: its rows are the dataset's: its columns have the types that it promises.

        Raises:
            Refusal: it is not portable, or this engine cannot do it.
        """


class Portable:
    """Each query with its portable meaning."""

    def __init__(self, state: Compilation, dataset: str) -> None:
        self._capabilities = state.capabilities
        self.materialized = state.capabilities.materialized
        self._schemas = inputs(state, state.datasets[dataset].depends_on)
        self._model = state.prepared.get(dataset)
        self._types = [c.type for c in state.datasets[dataset].schema]

    def render(self, tree: exp.Expr, *, makes: str | None = None, ends: bool = False) -> str:
        """The engine's SQL of a query; of a model, of what was read in its own text."""
        prepared = self._model
        if prepared is None:
            text = dialects.load(dialects.REFERENCE).render(tree)
            prepared = portable.prepare(text, self._schemas)
        if makes is not None:
            self._schemas[makes] = dict(prepared.columns)
        return prepared.render(self._capabilities.engine, self._types if ends else None)


class AsWritten:
    """Each query in the words of the engine that it is written for.

    Args:
        schema: of the dataset, where it may promise other types than these words give.
    """

    def __init__(self, capabilities: Capabilities, schema: Sequence[Column] = ()) -> None:
        self._capabilities = capabilities
        self.materialized = capabilities.materialized
        self._schema = schema

    def render(
        self,
        tree: exp.Expr,
        *,
        makes: str | None = None,  # noqa: ARG002 - as of every Writer
        ends: bool = False,
    ) -> str:
        """The engine's SQL of a query."""
        if ends and self._schema and OTHER_TYPES.search(self._capabilities.render(tree)):
            assert isinstance(tree, exp.Query)
            rows = exp.Subquery(this=tree.copy(), alias=exp.TableAlias(this=identifier("made")))
            items = [named(cast(column(c.name), c.type), c.name) for c in self._schema]
            tree = exp.select(*items).from_(rows)
        return self._capabilities.render(tree, pretty=True)
