"""Syntax inside expressions that is a call of a function of the set, written as that call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.desugaring.building import call, inner_first, refuse
from penstock.dialects.portable.reading import called, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def expressions(tree: exp.Expr) -> exp.Expr:
    """Brackets, comprehensions, struct_pack, grouping_id, ANY and ALL.

    Raises:
        Refusal: one of them has no portable form.
    """
    for node in inner_first(tree):
        rewrite = _REWRITES.get(type(node))
        made = rewrite(node) if rewrite is not None else None
        if made is None or made is node:
            continue
        if node is tree:
            tree = made
        else:
            node.replace(made)
    return tree


def _bracket(node: exp.Expr) -> exp.Expr:
    [index] = node.expressions
    if not isinstance(index, exp.Slice):
        return call("list_extract", node.this, index)
    if index.args.get("step") is not None:
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}`: a slice has no step here",
            "choose by place: list_filter(list, lambda x, i: i % 2 = 1)",
        )
    first = index.this if index.this is not None else exp.Literal.number(1)
    last = index.expression if index.expression is not None else exp.Literal.number(-1).copy()
    return call("list_slice", node.this, first, last)


def _array(node: exp.Expr) -> exp.Expr | None:
    inner = node.expressions[0] if len(node.expressions) == 1 else None
    if isinstance(inner, (exp.Select, exp.SetOperation)):
        raise refuse(
            "PSK-PORT-022",
            node,
            "ARRAY(query) is a list in an order that the query does not say",
            "(SELECT list(x ORDER BY x) FROM …)",
        )
    if not isinstance(inner, exp.Comprehension):
        return None
    names = [inner.expression] + [p for p in [inner.args.get("position")] if p]
    kept = inner.args["iterator"]
    condition = inner.args.get("condition")
    if condition is not None:
        if len(names) > 1:
            raise refuse(
                "PSK-PORT-022",
                node,
                f"`{shown(node)}`: a place in the list beside IF",
                "list_filter",
            )
        kept = call("list_filter", kept, _lambda(condition, names))
    return call("list_transform", kept, _lambda(inner.this, names))


def _lambda(body: exp.Expr, names: list[exp.Identifier]) -> exp.Lambda:
    """A lambda whose variables are identifiers, as the parser makes them."""
    known = {n.name for n in names}
    holder = exp.Paren(this=body.copy())
    for found in list(holder.find_all(exp.Column)):
        parts = found.parts
        if parts[0].name in known:
            made: exp.Expr = exp.to_identifier(parts[0].name)
            for part in parts[1:]:
                made = exp.Dot(this=made, expression=part.copy())
            found.replace(made)
    return exp.Lambda(this=holder.this, expressions=[n.copy() for n in names])


def _called(node: exp.Expr) -> exp.Expr | None:
    name = called(node)
    if name == "struct_pack":
        fields = node.expressions
        if not fields or not all(isinstance(f, exp.PropertyEQ) for f in fields):
            raise refuse(
                "PSK-PORT-023", node, "`struct_pack` takes named fields", "struct_pack(a := 1)"
            )
        return exp.Struct(expressions=fields)
    if name == "struct_extract" and len(node.expressions) == 2:
        key = node.expressions[1]
        if isinstance(key, exp.Literal) and key.is_string:
            return exp.Dot(this=node.expressions[0], expression=exp.to_identifier(key.name))
    if name == "grouping_id":
        return exp.Grouping(expressions=node.expressions)
    return None


def _map(node: exp.Expr) -> exp.Expr | None:
    """`MAP {…}[key]` is read as if the bracket were of the braces."""
    inner = node.this
    if called(inner) != "list_extract" or not isinstance(inner.expressions[0], exp.Struct):
        return None
    pairs, key = inner.expressions
    return call("list_extract", exp.ToMap(this=pairs), key)


_TURNED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}


def _compared(node: exp.Expr) -> exp.Expr | None:
    right = node.expression
    if not isinstance(right, (exp.Any, exp.All)):
        return None
    query = right.this.unnest() if isinstance(right.this, (exp.Subquery, exp.Paren)) else right.this
    if not isinstance(query, exp.Query):
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}`: ANY and ALL take a query here",
            "list_contains(list, value)",
        )
    some = isinstance(right, exp.Any)
    if isinstance(node, exp.EQ) and some:
        return exp.In(this=node.this, query=exp.Subquery(this=query))
    if isinstance(node, exp.NEQ) and not some:
        return exp.Not(this=exp.In(this=node.this, query=exp.Subquery(this=query)))
    if type(node) not in _TURNED:
        raise refuse("PSK-PORT-022", node, f"`{shown(node)}` is not in the portable language")
    return _bounded(node, query, some=some)


def _bounded(node: exp.Expr, query: exp.Expr, *, some: bool) -> exp.Expr:
    """`x > ANY(q)` asks for the smallest of q, `x > ALL(q)` for the greatest; NULLs leave it open.

    x > ANY: true where x > min; otherwise NULL where q holds NULL (or x is NULL and q has rows).
    x > ALL: false where not x > max; the same for NULL; true where q is empty.
    """
    least = isinstance(node, (exp.GT, exp.GTE)) == some
    subject = node.this

    def of_query(made: exp.Expr) -> exp.Expr:
        alias = exp.TableAlias(this=exp.to_identifier("__q"), columns=[exp.to_identifier("__v")])
        source = exp.Subquery(this=query.copy(), alias=alias)
        return exp.Subquery(this=exp.Select(expressions=[made], from_=exp.From(this=source)))

    value = exp.column("__v", "__q")
    bound = of_query(call("min" if least else "max", value.copy()))
    rows = of_query(call("count", exp.Star()))
    nulls = of_query(
        exp.Sub(this=call("count", exp.Star()), expression=call("count", value.copy()))
    )
    zero = exp.Literal.number(0)
    decided = type(node)(this=subject.copy(), expression=bound)
    empty = exp.If(this=exp.EQ(this=rows, expression=zero), true=exp.Boolean(this=not some))
    is_open = exp.Or(
        this=exp.Is(this=subject.copy(), expression=exp.Null()),
        expression=exp.GT(this=nulls, expression=zero.copy()),
    )
    settled = exp.If(this=decided if some else exp.Not(this=decided), true=exp.Boolean(this=some))
    return exp.Case(
        ifs=[empty, settled, exp.If(this=is_open, true=exp.Null())],
        default=exp.Boolean(this=not some),
    )


_REWRITES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr | None]] = {
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Anonymous: _called,
    exp.ToMap: _map,
    **dict.fromkeys((exp.EQ, exp.NEQ, *_TURNED), _compared),
}
