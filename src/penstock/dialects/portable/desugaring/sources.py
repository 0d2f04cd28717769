"""FROM: stars, VALUES, unnest and series, NATURAL, commas; UNION BY NAME."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.desugaring.building import (
    inner_first,
    named,
    refuse,
)
from penstock.dialects.portable.desugaring.relations import columns_of, columns_of_query
from penstock.dialects.portable.reading import called, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schemas = Mapping[str, Mapping[str, str]]


_MODIFIERS = ("with_", "order", "limit", "offset")


def sources(tree: exp.Expr, schemas: Schemas) -> exp.Expr:
    """What FROM holds, with a name for each column.

    Raises:
        Refusal: something has no portable form.
    """
    for node in inner_first(tree):
        if isinstance(node, exp.Values):
            tree = _values(node, tree)
        elif isinstance(node, exp.Table) and called(node.this):
            _series(node)
        elif isinstance(node, exp.Unnest):
            _unnest(node)
        elif isinstance(node, exp.Join):
            _join(node)
            _semi(node, schemas)
        elif isinstance(node, exp.Fetch):
            _fetch(node)
        elif isinstance(node, exp.Subquery) and any(node.args.get(k) for k in _MODIFIERS):
            tree = _modified(node, tree)
        elif isinstance(node, exp.Select):
            _stars(node, schemas)
        elif isinstance(node, exp.SetOperation) and node.args.get("by_name"):
            _by_name(node, schemas)
    for node in tree.find_all(exp.CTE):
        node.set("materialized", None)  # a hint: the rows are the same
    return tree


def _modified(node: exp.Subquery, tree: exp.Expr) -> exp.Expr:
    """`(SELECT …) ORDER BY x LIMIT 3`: what follows the parenthesis is of a query around it."""
    alias = exp.TableAlias(this=exp.to_identifier("__of"))
    inner = exp.Subquery(this=node.this, alias=alias)
    made = exp.Select(expressions=[exp.Star()], from_=exp.From(this=inner))
    for key in _MODIFIERS:
        made.set(key, node.args.get(key))
        node.set(key, None)
    if node is tree:
        return made
    node.set("this", made)
    return tree


def _values(node: exp.Values, tree: exp.Expr) -> exp.Expr:
    width = len(node.expressions[0].expressions)
    if any(len(row.expressions) != width for row in node.expressions):
        raise refuse("PSK-PORT-026", node, "the rows of VALUES have different lengths")
    names = [exp.to_identifier(f"col{i}") for i in range(width)]
    parent = node.parent
    alias = node.args.get("alias")
    if isinstance(parent, (exp.From, exp.Join)):
        if alias is None:
            alias = exp.TableAlias(this=exp.to_identifier("__values"))
            node.set("alias", alias)
        alias.set("columns", (alias.columns + names[len(alias.columns) :])[:width])
        return tree
    if isinstance(parent, exp.Subquery) and isinstance(parent.parent, (exp.From, exp.Join)):
        held = parent.args.get("alias") or exp.TableAlias(this=exp.to_identifier("__values"))
        held.set("columns", (held.columns + names[len(held.columns) :])[:width])
        node.set("alias", held.copy())
        parent.replace(node)
        return tree
    whole = exp.Values(
        expressions=node.expressions,
        alias=exp.TableAlias(this=exp.to_identifier("__values"), columns=names),
    )
    made = exp.Select(
        expressions=[exp.column(n.name, "__values") for n in names], from_=exp.From(this=whole)
    )
    for key in ("order", "limit", "offset", "with_"):
        made.set(key, node.args.get(key))
    if node is tree:
        return made
    node.replace(made)
    return tree


def _series(node: exp.Table) -> None:
    """`range(…)` in FROM is the list of that name, taken apart."""
    alias = node.args.get("alias")
    name = str(called(node.this))
    if alias is None:
        alias = exp.TableAlias(this=exp.to_identifier(name))
    if not alias.columns:
        alias.set("columns", [exp.to_identifier(name)])
    node.replace(exp.Unnest(expressions=[node.this], alias=alias))


def _unnest(node: exp.Unnest) -> None:
    where = node.parent
    if not isinstance(where, (exp.From, exp.Join)):
        raise refuse("PSK-PORT-022", node, f"`{shown(node)}` outside FROM is not portable")
    alias = node.args.get("alias")
    if len(node.expressions) != 1:
        raise refuse("PSK-PORT-022", node, "unnest takes one list", "join two of them by a place")
    if alias is None or not alias.columns:
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}` needs names for its columns",
            "unnest(t.items) AS u(item)",
        )
    offset = node.args.get("offset")
    if offset is True:
        raise refuse(
            "PSK-PORT-022",
            node,
            "the column of WITH ORDINALITY needs a name",
            "unnest(t.items) WITH ORDINALITY AS u(item, place)",
        )
    on = where.args.get("on")
    if (
        isinstance(where, exp.Join)
        and where.side
        and not (where.side == "LEFT" and isinstance(on, exp.Boolean) and on.this)
    ):
        raise refuse("PSK-PORT-022", where, "unnest joins by CROSS JOIN, or by LEFT JOIN … ON TRUE")


def _fetch(node: exp.Fetch) -> None:
    options = node.args.get("limit_options")
    if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
        raise refuse("PSK-PORT-022", node, f"`{shown(node)}` is not in the portable language")
    node.replace(exp.Limit(expression=node.args.get("count") or exp.Literal.number(1)))


def _join(node: exp.Join) -> None:
    method = str(node.args.get("method") or "").upper()
    if method == "POSITIONAL" or str(node.args.get("kind") or "").upper() == "POSITIONAL":
        raise refuse(
            "PSK-PORT-028",
            node,
            "POSITIONAL JOIN pairs rows by an order that tables do not have",
            "number the rows of both by row_number() OVER (ORDER BY …) and join by the number",
        )
    parts = (node.args.get(k) for k in ("method", "side", "kind", "on", "using"))
    if not any(parts):
        _comma(node)
    if isinstance(node.this, exp.Unnest) and not node.side:
        node.set("on", None)
        node.set("kind", "CROSS")


def _semi(node: exp.Join, schemas: Schemas) -> None:
    """A name of its own for the right side of a SEMI or ANTI JOIN that is also a column's.

    sqlglot would take `b.id` for a field of the column `b`: nothing but ON sees that side.
    """
    select, name = node.parent, node.this.alias_or_name
    if str(node.args.get("kind") or "").upper() not in ("SEMI", "ANTI") or select is None:
        return
    joined = select.args["joins"]
    left = [select.args["from_"].this, *(j.this for j in joined[: joined.index(node)])]
    tables = [each for each in left if isinstance(each, (exp.Table, exp.Subquery))]
    if not any(name in columns_of(each, schemas) for each in tables):
        return
    own = f"__{name}"
    alias = node.this.args.get("alias") or exp.TableAlias()
    alias.set("this", exp.to_identifier(own))
    node.this.set("alias", alias)
    on = node.args.get("on")
    for column in on.find_all(exp.Column) if on is not None else ():
        if column.table == name:
            meta = column.args["table"].meta
            column.set("table", exp.to_identifier(own))
            column.args["table"].meta.update(meta)


def _comma(node: exp.Join) -> None:
    """`a, b` is a cross join, which binds closer to what follows."""
    select = node.parent
    later = select.args["joins"][select.args["joins"].index(node) + 1 :] if select else []
    for each in later:
        if each.side in ("RIGHT", "FULL"):
            raise refuse(
                "PSK-PORT-022",
                each,
                f"{each.side} JOIN after a comma in FROM",
                "write CROSS JOIN for the comma",
            )
    node.set("kind", "CROSS")


def _stars(node: exp.Select, schemas: Schemas) -> None:
    """EXCLUDE, REPLACE and RENAME name columns that are there."""
    for item in list(node.expressions):
        star = item if isinstance(item, exp.Star) else item.this if item.is_star else None
        if not isinstance(star, exp.Star):
            continue
        words = {
            "except_": "EXCLUDE",
            "replace": "REPLACE",
            "rename": "RENAME",
        }
        given = {k: star.args[k] for k in words if star.args.get(k)}
        if not given:
            continue
        bare = item.copy()
        (bare if isinstance(bare, exp.Star) else bare.this).args.clear()
        asked = exp.Select(
            expressions=[bare],
            from_=node.args["from_"].copy(),
            joins=[j.copy() for j in node.args.get("joins") or []],
        )
        columns = columns_of_query(node, asked, schemas)
        there = set(columns)
        for key, items in given.items():
            for each in items:
                name = each.this.name if key == "rename" else each.alias_or_name
                if name not in there:
                    raise refuse(
                        "PSK-PORT-021",
                        each if isinstance(each, exp.Identifier) else star,
                        f"{words[key]} names `{name}`, which is not there",
                        f"there are {', '.join(sorted(there))}",
                    )
        if item is star and "replace" in given and _merges(node):
            _spell_out(node, star, columns)


def _merges(node: exp.Select) -> bool:
    """Whether a join makes one column of two."""
    return any(
        j.args.get("using") or str(j.args.get("method") or "").upper() == "NATURAL"
        for j in node.args.get("joins") or []
    )


def _spell_out(node: exp.Select, star: exp.Star, columns: list[str]) -> None:
    """A star as the columns it stands for: sqlglot replaces none that USING has merged."""
    gone = {each.name for each in star.args.get("except_") or []}
    replaced = {each.alias: each for each in star.args.get("replace") or []}
    renamed = {each.this.name: each.alias for each in star.args.get("rename") or []}
    kept = [name for name in columns if name not in gone]
    twice = sorted({name for name in kept if kept.count(name) > 1})
    if twice:
        raise refuse(
            "PSK-PORT-022",
            star,
            f"this star with REPLACE has two columns named `{twice[0]}`",
            f"name the columns, or leave them out: * EXCLUDE ({', '.join(twice)}) REPLACE (…)",
        )
    made: list[exp.Expr] = []
    for name in kept:
        plain = replaced.get(name) or exp.column(exp.to_identifier(name, quoted=True))
        made.append(named(plain.unalias(), renamed.get(name, name)))
    at = node.expressions.index(star)
    node.set("expressions", [*node.expressions[:at], *made, *node.expressions[at + 1 :]])


def _by_name(node: exp.SetOperation, schemas: Schemas) -> None:
    """Columns of both sides in the order in which they first come; NULL where a side has none."""
    sides = [node.this, node.expression]
    found = [columns_of(side, schemas) for side in sides]
    names = list(dict.fromkeys([*found[0], *found[1]]))
    made = []
    for side, there in zip(sides, found, strict=True):
        if there == names:
            made.append(side)
            continue
        alias = exp.TableAlias(this=exp.to_identifier("__side"))
        inner = side.this if isinstance(side, exp.Subquery) else side
        items = [
            exp.column(exp.to_identifier(n, quoted=True), "__side")
            if n in there
            else named(exp.Null(), n)
            for n in names
        ]
        source = exp.Subquery(this=inner.copy(), alias=alias)
        made.append(exp.Select(expressions=items, from_=exp.From(this=source)))
    node.set("this", made[0])
    node.set("expression", made[1])
    node.set("by_name", None)
