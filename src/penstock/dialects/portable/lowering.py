"""A query in an engine's SQL: its clauses by sqlglot, its expressions by ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.call import Ordering
from penstock.dialects.portable.clauses import PARTS
from penstock.dialects.portable.rendering import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.typing import Typer

_NAMES = (exp.Identifier, exp.TableAlias, exp.Table, exp.Literal)


class Lowering:
    """Renders one prepared query."""

    def __init__(self, engine: Engine, typer: Typer) -> None:
        self.engine = engine
        self.typer = typer
        self.renderer = Renderer(engine, typer, self.inner)

    def whole(self, query: exp.Expr) -> str:
        """The statement; its columns have exactly the canonical types."""
        return self._sql(query, [t for _, t in self.typer.outputs(query)], outermost=True)

    def inner(self, query: exp.Expr) -> str:
        """A query inside an expression."""
        return self._sql(query, [t for _, t in self.typer.outputs(query)])

    def _sql(self, query: exp.Expr, wanted: Sequence[str], *, outermost: bool = False) -> str:
        made = dict(self._rendered(query, wanted, outermost=outermost))
        copy = query.copy()
        # Both in the same order: a copy has the same shape.
        pairs = list(zip(query.walk(bfs=False), copy.walk(bfs=False), strict=True))
        for mine, theirs in pairs:
            text = made.get(id(mine))
            if text is not None:
                # A number's text is written as it is; other nodes take it for a condition.
                theirs.replace(exp.Literal(this=text, is_string=False))
        return copy.sql(self.engine.sql, comments=False)

    def _rendered(
        self, node: exp.Expr, wanted: Sequence[str], *, outermost: bool = False
    ) -> Iterator[tuple[int, str]]:
        """The expressions below a clause, each with its SQL."""
        if isinstance(node, exp.SetOperation):
            for side in (node.this, node.expression):
                yield from self._rendered(side, wanted, outermost=outermost)
            for key in ("with_", "order"):
                if node.args.get(key) is not None:
                    yield from self._below(node.args[key])
            return
        if isinstance(node, exp.Subquery) and node.parent is not None and not node.alias:
            yield from self._rendered(node.this, wanted, outermost=outermost)
            return
        if not isinstance(node, exp.Select):
            yield from self._below(node)
            return
        for item, type_name in zip(node.expressions, wanted, strict=True):
            yield id(item.unalias()), self._output(item.unalias(), type_name, outermost=outermost)
        for key, value in node.args.items():
            if key != "expressions":
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, exp.Expr):
                        yield from self._below(each)

    def _output(self, node: exp.Expr, type_name: str, *, outermost: bool) -> str:
        found = self.typer.type(node)
        sql = self.renderer.coerced(node, type_name)
        if outermost and type_name == "null":
            return f"CAST({sql} AS {self.engine.type_name('integer')})"
        if outermost and self.engine.name != "duckdb" and found == type_name:
            return f"CAST({sql} AS {self.engine.type_name(type_name)})"
        return sql

    def _below(self, node: exp.Expr) -> Iterator[tuple[int, str]]:
        if isinstance(node, (exp.Query, exp.CTE)) and not isinstance(node, exp.Values):
            inner = node.this if isinstance(node, exp.CTE) else node
            if isinstance(inner, exp.Subquery):
                inner = inner.this
            yield from self._rendered(inner, [t for _, t in self.typer.outputs(inner)])
        elif isinstance(node, exp.Ordered):
            yield id(node), self._key(node)
        elif isinstance(node, _NAMES):
            return
        elif type(node) in PARTS:
            for child in node.iter_expressions():
                yield from self._below(child)
        else:
            yield id(node), self.renderer.sql(node)

    def _key(self, node: exp.Ordered) -> str:
        if isinstance(node.this, (exp.Identifier, exp.Literal)):
            return Ordering(
                node.this.sql(self.engine.sql),
                "integer",
                bool(node.args.get("desc")),
                bool(node.args.get("nulls_first")),
            ).text(self.engine)
        [key] = self.renderer.orderings([node])
        return key.text(self.engine)
