"""Conditions that decide about rows: true or false of one row, and the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.base import Problem
from penstock.transforms.volatile import is_volatile

if TYPE_CHECKING:
    from penstock.transforms.expressions import Expression


def not_a_condition(
    found: Expression, noun: str, path: tuple[str | int, ...] = ()
) -> Problem | None:
    """Why an expression decides nothing about a row; None: it does.

    Args:
        noun: what it is, for messages: "a filter".
    """
    if found.tree.find(exp.Window):
        hint = "derive it as a column first, then look at that column"
        return Problem("PSK-STEP-018", f"{noun} cannot hold a window", path, hint)
    if is_volatile(found.tree):
        message = f"{noun} gives the same answer each time, and this does not"
        hint = "derive it as a column first, and look at that column"
        return Problem("PSK-STEP-043", message, path, hint)
    if found.type not in {"boolean", None}:
        message = f"{noun} is true or false, and this is a value of type {found.type}"
        hint = "compare it with something, such as `x > 0` or `x IS NOT NULL`"
        return Problem("PSK-STEP-018", message, path, hint)
    return None
