"""What a desugared query is made of: the parts that an engine says it has; others are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.dialects.portable.engine import Engine

FORMS = frozenset(
    {
        "WITH",
        "WITH RECURSIVE",
        "UNION of a recursion",
        "JOIN",
        "CROSS JOIN",
        "LEFT JOIN",
        "RIGHT JOIN",
        "FULL JOIN",
        "a lateral query",
        "UNNEST",
        "UNNEST with places",
        "VALUES",
        "UNION",
        "UNION ALL",
        "EXCEPT",
        "EXCEPT ALL",
        "INTERSECT",
        "INTERSECT ALL",
        "DISTINCT",
        "GROUPING SETS",
        "ROLLUP",
        "CUBE",
        "LIMIT",
        "OFFSET",
        "a query in FROM",
        "a query as a value",
        "EXISTS",
        "IN over a query",
    }
)
"""Every part that an engine may lack. SELECT, FROM, WHERE, GROUP BY, HAVING, ORDER BY each has."""


def check(query: exp.Expr, engine: Engine) -> None:
    """Refuse what an engine does not say that it has.

    Raises:
        Refusal: with the engine's name.
    """
    if engine.forms >= FORMS:
        return
    for node in query.walk():
        for form in _forms(node):
            if form not in engine.forms:
                why = engine.gaps.get(form, "Penstock has no rendering with this meaning")
                raise Refusal(
                    "PSK-PORT-020",
                    f"{form} cannot run on {engine.name}: {why}: `{shown(node)}`",
                    None,
                    *place(node),
                    (engine.name,),
                )


def _forms(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.With):
        yield "WITH RECURSIVE" if node.recursive else "WITH"
        if node.recursive and any(_by_union(c) for c in node.expressions):
            yield "UNION of a recursion"
    elif isinstance(node, exp.Join):
        word = node.side or ("CROSS" if node.kind == "CROSS" else "")
        # As such a join where an engine has it.
        yield "EXISTS" if node.kind in ("SEMI", "ANTI") else f"{word} JOIN".strip()
    elif isinstance(node, exp.SetOperation):
        yield type(node).__name__.upper() + (" ALL" if node.args.get("distinct") is False else "")
    elif isinstance(node, exp.Unnest):
        yield "UNNEST with places" if node.args.get("offset") else "UNNEST"
    elif isinstance(node, exp.Subquery):
        yield (
            "a query in FROM"
            if isinstance(node.parent, (exp.From, exp.Join, exp.Lateral, exp.Subquery))
            else "a query as a value"
        )
    elif isinstance(node, exp.In) and node.args.get("query") is not None:
        yield "IN over a query"
    else:
        yield from _NAMED.get(type(node), ())


def _by_union(query: exp.Expr) -> bool:
    """Whether a query of a recursion leaves out rows that it has given already."""
    inner = query.this
    return isinstance(inner, exp.Union) and inner.args.get("distinct") is not False


_NAMED = {
    exp.Lateral: ("a lateral query",),
    exp.Values: ("VALUES",),
    exp.Distinct: ("DISTINCT",),
    exp.GroupingSets: ("GROUPING SETS",),
    exp.Rollup: ("ROLLUP",),
    exp.Cube: ("CUBE",),
    exp.Limit: ("LIMIT",),
    exp.Offset: ("OFFSET",),
    exp.Exists: ("EXISTS",),
}
