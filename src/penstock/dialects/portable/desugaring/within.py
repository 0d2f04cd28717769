"""`f(q) WITHIN GROUP (ORDER BY x)` as the call that it means: `quantile_cont(x, q)`."""

from __future__ import annotations

from sqlglot import exp

from penstock.dialects.portable.reading import MARK, called, place, shown
from penstock.dialects.portable.refusal import Refusal

_QUANTILES = {"percentile_cont": "quantile_cont", "percentile_disc": "quantile_disc"}


def rewrite(tree: exp.Expr) -> exp.Expr:
    """The tree without WITHIN GROUP, and without tuples that are counted.

    Raises:
        Refusal: a function that has none, or an order that cannot be turned.
    """
    for node in list(tree.find_all(exp.WithinGroup)):
        made = _call(node)
        made.meta.update(node.this.meta)
        if node is tree:
            return made
        node.replace(made)
    for each in list(tree.find_all(exp.Anonymous)):
        _tuples(each)
    return tree


def _tuples(node: exp.Anonymous) -> None:
    """`count(DISTINCT (a, b))` as `count_distinct_rows(a, b)`."""
    items = node.expressions
    if called(node) != "count" or len(items) != 1 or not isinstance(items[0], exp.Distinct):
        return
    values = items[0].expressions
    if len(values) == 1 and isinstance(values[0], exp.Tuple):
        node.set("this", MARK + "count_distinct_rows")
        node.set("expressions", values[0].expressions)


def _call(node: exp.WithinGroup) -> exp.Expr:
    name = called(node.this)
    keys = node.expression.expressions
    key = keys[0].this
    if name in _QUANTILES and len(keys) == 1 and len(node.this.expressions) == 1:
        [share] = node.this.expressions
        if keys[0].args.get("desc"):
            if name == "percentile_disc":
                raise _refused(node, "percentile_disc takes no descending order")
            share = exp.Sub(this=exp.Literal.number("1"), expression=share)
        return exp.Anonymous(this=MARK + _QUANTILES[name], expressions=[key, share])
    if name == "mode" and len(keys) == 1 and not node.this.expressions:
        return exp.Anonymous(this=MARK + name, expressions=[key])
    if name in ("listagg", "string_agg") and node.this.expressions:
        items = list(node.this.expressions)
        items[-1] = exp.Order(this=items[-1], expressions=keys)
        return exp.Anonymous(this=MARK + "string_agg", expressions=items)
    raise _refused(node, "WITHIN GROUP is of percentile_cont, percentile_disc, mode and listagg")


def _refused(node: exp.Expr, why: str) -> Refusal:
    offset, length = place(node)
    return Refusal("PSK-PORT-023", f"`{shown(node)}`: {why}", None, offset, length)
