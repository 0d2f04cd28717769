"""Which rows of a source read by a column a run reads: newer than the watermark, or from … to.

Values travel as text of the column's type, in the one spelling that `CAST` reads everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError, UsageError
from penstock.runtime.ledger.base import Watermark
from penstock.runtime.sources.base import STATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.runtime.engines.base import Engine

_Value = int | Decimal | date | datetime | str
_SHOULD_BE = {"date": "2026-01-31", "timestamp": "2026-01-31T06:00", "timestamptz": "2026-01-31"}
_FINITE = frozenset({"date", "timestamp", "timestamptz", "double"})
_PARTS = ("hour", "day", "month", "year")


@dataclass(frozen=True, slots=True)
class Window:
    """The rows of one source that a run reads.

    Attributes:
        above: rows with a higher value; None: no such bound.
        start: rows from this value on.
        end: rows before this value.
        nulls: rows without a value too: they have no place in the order, so that an ordinary run
            always reads them.
    """

    column: str
    type: str
    above: str | None = None
    start: str | None = None
    end: str | None = None
    nulls: bool = True

    def as_bounds(self) -> dict[str, Any]:
        """For connectors that ask for no more than this (`Slice.bounds`)."""
        return {
            "column": self.column,
            "type": self.type,
            "above": self.above,
            "from": self.start,
            "to": self.end,
            "nulls": self.nulls,
        }

    @property
    def open(self) -> bool:
        """Whether every row is inside."""
        return self.nulls and self.above is None and self.start is None and self.end is None

    def condition(self) -> str:
        """SQL, never NULL: whether a row is inside."""
        column = '"' + self.column.replace('"', '""') + '"'
        bounds = [(">", self.above), (">=", self.start), ("<", self.end)]
        tests = [
            f"{column} {sign} CAST({_literal(value)} AS {self.type})"
            for sign, value in bounds
            if value is not None
        ]
        inside = " AND ".join(tests) or "TRUE"
        missing = "TRUE" if self.nulls else "FALSE"
        return f"CASE WHEN {column} IS NULL THEN {missing} ELSE {inside} END"


def ahead(incremental: Mapping[str, Any], type_: str, mark: Watermark | None) -> Window:
    """What an ordinary run reads: what is newer than the watermark less the lookback.

    Args:
        incremental: `Read.incremental`: `column`, `lookback_seconds`, `align`.
        mark: how far the runs before have read; None: everything is new.

    Raises:
        RunError: the watermark is not one of this column.
    """
    column = incremental["column"]
    if mark is None:
        return Window(column, type_)
    if mark.type == STATE:
        raise RunError(
            f"went on from what it remembers until now, and is to be read by `{column}`",
            code="PSK-RUN-030",
            hint="`penstock run --full-refresh` reads and publishes everything again, by it",
        )
    if mark.column != column:
        raise RunError(
            f"was read by `{mark.column}` up to {mark.value}, and is to be read by `{column}` now",
            code="PSK-RUN-030",
            hint="`penstock run --full-refresh` reads and publishes everything again, by it",
        )
    try:
        value = _parse(mark.value, type_)
    except (ValueError, InvalidOperation) as error:
        raise RunError(
            f"was read up to `{column}` = {mark.value}, which is no {type_}",
            code="PSK-RUN-030",
            hint="mend the value in the source, then `penstock run --full-refresh`",
        ) from error
    lookback = float(incremental.get("lookback_seconds") or 0)
    part = incremental.get("align")
    try:
        value = _back(value, lookback)
    except OverflowError:
        return Window(column, type_)
    if part and isinstance(value, date):
        return Window(column, type_, start=_render(_floor(value, part)))
    return Window(column, type_, above=_render(value))


def between(
    incremental: Mapping[str, Any], type_: str, dataset: str, start: str | None, end: str | None
) -> Window:
    """What a backfill reads: from `start` on, before `end`.

    Raises:
        UsageError: one of them is no value of the column, or they are the wrong way round.
    """
    column = incremental["column"]
    found: list[_Value | None] = []
    for option, text in (("--from", start), ("--to", end)):
        try:
            found.append(_parse(text, type_) if text is not None else None)
        except (ValueError, InvalidOperation) as error:
            example = _SHOULD_BE.get(type_)
            raise UsageError(
                f"{option} takes a value of `{column}` of `{dataset}`, which is {type_}, "
                f"not `{text}`",
                code="PSK-CLI-030",
                hint=f"such as {option} {example}" if example else None,
            ) from error
    first, last = found
    if first is not None and last is not None and not first < last:  # type: ignore[operator]
        raise UsageError(
            f"there is nothing from {start} to {end}: the end is not after the beginning",
            code="PSK-CLI-030",
            hint="rows are read from `--from` on, and before `--to`",
        )
    part = incremental.get("align")
    if part and isinstance(first, date):
        first = _floor(first, part)
    if part and isinstance(last, date) and _floor(last, part) != last:
        last = _next(_floor(last, part), part)
    return Window(
        column,
        type_,
        start=None if first is None else _render(first),
        end=None if last is None else _render(last),
        nulls=False,
    )


def reached(
    engine: Engine, relation: str, window: Window, before: Watermark | None
) -> Watermark | None:
    """How far a source is read once the run has succeeded: never back from where it was."""
    column = '"' + window.column.replace('"', '""') + '"'
    finite = f" FILTER (WHERE isfinite({column}))" if window.type in _FINITE else ""
    most = f"max({column}){finite}"
    if before is not None:
        most = f"greatest({most}, CAST({_literal(before.value)} AS {window.type}))"
    found = engine.rows(f"SELECT CAST({most} AS VARCHAR) AS mark FROM {relation}")[0]["mark"]
    return None if found is None else Watermark(window.column, window.type, found)


def _parse(text: str, type_: str) -> _Value:
    if type_ == "date":
        return date.fromisoformat(text)
    if type_ in {"timestamp", "timestamptz"}:
        moment = datetime.fromisoformat(text)
        if type_ == "timestamptz":
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        if moment.tzinfo is not None:
            raise ValueError(text)
        return moment
    if type_ == "varchar":
        return text
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    if type_ in {"smallint", "integer", "bigint"} and number != int(number):
        raise ValueError(text)
    return number


def _render(value: _Value) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _back(value: _Value, seconds: float) -> _Value:
    if isinstance(value, datetime):
        return value - timedelta(seconds=seconds)
    if isinstance(value, date):
        return value - timedelta(days=math.ceil(seconds / 86_400))
    return value


def _floor(value: date, part: str) -> date:
    """The beginning of the hour, day, month or year that a value is in."""
    kept = _PARTS.index(part)
    if isinstance(value, datetime):
        value = value.replace(minute=0, second=0, microsecond=0)
        value = value.replace(hour=0) if kept >= 1 else value
    value = value.replace(day=1) if kept >= 2 else value
    return value.replace(month=1) if kept >= 3 else value


def _next(floor: date, part: str) -> date:
    """The beginning of the hour, day, month or year after the one that begins here."""
    if part == "hour" and isinstance(floor, datetime):
        return floor + timedelta(hours=1)
    days = {"hour": 1, "day": 1, "month": 31, "year": 366}[part]
    return _floor(floor + timedelta(days=days), part)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
