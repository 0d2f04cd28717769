"""PIVOT as conditional aggregates, UNPIVOT as a row for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.desugaring.building import inner_first, named, refuse
from penstock.dialects.portable.desugaring.relations import columns_of
from penstock.dialects.portable.reading import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schemas = Mapping[str, Mapping[str, str]]


def pivots(tree: exp.Expr, schemas: Schemas) -> exp.Expr:
    """Both syntaxes of both.

    Raises:
        Refusal: the new columns are not named in the SQL, or there is more than one of a part.
    """
    for node in inner_first(tree):
        if isinstance(node, exp.Pivot) and node.this is not None:
            source = node.this
            made = (_unpivoted if node.args.get("unpivot") else _pivoted)(node, source, schemas)
            _keep(node, made)
            if node is tree:
                tree = made
            else:
                node.replace(made)
        elif isinstance(node, (exp.Table, exp.Subquery)) and node.args.get("pivots"):
            held = node.args["pivots"]
            node.set("pivots", None)
            if len(held) > 1:
                raise refuse("PSK-PORT-022", node, "one PIVOT behind another", "use a subquery")
            [pivot] = held
            make = _unpivoted if pivot.args.get("unpivot") else _pivoted
            made = make(pivot, node, schemas)
            alias = pivot.args.get("alias") or exp.TableAlias(this=exp.to_identifier("__pivot"))
            node.replace(exp.Subquery(this=made, alias=alias))
    return tree


def _keep(node: exp.Pivot, made: exp.Select) -> None:
    for key in ("with_", "order", "limit", "offset"):
        if node.args.get(key) is not None:
            made.set(key, node.args[key])


def _from(source: exp.Expr) -> tuple[exp.From, str]:
    """A relation as FROM, and the name it has there."""
    copy = source.copy()
    if isinstance(copy, exp.Query) and not isinstance(copy, (exp.Subquery, exp.Table)):
        copy = exp.Subquery(this=copy)
    if not copy.alias:
        copy.set("alias", exp.TableAlias(this=exp.to_identifier("__of")))
    return exp.From(this=copy), copy.alias


def _pivoted(node: exp.Pivot, source: exp.Expr, schemas: Schemas) -> exp.Select:
    simple = bool(node.args.get("using"))
    made = list(node.args["using"]) if simple else list(node.expressions)
    across = list(node.expressions) if simple else list(node.args.get("fields") or [])
    if len(across) != 1 or not isinstance(across[0], exp.In) or not across[0].expressions:
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}`: the columns of this PIVOT come from the data",
            "name the values: ON year IN (2023, 2024)",
        )
    [on] = across
    if len(made) > 1 and not all(isinstance(m, exp.Alias) for m in made):
        raise refuse(
            "PSK-PORT-022", node, "several aggregates of a PIVOT need names", "sum(x) AS s"
        )
    used = {c.name for m in [*made, on.this] for c in m.find_all(exp.Column)}
    group = node.args.get("group")
    kept = (
        [g.name for g in group.expressions]
        if group is not None
        else [c for c in columns_of(source, schemas) if c not in used]
    )
    relation, alias = _from(source)
    items: list[exp.Expr] = [exp.column(exp.to_identifier(k, quoted=True), alias) for k in kept]
    for value in on.expressions:
        label = value.alias if isinstance(value, exp.PivotAlias) else _label(value)
        literal = value.this if isinstance(value, exp.PivotAlias) else value
        for each in made:
            name = f"{label}_{each.alias}" if isinstance(each, exp.Alias) else label
            condition: exp.Expr = exp.EQ(this=on.this.copy(), expression=literal.copy())
            inner = each.unalias().copy()
            if isinstance(inner, exp.Filter):
                inner, more = inner.this, inner.expression.this
                condition = exp.And(this=more, expression=condition)
            counted = exp.Filter(this=inner, expression=exp.Where(this=condition))
            items.append(named(counted, name))
    select = exp.Select(expressions=items, from_=relation)
    if kept:
        keys = [exp.column(exp.to_identifier(k, quoted=True), alias) for k in kept]
        select.set("group", exp.Group(expressions=keys))
    return select


def _label(value: exp.Expr) -> str:
    if isinstance(value, exp.Literal):
        return str(value.this)
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        return f"-{value.this.this}"
    raise refuse(
        "PSK-PORT-022", value, f"`{shown(value)}` is no value of a PIVOT", "a literal, or AS a name"
    )


def _unpivoted(node: exp.Pivot, source: exp.Expr, schemas: Schemas) -> exp.Select:
    into = node.args.get("into")
    if into is not None:
        label, values, columns = into.this.name, into.expressions, node.expressions
    elif node.args.get("fields"):
        [field] = node.args["fields"]
        label, values, columns = field.this.name, node.expressions, field.expressions
    else:
        raise refuse(
            "PSK-PORT-022",
            node,
            "UNPIVOT needs names for its new columns",
            "UNPIVOT t ON a, b INTO NAME name VALUE value",
        )
    pairs = [_pair(c) for c in columns]
    if len(values) != 1 or isinstance(values[0], exp.Tuple):
        raise refuse(
            "PSK-PORT-022",
            node,
            "UNPIVOT into several columns of values",
            "a SELECT for each of the columns, put together by UNION ALL",
        )
    value = values[0].name
    relation, alias = _from(source)
    there = columns_of(source, schemas)
    names = [name for name, _ in pairs]
    for name in names:
        if name not in there:
            raise refuse("PSK-PORT-021", node, f"UNPIVOT names `{name}`, which is not there")
    turned = exp.column("__name", "__names")
    case = exp.Case(
        this=turned.copy(),
        ifs=[
            exp.If(
                this=exp.Literal.string(shown_as),
                true=exp.column(exp.to_identifier(name, quoted=True), alias),
            )
            for name, shown_as in pairs
        ],
    )
    kept = [exp.column(exp.to_identifier(n, quoted=True), alias) for n in there if n not in names]
    labels = exp.Values(
        expressions=[exp.Tuple(expressions=[exp.Literal.string(s)]) for _, s in pairs],
        alias=exp.TableAlias(
            this=exp.to_identifier("__names"), columns=[exp.to_identifier("__name")]
        ),
    )
    made = exp.Select(
        expressions=[*kept, named(turned, label), named(case, value)],
        from_=relation,
        joins=[exp.Join(this=labels, kind="CROSS")],
    )
    if not node.args.get("include_nulls"):
        there_is = exp.Not(this=exp.Is(this=case.copy(), expression=exp.Null()))
        made.set("where", exp.Where(this=there_is))
    return made


def _pair(node: exp.Expr) -> tuple[str, str]:
    """A column and what stands for it in the new rows."""
    if isinstance(node, exp.PivotAlias):
        return node.this.name, node.args["alias"].name
    if isinstance(node, exp.Alias) and isinstance(node.this, exp.Column):
        return node.this.name, node.alias
    if not isinstance(node, (exp.Column, exp.Identifier)):
        raise refuse("PSK-PORT-022", node, f"`{shown(node)}` is no column", "name the columns")
    return node.name, node.name
