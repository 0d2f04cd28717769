"""LATERAL: the first rows of each group by row_number; computed columns stay as they are."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from penstock.dialects.portable.desugaring.building import (
    aggregates,
    call,
    column,
    named,
    refuse,
    window,
)
from penstock.dialects.portable.reading import shown

_NUMBER = "__number"
_HINT = "join it, or choose rows by QUALIFY row_number() OVER (PARTITION BY … ORDER BY …) = 1"


def laterals(tree: exp.Expr) -> None:
    """Every lateral join of a tree whose columns have their tables.

    Raises:
        Refusal: it is neither the first rows by a key nor columns computed from the row.
    """
    for select in list(tree.find_all(exp.Select)):
        for join in list(select.args.get("joins") or []):
            if isinstance(join.this, exp.Lateral):
                _lateral(join)
        for held in select.args.get("laterals") or []:
            raise refuse("PSK-PORT-022", held, f"`{shown(held)}` is not in the portable language")
    for scope in traverse_scope(tree):
        if scope.is_derived_table and scope.external_columns:
            node = scope.expression
            if isinstance(node.parent, exp.Subquery) and isinstance(
                node.parent.parent, (exp.From, exp.Join)
            ):
                raise refuse(
                    "PSK-PORT-022",
                    scope.external_columns[0],
                    f"`{shown(scope.external_columns[0])}` is of a table beside this query",
                    "write LATERAL before the query",
                )


def _lateral(join: exp.Join) -> None:
    lateral = join.this
    query = lateral.this.this if isinstance(lateral.this, exp.Subquery) else lateral.this
    on = join.args.get("on")
    if not isinstance(query, exp.Select) or join.side not in ("", "LEFT"):
        raise refuse("PSK-PORT-022", lateral, f"`{shown(lateral)}` is not portable", _HINT)
    if on is not None and not (isinstance(on, exp.Boolean) and on.this):
        raise refuse("PSK-PORT-022", join, "LATERAL joins ON TRUE", "put the condition inside")
    if query.args.get("from_") is None:
        return
    limit, order = query.args.get("limit"), query.args.get("order")
    if limit is None or order is None or query.args.get("offset") is not None:
        raise refuse("PSK-PORT-022", lateral, f"`{shown(lateral)}` is not portable", _HINT)
    if query.args.get("group") or query.args.get("distinct") or any(map(aggregates, query.selects)):
        raise refuse("PSK-PORT-022", lateral, "LATERAL over groups is not portable", _HINT)
    _first_rows(join, query, lateral.alias)


def _first_rows(join: exp.Join, query: exp.Select, alias: str) -> None:
    inside = {query.args["from_"].this.alias_or_name} | {
        j.this.alias_or_name for j in query.args.get("joins") or []
    }
    keys: list[tuple[exp.Expr, exp.Expr]] = []
    kept: list[exp.Expr] = []
    where = query.args.get("where")
    for part in _parts(where.this) if where is not None else []:
        tables = {c.table for c in part.find_all(exp.Column)}
        if tables <= inside:
            kept.append(part)
            continue
        sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        of = [{c.table for c in s.find_all(exp.Column)} for s in sides]
        if len(of) == 2 and of[0] and of[0] <= inside and not of[1] & inside:
            keys.append((sides[1], sides[0]))
        elif len(of) == 2 and of[1] and of[1] <= inside and not of[0] & inside:
            keys.append((sides[0], sides[1]))
        else:
            raise refuse("PSK-PORT-022", part, f"`{shown(part)}` in LATERAL is not portable", _HINT)
    made = {i.alias_or_name: i.unalias() for i in query.expressions}
    for each in [*made.values(), *query.args["order"].expressions]:
        if any(c.table and c.table not in inside for c in each.find_all(exp.Column)):
            raise refuse("PSK-PORT-022", each, f"`{shown(each)}` in LATERAL is not portable", _HINT)
    order = []
    for key in query.args["order"].expressions:
        copy = key.copy()
        if isinstance(key.this, exp.Column) and not key.this.table and key.this.name in made:
            copy.set("this", made[key.this.name].copy())
        order.append(copy)
    number = window(call("row_number"), [inner.copy() for _, inner in keys], order)
    least = query.args["limit"].expression.copy()
    for key_name in ("limit", "order"):
        query.set(key_name, None)
    query.set("where", exp.Where(this=_all(kept)) if kept else None)
    on: list[exp.Expr] = []
    for i, (outer, inner) in enumerate(keys):
        query.append("expressions", named(inner.copy(), f"__key{i}"))
        on.append(exp.EQ(this=outer.copy(), expression=column(alias, f"__key{i}")))
    query.append("expressions", named(number, _NUMBER))
    on.append(exp.LTE(this=column(alias, _NUMBER), expression=least))
    named_as = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    join.set("this", exp.Subquery(this=query, alias=named_as))
    join.set("on", _all(on))
    join.set("kind", None)


def _parts(node: exp.Expr) -> list[exp.Expr]:
    node = node.unnest()
    return [p.unnest() for p in node.flatten()] if isinstance(node, exp.And) else [node]


def _all(parts: list[exp.Expr]) -> exp.Expr:
    made = parts[0]
    for each in parts[1:]:
        made = exp.And(this=made, expression=each)
    return made
