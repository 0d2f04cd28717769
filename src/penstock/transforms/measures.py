"""Reads one aggregate function, for steps that put it into a window or apply it to some rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.base import Problem

if TYPE_CHECKING:
    from penstock.transforms.expressions import Reader
    from penstock.transforms.reading import Path

_FUNCTIONS = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count)
_KNOWN = "sum(x), avg(x), min(x), max(x), count(x), count(*)"


@dataclass(frozen=True)
class Measure:
    """An aggregate: one function over an expression of the row, perhaps cast.

    Attributes:
        tree: as `Reader` gives it.
        type: None: a column it uses is not known.
    """

    tree: exp.Expr
    type: str | None

    def over(self, window: exp.Window) -> exp.Expr:
        """The aggregate in a window, of which `this` is still open."""
        root = exp.Paren(this=self.tree.copy())
        call = _call(root)
        filled = window.copy()
        call.replace(filled)
        filled.set("this", call)
        done: exp.Expr = root.this
        return done

    def where(self, condition: exp.Expr) -> exp.Expr:
        """The aggregate over the rows that meet a condition."""
        root = exp.Paren(this=self.tree.copy())
        call = _call(root)
        inside = call.this
        value = exp.Literal.number(1) if isinstance(inside, exp.Star) else inside
        distinct = isinstance(inside, exp.Distinct)
        if distinct:
            value = inside.expressions[0]
        some: exp.Expr = exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])
        call.set("this", exp.Distinct(expressions=[some]) if distinct else some)
        done: exp.Expr = root.this
        return done


def read_measure(
    text: str, reader: Reader, path: Path, *, distinct: bool = False
) -> Measure | None:
    """An aggregate, or None with its problems noted by the reader, which reads aggregates.

    Args:
        distinct: `count(DISTINCT x)` is one too.
    """
    found = reader.read(text, path)
    if found is None:
        return None
    if found.type is None:
        return Measure(exp.Count(this=exp.Star()), None)
    call = found.tree
    while isinstance(call, (exp.Cast, exp.Paren)):
        call = call.this
    fits = isinstance(call, _FUNCTIONS) and not call.expressions
    if fits and isinstance(call.this, exp.Distinct):
        fits = distinct and len(call.this.expressions) == 1
    if not fits or isinstance(call.this, exp.Order):
        known = _KNOWN + (", count(DISTINCT x)" if distinct else "")
        message = "here one aggregate function stands alone"
        hint = f"one of: {known}; derive the rest in a step before or after"
        reader.problems.append(Problem("PSK-STEP-063", message, path, hint))
        return None
    return Measure(found.tree, found.type)


def _call(root: exp.Expr) -> exp.Expr:
    call: exp.Expr = root.this
    while isinstance(call, (exp.Cast, exp.Paren)):
        call = call.this
    return call
