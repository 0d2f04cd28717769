"""Clauses that one engine lacks: each is refused for that engine before anything is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from penstock.dialects.portable.desugaring.building import aggregates, within
from penstock.dialects.portable.families import name_of
from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.typing import Typer

MOST_COLUMNS = 1_600
"""Of a table of PostgreSQL: https://www.postgresql.org/docs/16/limits.html"""
_FEWER = "a table has at most 1,600 columns there"


def check(query: exp.Expr, engine: Engine, typer: Typer) -> None:
    """Refuse what an engine cannot do.

    Raises:
        Refusal: with the engine's name.
    """
    if "columns" in engine.gaps:
        _columns(query, engine, typer)
    for node in query.walk():
        if isinstance(node, exp.With) and node.recursive and "recursion" in engine.gaps:
            raise _refused(node, engine, "WITH RECURSIVE", engine.gaps["recursion"])
        if isinstance(node, exp.Join) and node.side == "FULL" and "full_join" in engine.gaps:
            _full_join(node, engine)
        if isinstance(node, exp.Distinct) and isinstance(node.parent, exp.Select):
            _distinct(node.parent, typer)
        if isinstance(node, exp.SetOperation) and node.args.get("distinct") is not False:
            _distinct(node, typer)
    if "correlated" in engine.gaps:
        _correlated(query, engine)


def _columns(query: exp.Expr, engine: Engine, typer: Typer) -> None:
    for name, schema in typer.schemas.items():
        if len(schema) > MOST_COLUMNS:
            table = next((t for t in query.find_all(exp.Table) if t.name == name), query)
            raise _refused(table, engine, f"`{name}`, of {len(schema):,} columns,", _FEWER)
    width = len(typer.outputs(query))
    if width > MOST_COLUMNS:
        raise _refused(query, engine, f"a result of {width:,} columns", _FEWER)


def _refused(
    node: exp.Expr, engine: Engine, what: str, why: str, hint: str | None = None
) -> Refusal:
    offset, length = place(node)
    return Refusal(
        "PSK-PORT-020",
        f"{what} cannot run on {engine.name}: {why}",
        hint,
        offset,
        length,
        (engine.name,),
    )


def _distinct(node: exp.Expr, typer: Typer) -> None:
    for name, kind in typer.outputs(node):
        if name_of(kind) in ("map", "json"):
            offset, length = place(node)
            raise Refusal(
                "PSK-PORT-023",
                f"`{name}` is of type {name_of(kind)}, whose values do not compare everywhere",
                "take DISTINCT over its parts",
                offset,
                length,
            )


def _full_join(node: exp.Join, engine: Engine) -> None:
    on = node.args.get("on")
    right = node.this.alias_or_name
    parts = [p.unnest() for p in on.flatten()] if isinstance(on, exp.And) else [on]
    for part in parts:
        each = part.unnest() if isinstance(part, exp.Expr) else None
        sides = [each.this, each.expression] if isinstance(each, exp.EQ) else []
        tables = [{c.table for c in s.find_all(exp.Column)} for s in sides]
        if len(tables) != 2 or not (
            (tables[0] == {right} and tables[1] and right not in tables[1])
            or (tables[1] == {right} and tables[0] and right not in tables[0])
        ):
            raise _refused(
                node,
                engine,
                f"FULL JOIN ON {shown(on) if on else ''}",
                engine.gaps["full_join"],
                "LEFT JOIN, and UNION ALL the right side's rows without a partner (ANTI JOIN)",
            )


def _correlated(query: exp.Expr, engine: Engine) -> None:
    for scope in traverse_scope(query):
        node = scope.expression
        outside = [c for c in scope.external_columns if c.table]
        if not outside or not isinstance(node, exp.Select):
            continue
        parent = scope.parent
        if any(parent is not None and c.table not in parent.sources for c in outside):
            raise _refused(
                outside[0],
                engine,
                f"`{shown(outside[0])}` of a query two levels up",
                "a subquery sees only the query right around it",
            )
        holder = node.parent.parent if isinstance(node.parent, exp.Subquery) else node.parent
        if isinstance(node.parent, exp.Lateral) or isinstance(
            holder, (exp.Lateral, exp.From, exp.Join)
        ):
            continue
        predicate = isinstance(node.parent, exp.Exists) or isinstance(holder, (exp.Exists, exp.In))
        if not predicate and not _one_row(node):
            raise _refused(
                node,
                engine,
                "a correlated subquery without an aggregate",
                engine.gaps["correlated"],
            )
        where = node.args.get("where")
        conditions = set(map(id, within(where))) if where is not None else set()
        for column in outside:
            if id(column) not in conditions:
                raise _refused(
                    column,
                    engine,
                    f"`{shown(column)}` of the query around, outside WHERE,",
                    engine.gaps["correlated"],
                )
        if not predicate and where is not None:
            for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
                touched = {c.table for c in part.find_all(exp.Column)}
                if touched & {c.table for c in outside} and not isinstance(part.unnest(), exp.EQ):
                    raise _refused(
                        part, engine, f"`{shown(part)}` in a subquery", engine.gaps["correlated"]
                    )


def _one_row(node: exp.Select) -> bool:
    return node.args.get("group") is None and all(aggregates(item) for item in node.expressions)
