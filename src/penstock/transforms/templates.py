"""Expressions written as DuckDB SQL, with trees put in the place of names.

Only what means the same on every engine stands in such a text, or what its dialect lowers.
"""

from __future__ import annotations

from functools import cache

from sqlglot import exp, parse_one

from penstock.transforms.expressions import free_columns

_ALONE = (exp.Column, exp.Literal, exp.Paren, exp.Boolean, exp.Null, exp.Func)


def fill(sql: str, **trees: exp.Expr) -> exp.Expr:
    """The expression with each column named like a keyword argument replaced by its tree.

    >>> from penstock.transforms.names import column
    >>> fill("x * 2 > y", x=column("a"), y=column("b")).sql("duckdb")
    'a * 2 > b'
    """
    root = exp.Paren(this=_parsed(sql).copy())
    for node in list(free_columns(root)):
        tree = trees.get(node.name)
        if tree is not None and not node.table:
            made = tree.copy()
            plain = isinstance(made, _ALONE)
            inside = isinstance(node.parent, exp.Binary | exp.Unary)
            loose = inside and (not plain or isinstance(made, exp.Binary))
            node.replace(exp.Paren(this=made) if loose else made)
    done: exp.Expr = root.this
    return done


@cache
def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql, read="duckdb")
