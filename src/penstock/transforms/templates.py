"""SQL written as text, with expressions put in its `$places`."""

from __future__ import annotations

from functools import cache

from sqlglot import exp, parse_one


def filled(sql: str, **trees: exp.Expr | str | int) -> exp.Expr:
    """An expression of DuckDB's SQL with each `$name` replaced.

    Args:
        trees: expressions; a text or a number stands for itself as a literal.

    >>> from penstock.transforms.names import column
    >>> filled("$x + $n", x=column("a"), n=1).sql("duckdb")
    'a + 1'
    """
    root = exp.Paren(this=_parsed(sql).copy())
    for node in list(root.find_all(exp.Placeholder)):
        tree = trees[node.name]
        if isinstance(tree, str):
            tree = exp.Literal.string(tree)
        elif isinstance(tree, int):
            tree = exp.Literal.number(tree)
        node.replace(_wrapped(tree.copy()))
    done: exp.Expr = root.this
    return done


@cache
def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql, read="duckdb")


def _wrapped(tree: exp.Expr) -> exp.Expr:
    if isinstance(tree, (exp.Binary, exp.Unary, exp.Between, exp.In)) and not isinstance(
        tree, (exp.Dot, exp.Paren, exp.Func)
    ):
        return exp.Paren(this=tree)
    return tree
