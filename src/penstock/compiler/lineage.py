"""Traces the columns of a query to the columns of the datasets they are computed from.

A column comes from every column its expression reads: through CTEs, subqueries, set operations
and windows (PARTITION BY and ORDER BY of a window included). What only chooses rows (WHERE, JOIN
… ON, GROUP BY) is not an origin. Where a query cannot be taken apart, a column is said to come
from every column of every dataset that the query reads: too much rather than too little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.transforms.base import Origins

Pairs = frozenset[tuple[str, str]]
_NONE: Pairs = frozenset()


class Tracer:
    """Follows columns through one query.

    Args:
        tree: the query; not changed.
        datasets: the datasets it reads, with their columns and types.
    """

    def __init__(self, tree: exp.Query, datasets: Mapping[str, Mapping[str, str]]) -> None:
        self._datasets = datasets
        self._known: dict[tuple[int, str], Pairs] = {}
        self.tree, self.schema = _qualified(tree, datasets)
        self.root: Scope | None = build_scope(self.tree) if self.tree is not None else None

    def origins(self, columns: Iterable[str]) -> Origins:
        """Where each output column comes from, sorted by name when it is written down."""
        everything = frozenset((d, c) for d, cs in self._datasets.items() for c in cs)
        if self.root is None:
            return dict.fromkeys(columns, everything)
        names = _output(self.root)
        found: dict[str, Pairs] = {}
        for name in columns:
            if name.lower() not in names:
                found[name] = everything
                continue
            try:
                found[name] = self._column(self.root, name.lower())
            except (SqlglotError, RecursionError):
                found[name] = everything
        return found

    def _column(self, scope: Scope, name: str) -> Pairs:
        """The origins of an output column of a scope."""
        key = (id(scope), name)
        if key not in self._known:
            self._known[key] = _NONE  # a recursive CTE meets itself
            self._known[key] = self._computed(scope, name)
        return self._known[key]

    def _computed(self, scope: Scope, name: str) -> Pairs:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            return self._union(scope, name)
        if isinstance(query, exp.Subquery):
            inner = next(iter(scope.subquery_scopes or scope.derived_table_scopes), None)
            return self._column(inner, name) if inner else _NONE
        if not isinstance(query, exp.Select):
            return self._all_sources(scope)
        item = next((e for e in query.expressions if e.alias_or_name.lower() == name), None)
        if item is None:
            return self._all_sources(scope)
        return self._expression(scope, item)

    def _union(self, scope: Scope, name: str) -> Pairs:
        names = list(_output(scope))
        place = names.index(name) if name in names else None
        found = _NONE
        for branch in scope.set_operation_scopes:
            theirs = list(_output(branch))
            if place is not None and place < len(theirs):
                found |= self._column(branch, theirs[place])
            else:
                found |= self._all_sources(branch)
        return found

    def _expression(self, scope: Scope, tree: exp.Expr) -> Pairs:
        found = _NONE
        for column in tree.find_all(exp.Column):
            found |= self._source(scope, column)
        for inner in scope.subquery_scopes:
            if _inside(inner.expression, tree):
                for name in _output(inner):
                    found |= self._column(inner, name)
        return found

    def _source(self, scope: Scope, column: exp.Column) -> Pairs:
        """What one column in an expression stands for."""
        here: Scope | None = scope
        while here is not None:
            if column.table in here.sources:
                source = here.sources[column.table]
                if isinstance(source, exp.Table):
                    return self._of_table(source, column.name)
                if isinstance(source, Scope):
                    return self._of_scope(source, column.name)
            here = here.parent
        return _NONE

    def _of_table(self, table: exp.Table, name: str) -> Pairs:
        for column in self._datasets.get(table.name, ()):
            if column.lower() == name.lower():
                return frozenset({(table.name, column)})
        return _NONE

    def _of_scope(self, scope: Scope, name: str) -> Pairs:
        outer = scope.outer_columns or []
        if name in outer:  # WITH x(a, b) AS (…)
            names = list(_output(scope))
            place = outer.index(name)
            return self._column(scope, names[place]) if place < len(names) else _NONE
        return self._column(scope, name.lower())

    def _all_sources(self, scope: Scope) -> Pairs:
        found = _NONE
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                columns = self._datasets.get(source.name, ())
                found |= frozenset((source.name, c) for c in columns)
            elif isinstance(source, Scope):
                for name in _output(source):
                    found |= self._column(source, name)
        return found


def _qualified(
    tree: exp.Query, datasets: Mapping[str, Mapping[str, str]]
) -> tuple[exp.Query | None, MappingSchema]:
    # Names are looked up in small letters, as DuckDB compares them.
    known: dict[str, object] = {
        n.lower(): {c.lower(): t for c, t in cs.items()} for n, cs in datasets.items()
    }
    schema = MappingSchema(known, dialect="duckdb", normalize=False)
    try:
        done = qualify(
            tree.copy(),
            schema=schema,
            dialect="duckdb",
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
    except (SqlglotError, RecursionError, KeyError, ValueError, TypeError):
        return None, schema
    return (done if isinstance(done, exp.Query) else None), schema


def _output(scope: Scope) -> dict[str, None]:
    """The names of a scope's output columns, in order, in lower case."""
    query = scope.expression
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    items = query.expressions if isinstance(query, exp.Select) else []
    return dict.fromkeys(item.alias_or_name.lower() for item in items)


def _inside(node: exp.Expr, tree: exp.Expr) -> bool:
    up: exp.Expr | None = node
    while up is not None and up is not tree:
        up = up.parent
    return up is tree
