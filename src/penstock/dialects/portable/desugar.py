"""Clauses that some engines lack, written with those that all have.

`before_names`: those that change which columns there are. `with_names`: those that need every
column's table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable import within

if TYPE_CHECKING:
    from sqlglot import exp


def before_names(tree: exp.Expr) -> exp.Expr:
    """What must be rewritten before columns are looked up."""
    return within.rewrite(tree)


def with_names(tree: exp.Expr) -> exp.Expr:
    """What is rewritten when each column has its table."""
    return tree
