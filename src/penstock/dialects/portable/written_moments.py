"""Dates that are written in the SQL with an interval that is: computed here, not for each row."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.families import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.dialects.portable.intervals import Step
    from penstock.dialects.portable.rendering import Renderer


def written(to: Renderer, node: exp.Expr, found: Sequence[Step], sign: int) -> str | None:
    """A timestamp's SQL; None: something is computed, or it ends outside the years 1 to 9999."""
    moment = _moment(to, node.unnest())
    if moment is None or any(step.count is None for step in found):
        return None
    try:
        for step in found:
            moment = _added(moment, step.kind, sign * step.each * (step.count or 0))
    except (ValueError, OverflowError):
        return None
    text = moment.isoformat(" ")
    return f"CAST('{text}' AS {to.engine.type_name('timestamp')})"


def _moment(to: Renderer, node: exp.Expr) -> datetime | None:
    if not isinstance(node, exp.Cast) or name_of(to.type(node)) not in ("date", "timestamp"):
        return None
    literal = node.this
    if not (isinstance(literal, exp.Literal) and literal.is_string):
        return None
    text = str(literal.this)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Only as engines write it: `2020-1-1` is theirs to read or to refuse.
    written_so = str(found.date()) if name_of(to.type(node)) == "date" else str(found)
    return found if written_so == text and found.tzinfo is None else None


def _added(moment: datetime, kind: str, count: int) -> datetime:
    """Months first, the day held to the month's last."""
    if kind == "days":
        return moment + timedelta(days=count)
    if kind == "microseconds":
        return moment + timedelta(microseconds=count)
    years, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    last = calendar.monthrange(years, month + 1)[1]
    return moment.replace(year=years, month=month + 1, day=min(moment.day, last))
