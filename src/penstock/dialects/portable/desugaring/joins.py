"""Joins that some engines lack: ASOF as a join with the time of validity; SEMI and ANTI as EXISTS.

The latter only where a query is written for an engine that has no such joins.

And coalesce over the columns of USING, which is written as CASE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from penstock.dialects.portable.desugaring.building import call, column, named, refuse, window
from penstock.dialects.portable.families import name_of
from penstock.dialects.portable.reading import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Schemas = Mapping[str, Mapping[str, str]]

_NEXT = "__next"
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}
# Of `a.ts >= b.ts`: the row of b holds until the next one, `a.ts < next`.
_UNTIL: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
    exp.LT: exp.GTE,
}
_UNORDERED = ("list", "struct", "map", "json")


def joins(tree: exp.Expr, schemas: Schemas) -> None:
    """Every join of a tree whose columns have their tables.

    Raises:
        Refusal: a join has no portable form.
    """
    for node in list(tree.find_all(exp.Coalesce)):
        node.replace(first_of([node.this, *node.expressions]))
    for scope in traverse_scope(tree):
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        for join in list(select.args.get("joins") or []):
            method = str(join.args.get("method") or "").upper()
            if method == "ASOF":
                _asof(join, scope, schemas)
            elif _filters(join):
                _check_semi(join, select)
            elif method == "NATURAL":
                raise refuse("PSK-PORT-022", join, "NATURAL JOIN without a common column")


def first_of(parts: Sequence[exp.Expr]) -> exp.Case:
    """The first that is not NULL, as USING has it of columns."""
    ifs = [
        exp.If(this=exp.Not(this=exp.Is(this=p.copy(), expression=exp.Null())), true=p.copy())
        for p in parts[:-1]
    ]
    return exp.Case(ifs=ifs, default=parts[-1].copy())


def _filters(join: exp.Join) -> bool:
    return str(join.args.get("kind") or "").upper() in ("SEMI", "ANTI")


def _check_semi(join: exp.Join, select: exp.Select) -> None:
    every = select.args["joins"]
    for later in every[every.index(join) + 1 :]:
        if later.side in ("RIGHT", "FULL"):
            raise refuse(
                "PSK-PORT-022", join, f"{join.kind} JOIN before {later.side} JOIN", "use EXISTS"
            )
    if join.args.get("on") is None:
        raise refuse("PSK-PORT-022", join, f"{join.kind} JOIN needs ON or USING")


def as_exists(select: exp.Select) -> None:
    """The SEMI and ANTI joins of a SELECT as EXISTS, for an engine that has no such joins."""
    for join in [j for j in select.args.get("joins") or [] if _filters(j)]:
        _exists(join, select)


def _exists(join: exp.Join, select: exp.Select) -> None:
    inner = exp.Select(
        expressions=[named(exp.Literal.number(1), "one")],
        from_=exp.From(this=join.this),
        where=exp.Where(this=join.args["on"]),
    )
    made: exp.Expr = exp.Exists(this=inner)
    if str(join.args["kind"]).upper() == "ANTI":
        made = exp.Not(this=made)
    where = select.args.get("where")
    select.set(
        "where",
        exp.Where(this=made if where is None else exp.And(this=where.this, expression=made)),
    )
    select.set("joins", [j for j in select.args["joins"] if j is not join])


def _asof(join: exp.Join, scope: Scope, schemas: Schemas) -> None:
    right = join.this
    alias = right.alias_or_name
    if join.side not in ("", "LEFT"):
        raise refuse("PSK-PORT-022", join, f"ASOF {join.side} JOIN", "ASOF JOIN or ASOF LEFT JOIN")
    on = join.args.get("on")
    if on is None:
        raise refuse("PSK-PORT-022", join, "ASOF JOIN needs ON or USING")
    equal, bound = _conditions(join, on, alias)
    mine, theirs, kind = bound
    order = exp.Ordered(this=theirs.copy(), desc=kind in (exp.LTE, exp.LT), nulls_first=False)
    there = _columns(join, right, scope, schemas)
    others = [
        exp.Ordered(this=column(alias, name), nulls_first=False)
        for name, type_name in there
        if type_name is None or name_of(type_name) not in _UNORDERED
    ]
    lead = window(call("lead", theirs.copy()), [e.copy() for _, e in equal], [order, *others])
    inner = exp.Select(
        expressions=[*(named(column(alias, n), n) for n, _ in there), named(lead, _NEXT)],
        from_=exp.From(this=right.copy()),
        where=exp.Where(this=exp.Not(this=exp.Is(this=theirs.copy(), expression=exp.Null()))),
    )
    until = column(alias, _NEXT)
    holds = exp.Or(
        this=exp.Is(this=until.copy(), expression=exp.Null()),
        expression=_UNTIL[kind](this=mine.copy(), expression=until),
    )
    named_as = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    join.set("this", exp.Subquery(this=inner, alias=named_as))
    join.set("on", exp.And(this=on, expression=exp.Paren(this=holds)))
    join.set("method", None)


def _conditions(
    join: exp.Join, on: exp.Expr, alias: str
) -> tuple[list[tuple[exp.Expr, exp.Expr]], tuple[exp.Expr, exp.Expr, type[exp.Expr]]]:
    """The equal sides, and the one bound: left side, right side, and how it compares."""
    equal: list[tuple[exp.Expr, exp.Expr]] = []
    bounds: list[tuple[exp.Expr, exp.Expr, type[exp.Expr]]] = []
    if isinstance(join.args.get("on"), exp.And) or isinstance(on, exp.And):
        parts = [p.unnest() for p in on.flatten()]
    else:
        parts = [on.unnest()]
    for part in parts:
        kind = type(part)
        if kind is not exp.EQ and kind not in _TURNED:
            raise refuse(
                "PSK-PORT-022", part, f"`{shown(part)}` in the ON of an ASOF JOIN", "use WHERE"
            )
        sides = part.this, part.expression
        of_right = [{c.table for c in s.find_all(exp.Column)} for s in sides]
        if of_right[1] == {alias} and alias not in of_right[0]:
            mine, theirs = sides
        elif of_right[0] == {alias} and alias not in of_right[1]:
            theirs, mine = sides
            kind = _TURNED.get(kind, kind)
        else:
            raise refuse(
                "PSK-PORT-022",
                part,
                f"`{shown(part)}`: each side of a condition is of one table",
                "a.ts >= b.ts",
            )
        if kind is exp.EQ:
            equal.append((mine, theirs))
        else:
            bounds.append((mine, theirs, kind))
    if len(bounds) != 1:
        raise refuse(
            "PSK-PORT-022",
            join,
            "an ASOF JOIN has one condition with <, <=, > or >=, the others are equal",
            "ON a.key = b.key AND a.ts >= b.ts",
        )
    return equal, bounds[0]


def _columns(
    join: exp.Join, right: exp.Expr, scope: Scope, schemas: Schemas
) -> list[tuple[str, str | None]]:
    """The right side's columns and, of a table, their types."""
    source = scope.sources.get(right.alias_or_name)
    if isinstance(source, exp.Table) and source.name in schemas:
        return list(schemas[source.name].items())
    if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
        return [(name, None) for name in source.expression.named_selects]
    raise refuse("PSK-PORT-021", join, f"the columns of `{right.alias_or_name}` are not known")
