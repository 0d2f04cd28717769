"""The columns of a relation before a query's own names are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from penstock.dialects.portable.desugaring.building import refuse, scope_withs

if TYPE_CHECKING:
    from collections.abc import Mapping

Schemas = "Mapping[str, Mapping[str, str]]"


def columns_of(relation: exp.Expr, schemas: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Names of the columns of a table or query where it stands, in their order.

    Raises:
        Refusal: they are not known.
    """
    hidden = {c.alias for c in scope_withs(relation)}
    name = relation.name if isinstance(relation, exp.Table) else ""
    if name in schemas and name not in hidden:
        return list(schemas[name])
    copy = relation.copy()
    copy.set("pivots", None)
    if isinstance(relation, exp.Query) and not isinstance(relation, (exp.Subquery, exp.Table)):
        asked: exp.Expr = copy
    else:
        asked = exp.Select(expressions=[exp.Star()], from_=exp.From(this=copy))
    return columns_of_query(relation, asked, schemas)


def columns_of_query(
    where: exp.Expr, asked: exp.Expr, schemas: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Names of the columns of a made query that stands where another node does.

    Raises:
        Refusal: they are not known.
    """
    withs = scope_withs(where)
    if withs:
        own = asked.args.get("with_")
        every = [c.copy() for c in withs] + (list(own.expressions) if own else [])
        recursive = any(_recursive(c) for c in withs)
        asked.set("with_", exp.With(expressions=every, recursive=recursive))
    plain: dict[str, object] = {
        t: dict.fromkeys(columns, "VARCHAR") for t, columns in schemas.items()
    }
    made = qualify(
        asked,
        schema=plain,
        dialect="duckdb",
        quote_identifiers=False,
        validate_qualify_columns=False,
    )
    names = list(made.named_selects) if isinstance(made, exp.Query) else []
    if not names or "*" in names:
        raise refuse(
            "PSK-PORT-021", where, "the columns of this are not known", "declare it as a source"
        )
    return names


def _recursive(cte: exp.CTE) -> bool:
    return isinstance(cte.parent, exp.With) and bool(cte.parent.recursive)
