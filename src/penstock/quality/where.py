"""`where "…"`: which rows a rule is about.

Rows that it leaves out keep the rule, as AWS labels them:
https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-filtering-data-in-dqdl
AWS reads Spark SQL there; here it is the portable SQL of models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.quality.evaluation import fill
from penstock.quality.sql import bind_text, parse_sql, set_variables

if TYPE_CHECKING:
    from penstock.quality.ast import Simple, Text
    from penstock.quality.scope import Scope

BAD_WHERE = "PSK-DQ-011"


def where(rule: Simple, scope: Scope) -> exp.Expr | None:
    """The rule's filter, never NULL; None: it has none, or it is wrong (an error says so)."""
    if rule.where is None:
        return None
    tree = parse_sql(rule.where, scope, code=BAD_WHERE, into=exp.Condition)
    if tree is None or not _plain(tree, rule.where, scope):
        return None
    if not _columns(tree, rule.where, scope):
        return None
    filled = set_variables(tree, rule.where, scope)
    if filled is None:
        return None
    table = f'"{scope.dataset}"'
    bind_text(rule.where, f"SELECT 1 FROM {table} WHERE (", ")", scope, code=BAD_WHERE)
    return fill("COALESCE($filter, FALSE)", filter=filled)


def in_scope_or(among: exp.Expr | None, kept: exp.Expr) -> exp.Expr:
    """A predicate that holds for every row that the filter leaves out."""
    return kept if among is None else fill("NOT $among OR $kept", among=among, kept=kept)


def _plain(tree: exp.Expr, text: Text, scope: Scope) -> bool:
    for kind, words in (
        (exp.Query, "a SELECT"),
        (exp.AggFunc, "an aggregate"),
        (exp.Window, "a window function"),
    ):
        if tree.find(kind):
            message = f"`where` looks at one row at a time: {words} cannot stand in it"
            scope.error(text.place, BAD_WHERE, message, "a `CustomSql` rule can do it")
            return False
    return True


def _columns(tree: exp.Expr, text: Text, scope: Scope) -> bool:
    """Whether every column is there; each is renamed as the schema spells it."""
    ok = True
    for column in tree.find_all(exp.Column):
        found = scope.find(column.name)
        if found is None:
            start = column.this.meta.get("start", 0)
            length = column.this.meta.get("end", start) - start + 1
            scope.no_column(text.inside(start, length), column.name)
            ok = False
        elif isinstance(column.this, exp.Identifier):
            column.set("this", exp.to_identifier(found.name, quoted=True))
            column.set("table", None)
    return ok
