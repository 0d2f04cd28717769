"""A query in an engine's SQL: its clauses by sqlglot, its expressions by ours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.generator import Generator

from penstock.dialects.portable import forms, limits, operators
from penstock.dialects.portable.call import Ordering
from penstock.dialects.portable.clauses import PARTS
from penstock.dialects.portable.desugaring.joins import as_exists
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.rendering import Renderer
from penstock.dialects.portable.spelling import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.typing import Typer

_LINE_BREAK = str(Generator().SENTINEL_LINE_BREAK)
_NAMES = (exp.Identifier, exp.TableAlias, exp.Table, exp.Literal)


def _with_texts(node: Any, made: Mapping[int, str]) -> Any:
    """A copy of a tree, with texts in the place of nodes.

    A number's text is written as it is; other nodes take it for a condition.
    """
    text = made.get(id(node))
    if text is not None:
        return exp.Literal(this=text, is_string=False)
    if isinstance(node, exp.Expr):
        return type(node)(**{key: _with_texts(value, made) for key, value in node.args.items()})
    if isinstance(node, list):
        return [_with_texts(each, made) for each in node]
    return node


class Lowering:
    """Renders one prepared query."""

    def __init__(self, engine: Engine, typer: Typer) -> None:
        self.engine = engine
        self.typer = typer
        self.renderer = Renderer(engine, typer, self.inner)

    def whole(self, query: exp.Expr, types: Sequence[str]) -> str:
        """The statement; its columns have exactly these types."""
        forms.check(query, self.engine)
        limits.check(query, self.engine, self.typer)
        self._check_names(query)
        return self._sql(query, types, outermost=True)

    def _check_names(self, query: exp.Expr) -> None:
        """Refuse a name that two WITH give, on an engine where all of them stand at the top."""
        names = [cte.alias for cte in query.find_all(exp.CTE)]
        twice = next((n for n in names if names.count(n) > 1), None)
        if self.engine.name == "spark" and twice is not None:
            raise Refusal(
                "PSK-PORT-020",
                f"two queries are named `{twice}` by WITH: on spark every one has its own name",
                "give one of them another name",
                engines=("spark",),
            )

    def looks(self, query: exp.Expr) -> Iterator[Callable[[], object]]:
        """What raises a refusal each: for the whole, and every column, condition and key alone."""
        yield lambda: forms.check(query, self.engine)
        yield lambda: limits.check(query, self.engine, self.typer)
        yield lambda: self._check_names(query)
        for select in query.find_all(exp.Select):
            for item in select.expressions:
                yield partial(self.renderer.sql, item.unalias())
            for key, value in select.args.items():
                for each in value if isinstance(value, list) else [value]:
                    if key != "expressions" and isinstance(each, exp.Expr):
                        yield partial(self._looked_below, each)

    def _looked_below(self, node: exp.Expr) -> None:
        for _ in self._below(node):
            pass

    def columns(self, query: exp.Select) -> list[str]:
        """Each column of a SELECT, of exactly the canonical type."""
        limits.check(query, self.engine, self.typer)
        kinds = [t for _, t in self.typer.outputs(query)]
        return [
            self._output(item.unalias(), kind, outermost=True)
            for item, kind in zip(query.expressions, kinds, strict=True)
        ]

    def inner(self, query: exp.Expr) -> str:
        """A query inside an expression."""
        return self._sql(query, [t for _, t in self.typer.outputs(query)])

    def _sql(self, query: exp.Expr, wanted: Sequence[str], *, outermost: bool = False) -> str:
        made = dict(self._rendered(query, wanted, outermost=outermost))
        if outermost:
            # Layout moves lines, and those of a literal are to stay.
            made = {node: text.replace("\n", _LINE_BREAK) for node, text in made.items()}
        copy = _with_texts(query, made)
        if not self.engine.semi_joins:
            for select in list(copy.find_all(exp.Select)):
                as_exists(select)
        if self.engine.capital_names:
            for name in copy.find_all(exp.Identifier):
                name.set("this", name.name.upper())
        sql: str = copy.sql(self.engine.sql, comments=False, pretty=outermost)
        return sql

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
        if outermost and (not self.engine.canonical or found != type_name):
            return f"CAST({sql} AS {self.engine.type_name(type_name)})"
        return sql

    def _below(self, node: exp.Expr) -> Iterator[tuple[int, str]]:
        if isinstance(node, (exp.Query, exp.CTE)) and not isinstance(node, (exp.Values, exp.Table)):
            inner = node.this if isinstance(node, exp.CTE) else node
            if isinstance(inner, exp.Subquery):
                inner = inner.this
            yield from self._rendered(inner, [t for _, t in self.typer.outputs(inner)])
        elif isinstance(node, exp.Values):
            yield from self._cells(node)
        elif isinstance(node, exp.Unnest):
            yield id(node), self._unnested(node)
        elif isinstance(node, exp.Ordered):
            yield id(node), self._key(node)
        elif (
            isinstance(node, (exp.Literal, exp.Null, exp.Boolean)) and node.arg_key == "expressions"
        ):
            # A constant of GROUP BY; PostgreSQL takes it bare for a column's place.
            if isinstance(node.parent, exp.Group) and not node.is_int:
                yield id(node), self._typed(node)
        elif _is_condition(node):
            yield id(node), operators.condition(self.renderer, node)
        elif isinstance(node, _NAMES):
            return
        elif type(node) in PARTS:
            for child in node.iter_expressions():
                yield from self._below(child)
        else:
            yield id(node), self.renderer.sql(node)

    def _key(self, node: exp.Ordered) -> str:
        item = self._output_meant(node)
        name = node.this
        if item is not None and isinstance(name, exp.Column):
            kind = self.typer.type(item)
            if not (self.engine.collate and kind == "varchar"):
                # The bare name of an output, as each engine knows it.
                return Ordering(
                    self.engine.name_of(name.name),
                    kind,
                    bool(node.args.get("desc")),
                    bool(node.args.get("nulls_first")),
                ).text(self.engine)
        if item is not None:
            [key] = self.renderer.orderings([_with(node, item)])
            return key.text(self.engine)
        [key] = self.renderer.orderings([node])
        return key.text(self.engine)

    def _output_meant(self, node: exp.Ordered) -> exp.Expr | None:
        """The output that a key names or counts; None: it is an expression of its own."""
        key, at = node.this, node.parent
        select = at.parent if at is not None else None
        if not isinstance(select, exp.Select):
            return None
        if isinstance(key, exp.Literal) and key.is_int:
            place = int(key.name)
            if not 1 <= place <= len(select.expressions):
                raise Refusal("PSK-PORT-021", f"ORDER BY {place}: there is no such column")
            counted: exp.Expr = select.expressions[place - 1].unalias()
            return counted
        if isinstance(key, exp.Column) and not key.table and key.name in select.named_selects:
            meant: exp.Expr = select.expressions[select.named_selects.index(key.name)].unalias()
            return meant
        return None

    def _cells(self, node: exp.Values) -> Iterator[tuple[int, str]]:
        """Each value of VALUES in the type of its column."""
        kinds = [t for _, t in self.typer.outputs(node)]
        for row in node.expressions:
            for cell, kind in zip(row.expressions, kinds, strict=True):
                yield id(cell), self.renderer.coerced(cell, kind)

    def _typed(self, node: exp.Expr) -> str:
        kind = self.typer.type(node)
        return f"CAST({self.renderer.sql(node)} AS {self.engine.type_name(kind)})"

    def _unnested(self, node: exp.Unnest) -> str:
        """A list as rows, with the place of each if it is asked for."""
        alias = node.args["alias"]
        item = self.engine.name_of(alias.columns[0].name)
        offset = node.args.get("offset")
        place = self.engine.name_of(offset.name) if isinstance(offset, exp.Expr) else ""
        rows = self.renderer.sql(node.expressions[0])
        name = self.engine.name_of(alias.name)
        if self.engine.rows_of is not None:
            beside = isinstance(node.parent, exp.Join)
            return self.engine.rows_of(rows, name, item, place, beside)
        if not (self.engine.unnests or self.engine.explodes):
            raise missing(self.engine, "UNNEST")
        if not self.engine.explodes:
            ordinality = " WITH ORDINALITY" if place else ""
            return f"UNNEST({rows}){ordinality} AS {name}({', '.join(filter(None, [item, place]))})"
        # A generator stands in a SELECT of its own, beside the row that it takes the list from.
        made = f"EXPLODE({rows}) AS {item}"
        if place:
            pairs = "STRUCT(x AS x, CAST(i + 1 AS BIGINT) AS i)"
            made = f"INLINE(TRANSFORM({rows}, (x, i) -> {pairs})) AS ({item}, {place})"
        lateral = "LATERAL " if isinstance(node.parent, exp.Join) else ""
        return f"{lateral}(SELECT {made}) AS {name}"


def _is_condition(node: exp.Expr) -> bool:
    """Whether it stands alone after WHERE, HAVING or ON."""
    return (
        isinstance(node.parent, (exp.Where, exp.Having, exp.Join))
        and node.arg_key
        in (
            "this",
            "on",
        )
        and not isinstance(node, (exp.Query, exp.Table, exp.Unnest, exp.Lateral, exp.Values))
    )


def _with(key: exp.Ordered, item: exp.Expr) -> exp.Ordered:
    """A key of the same direction over another expression, which keeps its place in the tree."""
    made = exp.Ordered(desc=key.args.get("desc"), nulls_first=key.args.get("nulls_first"))
    made.args["this"] = item
    return made
