"""The values of a `ColumnValues` condition, as SQL of the column's type."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from penstock.quality.ast import Now, Number, Text
from penstock.quality.evaluation import fill
from penstock.quality.metrics import literal, number_of
from penstock.quality.scope import TYPE, ref

if TYPE_CHECKING:
    from penstock.program import Column
    from penstock.quality.ast import Operand
    from penstock.quality.scope import Scope

Family = Literal["number", "text", "date", "timestamp", "timestamptz", "time", "boolean", "other"]

_FAMILIES: dict[str, Family] = {
    "smallint": "number",
    "integer": "number",
    "bigint": "number",
    "double": "number",
    "decimal": "number",
    "varchar": "text",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "time": "time",
    "boolean": "boolean",
}
Pair = tuple[exp.Expr, exp.Expr]
"""The column and a value, in types that compare."""

_BOOLEANS = {"true": True, "false": False}


def family(column: Column) -> Family:
    """What kind of values a column holds.

    >>> from penstock.program import Column
    >>> family(Column("a", "decimal(8,2)")), family(Column("b", "integer[]"))
    ('number', 'other')
    """
    name = column.type.lower()
    return "other" if name.endswith("]") else _FAMILIES.get(name.partition("(")[0], "other")


class Values:
    """The values of one condition over one column.

    A date compared with a column of timestamps is compared with their dates (in UTC), as AWS's
    evaluator does; `now()` and full timestamps compare by the instant.
    """

    def __init__(self, column: Column, scope: Scope) -> None:
        self.column = column
        self.family = family(column)
        self._scope = scope

    def pair(self, operand: Operand) -> Pair | None:
        """The column and a value; None, with an error, if the value does not fit."""
        match operand:
            case _ if self.family == "other":
                hint = "only `NULL` can be compared with it"
                return self._refuse(operand, f"is {self.column.type}", hint)
            case Now():
                return self._now(operand)
            case _ if self.family == "number":
                number = number_of(operand, self._scope)
                return (ref(self.column), literal(number)) if number is not None else None
            case Text():
                return self._text(operand)
            case Number():
                hint = f'write it in quotes: "{operand.value}"'
                return self._refuse(operand, f"is {self.column.type}, this is a number", hint)
            case _:
                return self._refuse(operand, f"is {self.column.type}", None)

    def _text(self, text: Text) -> Pair | None:
        match self.family:
            case "text":
                return ref(self.column), exp.Literal.string(text.value)
            case "boolean":
                found = _BOOLEANS.get(text.value.lower())
                if found is None:
                    return self._refuse(text, "is a boolean", 'write "true" or "false"')
                return ref(self.column), exp.Boolean(this=found)
            case "time":
                return self._time(text)
            case _:
                return self._instant(text)

    def _time(self, text: Text) -> Pair | None:
        found = _read_time(text.value)
        if found is None:
            return self._refuse(text, "is a time", 'write "21:45" or "9:45 PM"')
        value = exp.cast(exp.Literal.string(found.isoformat()), "TIME")
        return ref(self.column), value

    def _instant(self, text: Text) -> Pair | None:
        day = _read_date(text.value)
        if day is not None:
            return self._day(), exp.cast(exp.Literal.string(day.isoformat()), "DATE")
        moment = _read_timestamp(text.value)
        if moment is None:
            hint = 'write "2013-01-31" or "2013-01-31 15:00:00"'
            if _read_time(text.value):
                hint = "a time of day can only be compared with a column of times"
            return self._refuse(text, f"is {self.column.type}", hint)
        if moment.tzinfo is not None and self.family != "timestamptz":
            hint = "take the time zone away"
            return self._refuse(text, f"is {self.column.type}, without a time zone", hint)
        value = exp.Literal.string(moment.isoformat(sep=" "))
        if self.family == "timestamptz":
            if moment.tzinfo is None:
                value = exp.Literal.string(f"{moment.isoformat(sep=' ')}+00:00")
            return ref(self.column), exp.cast(value, "TIMESTAMPTZ")
        return self._moment(), exp.cast(value, "TIMESTAMP")

    def _now(self, now: Now) -> Pair | None:
        if self.family not in ("date", "timestamp", "timestamptz"):
            return self._refuse(now, f"is {self.column.type}, `now()` is a time", None)
        utc = self.family != "timestamptz"
        value = fill("CURRENT_TIMESTAMP AT TIME ZONE 'UTC'" if utc else "CURRENT_TIMESTAMP")
        if now.shift is not None:
            sign = "-" if now.shift.amount < 0 else "+"
            span = f"INTERVAL '{abs(now.shift.amount)}' {now.shift.unit.upper()}"
            value = fill(f"$now {sign} {span}", now=exp.Paren(this=value))
        return (self._moment() if utc else ref(self.column)), value

    def _moment(self) -> exp.Expr:
        column = ref(self.column)
        return exp.cast(column, "TIMESTAMP") if self.family == "date" else column

    def _day(self) -> exp.Expr:
        column = ref(self.column)
        if self.family == "timestamptz":
            return fill("CAST($column AT TIME ZONE 'UTC' AS DATE)", column=column)
        return column if self.family == "date" else exp.cast(column, "DATE")

    def _refuse(self, operand: Operand, because: str, hint: str | None) -> Pair | None:
        message = f"this value does not fit: `{self.column.name}` {because}"
        self._scope.error(operand.place, TYPE, message, hint)
        return None


def _read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2013-01-31") else None
    except ValueError:
        return None


def _read_timestamp(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _read_time(text: str) -> time | None:
    """A time of day as AWS writes it: `21:45`, `9:45 PM`."""
    for pattern in ("%H:%M", "%H:%M:%S", "%I:%M %p"):
        try:
            return datetime.strptime(text, pattern).time()  # noqa: DTZ007 - a time has no zone
        except ValueError:
            continue
    return None
