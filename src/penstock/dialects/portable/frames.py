"""Frames that reach a distance in the values of their key: `RANGE BETWEEN 2 PRECEDING …`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Ordering
    from penstock.dialects.portable.engine import Engine

# A day has no hours on some engines, and an interval is of a time; beside the largest number of its
# type some engines fail.
_IN_REACH = {
    "date": "timestamp",
    "smallint": "bigint",
    "integer": "bigint",
    "bigint": "decimal(38,0)",
}


def has_distance(spec: exp.Expr) -> bool:
    """Whether a frame's bounds are distances, and not rows."""
    kind = str(spec.args.get("kind") or "ROWS").upper()
    return kind == "RANGE" and any(isinstance(spec.args.get(k), exp.Expr) for k in ("start", "end"))


def in_days(spec: exp.Expr) -> exp.Expr:
    """A frame over dates: numbers are of days."""
    made = spec.copy()
    for which in ("start", "end"):
        bound = made.args.get(which)
        if isinstance(bound, exp.Literal) and bound.is_int:
            days = exp.Interval(this=exp.Literal.string(bound.name), unit=exp.var("DAY"))
            made.set(which, days)
    return made


def in_reach(key: Ordering, engine: Engine) -> Ordering:
    """A key that a distance can be added to and taken from."""
    wider = _IN_REACH.get(key.type)
    if wider is None:
        return key
    return replace(key, sql=f"CAST({key.sql} AS {engine.type_name(wider)})")
