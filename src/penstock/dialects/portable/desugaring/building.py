"""Small trees that desugaring puts together, and the walk that it goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.reading import MARK, called, place
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def call(name: str, *args: exp.Expr | None) -> exp.Anonymous:
    """A call of a function of the set."""
    return exp.Anonymous(this=MARK + name, expressions=[a for a in args if a is not None])


def column(table: str, name: str) -> exp.Column:
    """A column with its table, in quotes."""
    return exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(table, quoted=True))


def named(node: exp.Expr, name: str) -> exp.Alias:
    """An expression as a column of this name."""
    return exp.Alias(this=node, alias=exp.to_identifier(name, quoted=True))


def window(of: exp.Expr, partition: Sequence[exp.Expr], order: Sequence[exp.Ordered]) -> exp.Window:
    """A window function over its rows."""
    by = exp.Order(expressions=list(order)) if order else None
    return exp.Window(this=of, partition_by=list(partition), order=by, over="OVER")


def inner_first(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every node after those below it; what WITH names before what reads it.

    The list is made first: nodes may be replaced on the way.
    """
    stack, found = [tree], []
    while stack:
        node = stack.pop()
        found.append(node)
        if node.args.get("with_") is None:
            stack.extend(node.iter_expressions())
            continue
        below = list(node.iter_expressions())
        below.sort(key=lambda n: not isinstance(n, exp.With))
        stack.extend(below)
    return reversed(found)


def within(node: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of an expression, without the queries inside it."""
    stack = [node]
    while stack:
        each = stack.pop()
        yield each
        stack.extend(n for n in each.iter_expressions() if not isinstance(n, exp.Query))


def aggregates(node: exp.Expr) -> bool:
    """Whether an expression holds an aggregate that is no window."""
    from penstock.dialects.portable.functions import catalog

    for each in within(node):
        name = called(each)
        declared = catalog().get(name) if name else None
        if declared is not None and declared.kind == "aggregate":
            parent = each.parent
            while isinstance(parent, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
                parent = parent.parent
            if not isinstance(parent, exp.Window):
                return True
        if isinstance(each, exp.Grouping):
            return True
    return False


def windowed(node: exp.Expr) -> bool:
    """Whether an expression holds a window function."""
    return any(isinstance(each, exp.Window) for each in within(node))


def refuse(
    code: str, node: exp.Expr, message: str, hint: str | None = None, *engines: str
) -> Refusal:
    """A refusal at a node."""
    offset, length = place(node)
    return Refusal(code, message, hint, offset, length, engines)


def scope_withs(node: exp.Expr) -> list[exp.CTE]:
    """The CTEs that a query can read where it stands, the outermost first."""
    found: list[list[exp.CTE]] = []
    inside: exp.Expr = node
    at = node.parent
    while at is not None:
        held = at.args.get("with_")
        if isinstance(at, exp.With):
            held, before = at, [c for c in at.expressions if c is not inside]
            place_of = next((i for i, c in enumerate(at.expressions) if c is inside), len(before))
            found.append(at.expressions[:place_of])
        elif isinstance(held, exp.With) and inside is not held:
            found.append(held.expressions)
        inside, at = at, at.parent
    return [cte for each in reversed(found) for cte in each]
