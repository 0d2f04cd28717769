"""The clauses of the portable language: kind of node → the parts it may have.

Default-deny, as for functions: a part that is not named here is refused with its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS: Mapping[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in (
        (
            exp.Select,
            "with_ expressions from_ joins where group having qualify order limit offset "  # noqa: ISC004
            "distinct windows laterals",
        ),
        (exp.Union, "with_ this expression distinct by_name order limit offset"),
        (exp.Except, "with_ this expression distinct order limit offset"),
        (exp.Intersect, "with_ this expression distinct order limit offset"),
        (exp.Subquery, "this alias with_ order limit offset"),
        (exp.With, "expressions recursive"),
        (exp.CTE, "this alias materialized"),
        (exp.From, "this"),
        (exp.Table, "this alias"),
        (exp.TableAlias, "this columns"),
        (exp.Join, "this on side kind using"),
        (exp.Where, "this"),
        (exp.Having, "this"),
        (exp.Qualify, "this"),
        (exp.Group, "expressions grouping_sets cube rollup all"),
        (exp.GroupingSets, "expressions"),
        (exp.Cube, "expressions"),
        (exp.Rollup, "expressions"),
        (exp.Tuple, "expressions"),
        (exp.Order, "this expressions"),
        (exp.Ordered, "this desc nulls_first"),
        (exp.Limit, "this expression"),
        (exp.Offset, "this expression"),
        (exp.Distinct, "expressions on"),
        (exp.Alias, "this alias"),
        (exp.Values, "expressions alias"),
    )
}
"""What a query is made of; everything else inside one is an expression."""


def check(query: exp.Expr) -> None:
    """Refuse what is not in the set, anywhere in a query.

    Raises:
        Refusal: a clause, or a part of one, is not portable.
    """
    stack: list[exp.Expr] = [query]
    while stack:
        node = stack.pop()
        parts = PARTS.get(type(node))
        if parts is not None:
            for key, value in node.args.items():
                if key not in parts and value not in (None, False, [], ""):
                    offset, length = place(node)
                    word = key.rstrip("_").replace("_", " ").upper()
                    what = f"{type(node).__name__.upper()} with {word}: `{shown(node)}`"
                    message = f"{what} is not in the portable language"
                    raise Refusal("PSK-PORT-022", message, None, offset, length)
        stack.extend(node.iter_expressions())
