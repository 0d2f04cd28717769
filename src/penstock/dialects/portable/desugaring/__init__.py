"""Clauses that some engines lack, written with those that all have.

`before_names`: those that change which columns there are. `with_names`: those that need every
column's table. Each module says what its clauses become; `clauses.py` is the list of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.desugaring import within
from penstock.dialects.portable.desugaring.choosing import choosing
from penstock.dialects.portable.desugaring.expressions import expressions
from penstock.dialects.portable.desugaring.joins import joins
from penstock.dialects.portable.desugaring.laterals import laterals
from penstock.dialects.portable.desugaring.names import known, statement
from penstock.dialects.portable.desugaring.pivots import pivots
from penstock.dialects.portable.desugaring.sources import sources
from penstock.dialects.portable.desugaring.times import times
from penstock.dialects.portable.desugaring.windows import filtered_windows, named_windows
from penstock.dialects.portable.reading import called

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schemas = Mapping[str, Mapping[str, str]]

__all__ = ["before_names", "with_names"]


def before_names(tree: exp.Expr, schemas: Schemas) -> exp.Expr:
    """What must be rewritten before columns are looked up.

    Raises:
        Refusal: it is outside the portable language.
    """
    statement(tree)
    tree = within.rewrite(times(tree))
    tree = expressions(tree)
    tree = pivots(tree, schemas)
    tree = sources(tree, schemas)
    named_windows(tree)
    return _as_aggregates(tree)


def with_names(tree: exp.Expr, schemas: Schemas) -> exp.Expr:
    """What is rewritten when each column has its table.

    Raises:
        Refusal: it is outside the portable language.
    """
    tree = _as_calls(tree)
    known(tree, schemas)
    joins(tree, schemas)
    laterals(tree)
    filtered_windows(tree)
    return choosing(tree, schemas)


def _as_aggregates(tree: exp.Expr) -> exp.Expr:
    """Aggregates in sqlglot's sense: it looks up names inside them by rules of their own."""
    from penstock.dialects.portable.functions import catalog

    known_ones = catalog()
    for node in list(tree.find_all(exp.Anonymous)):
        declared = known_ones.get(called(node) or "")
        if declared is not None and declared.kind == "aggregate":
            node.replace(exp.AnonymousAggFunc(this=node.this, expressions=node.expressions))
    return tree


def _as_calls(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.AnonymousAggFunc)):
        node.replace(exp.Anonymous(this=node.this, expressions=node.expressions))
    return tree
