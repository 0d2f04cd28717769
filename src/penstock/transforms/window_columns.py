"""The columns that a `window` step adds: their options, and what they need."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.base import Model, exactly_one
from penstock.spec.refusal import refuse

Number = Literal["row_number", "rank", "dense_rank"]
_KINDS = ("running", "rolling", "total", "share", "lag", "lead", "first", "last")
_LENGTH = re.compile(r"\s*([0-9]{1,9})\s*(second|minute|hour|day|week)s?\s*\Z", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class WindowColumn(Model):
    """What a new column holds."""

    model_config = exactly_one(*_KINDS)

    running: str | None = None
    """Aggregate over the rows up to this one, such as `sum(delay)`."""
    rolling: str | None = None
    """Aggregate over the last rows up to this one: with `rows` or `range`."""
    total: str | None = None
    """Aggregate over the whole group."""
    share: str | None = None
    """Column of numbers: the part of the group's sum that this row holds, as a double."""
    lag: str | None = None
    """Column: its value in the row before."""
    lead: str | None = None
    """Column: its value in the row after."""
    first: str | None = None
    """Column: its value in the first row of the group."""
    last: str | None = None
    """Column: its value in the last row of the group."""
    rows: int | None = Field(ge=1, default=None)
    """With `rolling`: how many rows, this one counted."""
    range: int | str | None = None
    """With `rolling`: rows whose value in `order_by` lies at most so far before this one's: a
    number, or a length of time such as `7 days`, `30 minutes`."""
    offset: int | None = Field(ge=1, default=None)
    """With `lag` and `lead`: how many rows away; 1 by default."""
    default: str | bool | int | float | None = None
    """With `lag` and `lead`: the value where there is no such row; NULL by default."""

    @model_validator(mode="after")
    def _one(self) -> WindowColumn:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise refuse(f"a column of `window` is one of: {', '.join(_KINDS)}")
        (kind,) = given
        if kind == "rolling" and (self.rows is None) == (self.range is None):
            raise refuse("`rolling` needs `rows` or `range`, one of them")
        if kind != "rolling" and (self.rows is not None or self.range is not None):
            raise refuse(f"`rows` and `range` go with `rolling`, not with `{kind}`")
        if kind not in {"lag", "lead"} and (self.offset is not None or self.default is not None):
            raise refuse(f"`offset` and `default` go with `lag` and `lead`, not with `{kind}`")
        return self

    @property
    def kind(self) -> str:
        """The key that says what it holds."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def of(self) -> str:
        """What stands at that key."""
        return str(getattr(self, self.kind))


def distance(given: int | str, type_name: str) -> exp.Expr | None:
    """How far a range goes back, for an order of this type; None: that does not fit.

    Days are a number of seconds for timestamps, so that no change of the clock shortens one.

    >>> distance("2 days", "timestamp").sql("duckdb"), distance(7, "date")
    ("INTERVAL '172800' SECOND", None)
    """
    base = type_name.partition("(")[0]
    if isinstance(given, int):
        if base in {"smallint", "integer", "bigint", "decimal"} and given >= 0:
            return exp.Literal.number(given)
        return None
    match = _LENGTH.match(given)
    if match is None:
        return None
    seconds = int(match[1]) * _SECONDS[match[2].lower()]
    if base in {"timestamp", "timestamptz"}:
        return _interval(seconds, "SECOND")
    if base == "date" and seconds % 86400 == 0:
        return _interval(seconds // 86400, "DAY")
    return None


def _interval(count: int, unit: str) -> exp.Expr:
    return exp.Interval(this=exp.Literal.string(str(count)), unit=exp.var(unit))
