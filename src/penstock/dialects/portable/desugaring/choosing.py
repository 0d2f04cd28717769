"""QUALIFY and DISTINCT ON as a subquery; GROUP BY ALL, ORDER BY ALL; results that need an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.desugaring.building import (
    aggregates,
    call,
    column,
    inner_first,
    named,
    refuse,
    window,
    windowed,
)
from penstock.dialects.portable.desugaring.joins import first_of
from penstock.dialects.portable.desugaring.relations import columns_of
from penstock.dialects.portable.reading import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Schemas = Mapping[str, Mapping[str, str]]

_KEPT = "__keep"
_OF = "__chosen"


def choosing(tree: exp.Expr, schemas: Schemas) -> exp.Expr:
    """Every query of a tree whose columns have their tables.

    Raises:
        Refusal: what a query gives depends on an order that it does not have.
    """
    for node in inner_first(tree):
        if isinstance(node, exp.Select):
            _group_all(node)
            _totals(node)
        if isinstance(node, (exp.Select, exp.SetOperation)):
            _order_all(node)
            _limited(node)
        if isinstance(node, exp.Select):
            _aliases(node, schemas)
            distinct = node.args.get("distinct")
            if node.args.get("qualify") is not None:
                tree = _put(tree, node, _qualified)
            elif distinct is not None and distinct.args.get("on") is not None:
                tree = _put(tree, node, _distinct_on)
            else:
                tree = _put(tree, node, _ordered_text)
        elif isinstance(node, exp.SetOperation):
            tree = _put(tree, node, _ordered_set)
    return tree


def _put(
    tree: exp.Expr, node: exp.Expr, rewrite: Callable[[exp.Expr], exp.Expr | None]
) -> exp.Expr:
    parent, key, index = node.parent, node.arg_key, node.index
    made = rewrite(node)
    if made is None or made is node:
        return tree
    if node is tree:
        return made
    assert parent is not None
    assert key is not None
    parent.set(key, made, index)
    return tree


# -- ALL ----------------------------------------------------------------------------------------


def _group_all(node: exp.Select) -> None:
    group = node.args.get("group")
    if group is None:
        return
    if group.args.get("all"):
        keys: list[exp.Expr] = []
        for i, item in enumerate(node.expressions):
            made = item.unalias()
            if aggregates(made) or windowed(made):
                continue
            constant = not any(made.find_all(exp.Column))
            keys.append(exp.Literal.number(i + 1) if constant else made.copy())
        group.set("all", None)
        group.set("expressions", keys)
    plain = group.expressions
    if len(plain) == 1 and isinstance(plain[0], exp.Tuple) and not plain[0].expressions:
        # GROUP BY () is one group, also of no rows: as an aggregate without GROUP BY.
        group.set("expressions", [])
        if not any(aggregates(i) for i in node.expressions):
            raise refuse("PSK-PORT-022", node, "GROUP BY () without an aggregate")
    if not any(group.args.get(k) for k in ("expressions", "grouping_sets", "cube", "rollup")):
        node.set("group", None)


def _totals(node: exp.Select) -> None:
    """A total of no rows is no row: some engines give one, some none."""
    group = node.args.get("group")
    sets = (group.args.get(k) for k in ("grouping_sets", "cube", "rollup")) if group else ()
    inside = group.find(exp.GroupingSets, exp.Cube, exp.Rollup) if group else None
    if not any(sets) and inside is None:
        return
    there = exp.GT(this=call("count", exp.Star()), expression=exp.Literal.number(0))
    having = node.args.get("having")
    both = there if having is None else exp.And(this=exp.Paren(this=having.this), expression=there)
    node.set("having", exp.Having(this=both))


def _order_all(node: exp.Expr) -> None:
    order = node.args.get("order")
    if order is None or len(order.expressions) != 1:
        return
    [key] = order.expressions
    if not (isinstance(key.this, exp.Var) and key.this.name.upper() == "ALL"):
        return
    assert isinstance(node, exp.Query)
    keys = []
    for name in node.named_selects:
        made = key.copy()
        made.set("this", exp.column(exp.to_identifier(name, quoted=True)))
        keys.append(made)
    order.set("expressions", keys)


def _limited(node: exp.Expr) -> None:
    limit, offset = node.args.get("limit"), node.args.get("offset")
    for part in (limit, offset):
        if part is None:
            continue
        if not node.args.get("order"):
            raise refuse(
                "PSK-PORT-028",
                part,
                f"which rows {type(part).__name__.upper()} keeps is open without ORDER BY",
                "add ORDER BY with a key that no two rows share",
            )
        if not (isinstance(part.expression, exp.Literal) and part.expression.is_int):
            raise refuse(
                "PSK-PORT-024",
                part,
                f"{type(part).__name__.upper()} takes a whole number that is written in the SQL",
                "number the rows by row_number() and compare the number",
            )


def _aliases(node: exp.Select, schemas: Schemas) -> None:
    """Keys of ORDER BY and DISTINCT ON that compute with an output's name.

    They compute with what the name stands for; a column of FROM that has the name comes first.
    Some engines know the bare name only.
    """
    order, distinct = node.args.get("order"), node.args.get("distinct")
    on = distinct.args.get("on") if distinct is not None else None
    keys = [key.this for key in order.expressions] if order is not None else []
    keys += on.expressions if on is not None else []
    made = {i.alias_or_name: i.unalias() for i in node.expressions}
    for key in keys:
        if isinstance(key, exp.Column):
            continue
        for each in list(key.find_all(exp.Column)):
            if each.table:
                continue
            holding = [column(table, each.name) for table in _holding(node, each.name, schemas)]
            if holding:
                # Several of them are one by USING, or DuckDB would not have bound the name.
                meant: exp.Expr = first_of(holding)
                each.replace(holding[0] if len(holding) == 1 else exp.Paren(this=meant))
            elif each.name in made:
                each.replace(exp.Paren(this=made[each.name].copy()))


def _holding(node: exp.Select, name: str, schemas: Schemas) -> list[str]:
    """The relations of FROM that have a column of this name."""
    read = node.args.get("from_")
    joined = [join.this for join in node.args.get("joins") or []]
    found = []
    for each in [read.this, *joined] if read is not None else []:
        if isinstance(each, (exp.Table, exp.Subquery)):
            columns = columns_of(each, schemas)
        else:
            columns = each.alias_column_names
        if name in columns:
            found.append(each.alias_or_name)
    return found


# -- subqueries ---------------------------------------------------------------------------------


def _outer(node: exp.Select, condition: exp.Expr) -> exp.Select:
    """The query around one that has a column `__keep`; the order goes outside with its keys."""
    names = list(node.named_selects)
    outer = exp.Select(expressions=[named(column(_OF, n), n) for n in names])
    order = node.args.get("order")
    if order is not None:
        made = {i.alias_or_name: i.unalias() for i in node.expressions}
        keys = []
        for i, key in enumerate(order.expressions):
            moved = key.copy()
            inner = key.this
            bare = isinstance(inner, exp.Column) and not inner.table and inner.name in made
            name = inner.name if bare else next((n for n, e in made.items() if e == inner), None)
            if name is not None:
                moved.set("this", column(_OF, name))
            else:
                node.append("expressions", named(inner.copy(), f"__key{i}"))
                moved.set("this", column(_OF, f"__key{i}"))
            keys.append(moved)
        outer.set("order", exp.Order(expressions=keys))
    for key in ("limit", "offset", "with_"):
        outer.set(key, node.args.get(key))
        node.set(key, None)
    node.set("order", None)
    alias = exp.TableAlias(this=exp.to_identifier(_OF, quoted=True))
    outer.set("from_", exp.From(this=exp.Subquery(this=node, alias=alias)))
    outer.set("where", exp.Where(this=condition))
    return outer


def _qualified(node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Select)
    condition = node.args["qualify"].this
    node.set("qualify", None)
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        raise refuse("PSK-PORT-022", node, "DISTINCT ON beside QUALIFY", "use a subquery for one")
    node.set("distinct", None)
    outer = _outer(node, column(_OF, _KEPT))
    node.append("expressions", named(condition, _KEPT))
    outer.set("distinct", distinct)
    return _ordered_text(outer) or outer


def _distinct_on(node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Select)
    on = node.args["distinct"].args["on"].expressions
    order = node.args.get("order")
    if order is None:
        raise refuse(
            "PSK-PORT-028",
            node.args["distinct"],
            "which row DISTINCT ON keeps is open without ORDER BY",
            "add ORDER BY with a key that no two rows of a group share",
        )
    if node.args.get("group") is not None:
        raise refuse("PSK-PORT-022", node, "DISTINCT ON beside GROUP BY", "use a subquery for one")
    node.set("distinct", None)
    made = {i.alias_or_name: i.unalias() for i in node.expressions}

    def meant(key: exp.Expr) -> exp.Expr:
        if isinstance(key, exp.Column) and not key.table and key.name in made:
            named_one: exp.Expr = made[key.name]
            return named_one.copy()
        return key.copy()

    keys = []
    for each in order.expressions:
        copy = each.copy()
        copy.set("this", meant(each.this))
        keys.append(copy)
    number = window(call("row_number"), [meant(k) for k in on], keys)
    outer = _outer(node, exp.EQ(this=column(_OF, _KEPT), expression=exp.Literal.number(1)))
    node.append("expressions", named(number, _KEPT))
    return outer


def _ordered_text(node: exp.Expr) -> exp.Expr | None:
    """DISTINCT with ORDER BY: the order outside, where its keys are plain columns."""
    assert isinstance(node, exp.Select)
    if node.args.get("distinct") is None or node.args.get("order") is None:
        return None
    outer = _outer(node, exp.Boolean(this=True))
    outer.set("where", None)
    if len(node.expressions) != len(outer.expressions):
        raise refuse(
            "PSK-PORT-022",
            node,
            "ORDER BY of a SELECT DISTINCT by what it does not give",
            "order by its columns",
        )
    return outer


def _ordered_set(node: exp.Expr) -> exp.Expr | None:
    """A set operation with ORDER BY: the same."""
    order = node.args.get("order")
    if order is None:
        return None
    assert isinstance(node, exp.SetOperation)
    outer = exp.Select(expressions=[named(column(_OF, n), n) for n in node.named_selects])
    keys = []
    for key in order.expressions:
        moved = key.copy()
        if isinstance(key.this, exp.Literal) and key.this.is_int:
            place = int(key.this.name)
            if not 1 <= place <= len(node.named_selects):
                raise refuse("PSK-PORT-021", key, f"there is no column {place}")
            moved.set("this", column(_OF, node.named_selects[place - 1]))
        elif isinstance(key.this, exp.Column) and key.this.name in node.named_selects:
            moved.set("this", column(_OF, key.this.name))
        else:
            raise refuse(
                "PSK-PORT-022",
                key,
                f"`{shown(key)}`: a set operation is ordered by its columns",
                "compute in a subquery",
            )
        keys.append(moved)
    outer.set("order", exp.Order(expressions=keys))
    for key in ("limit", "offset", "with_"):
        outer.set(key, node.args.get(key))
        node.set(key, None)
    node.set("order", None)
    alias = exp.TableAlias(this=exp.to_identifier(_OF, quoted=True))
    outer.set("from_", exp.From(this=exp.Subquery(this=node, alias=alias)))
    return outer
