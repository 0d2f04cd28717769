"""Intervals: a number of months, days and microseconds beside the `+` or `-` of a date.

An interval is no value of its own here: engines keep different kinds of them (Spark has two, which
do not mix), so none is stored, compared or returned. `INTERVAL 3 DAY`, `to_days(n)`, their sums,
differences and products are taken apart and added one after the other: months first (the day is
held to the month's last), then days, then microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable import written_moments
from penstock.dialects.portable.calendar import MICROSECONDS, MONTHS, PART_OF
from penstock.dialects.portable.families import WHOLE, name_of
from penstock.dialects.portable.reading import called, place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.rendering import Renderer

_KINDS = ("months", "days", "microseconds")
_TERM = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)", re.ASCII)
# A written interval of more is a mistake, and no engine holds it.
_MOST = 2**31 - 1
_HINT = "add it to a date or timestamp, or count with date_diff('day', a, b)"


@dataclass(frozen=True, slots=True)
class Step:
    """One part of an interval.

    Attributes:
        kind: `months`, `days` or `microseconds`.
        each: how many of them one is.
        count: a written number of them, or
        sql: a computed one, a whole number's SQL in the engine.
    """

    kind: str
    each: int
    count: int | None = None
    sql: str = ""

    def times(self, factor: int) -> Step:
        """Multiplied by a written number."""
        if self.count is not None:
            return Step(self.kind, self.each, self.count * factor)
        return Step(self.kind, self.each * factor, None, self.sql)


def written(node: exp.Expr) -> list[Step]:
    """An interval whose numbers all stand in the SQL.

    Raises:
        Refusal: it is no such thing.
    """
    return steps(None, node)


def steps(to: Renderer | None, node: exp.Expr) -> list[Step]:
    """An interval taken apart, in the order in which its parts are added.

    Args:
        to: writes computed numbers; None: there may be none.

    Raises:
        Refusal: it is no interval that can be.
    """
    found = _steps(to, node.unnest())
    # One after the other for each kind; written ones of a kind are one.
    made: list[Step] = []
    for kind in _KINDS:
        mine = [s for s in found if s.kind == kind]
        count = sum(s.each * s.count for s in mine if s.count is not None)
        if abs(count) > _MOST * (MICROSECONDS["day"] if kind == "microseconds" else 1):
            raise _refused(node, "it is longer than any engine holds", None)
        computed = [s for s in mine if s.count is None]
        if to is not None and kind == "months" and computed and (count or len(computed) > 1):
            # The day is held to the month's last once, not after each of them.
            own = to.engine.type_name("integer")
            terms = [f"CAST({s.sql} AS {own}) * {s.each}" for s in computed]
            computed, count = [Step(kind, 1, None, f"({' + '.join(terms)} + {count})")], 0
        made += [Step(kind, 1, count)] if count else []
        made += computed
    return made


def _steps(to: Renderer | None, node: exp.Expr) -> list[Step]:
    if isinstance(node, exp.Interval):
        return _written(to, node)
    if isinstance(node, exp.Neg):
        return [s.times(-1) for s in steps(to, node.this)]
    if isinstance(node, (exp.Add, exp.Sub)):
        sign = 1 if isinstance(node, exp.Add) else -1
        right = [s.times(sign) for s in steps(to, node.expression)]
        return [*steps(to, node.this), *right]
    if isinstance(node, exp.Mul):
        sides = node.this.unnest(), node.expression.unnest()
        for side, other in (sides, sides[::-1]):
            if _is_interval(side):
                return _product(to, steps(to, side), other)
    name = called(node)
    if name is not None and name.startswith("to_"):
        [count] = node.expressions
        return [_step(to, node, PART_OF.get(name[3:], name[3:]), count.unnest())]
    raise _refused(node, "an interval stands beside the + or - of a date only", _HINT)


def _is_interval(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul)):
        return any(_is_interval(side) for side in node.iter_expressions())
    return isinstance(node, exp.Interval) or (called(node) or "").startswith("to_")


def _product(to: Renderer | None, found: Sequence[Step], factor: exp.Expr) -> list[Step]:
    count = _integer(factor)
    if count is not None:
        return [s.times(count) for s in found]
    if to is None or name_of(to.type(factor)) not in WHOLE or any(s.count is None for s in found):
        raise _refused(factor, "an interval is multiplied by a whole number", None)
    return [Step(s.kind, s.each * (s.count or 0), None, to.sql(factor)) for s in found]


def _written(to: Renderer | None, node: exp.Interval) -> list[Step]:
    unit = node.args.get("unit")
    value = node.this.unnest()
    if unit is not None:
        word = unit.name.lower()
        return [_step(to, node, PART_OF.get(word, word), value)]
    text = str(value.this) if isinstance(value, exp.Literal) else ""
    made, at = [], 0
    for term in _TERM.finditer(text):
        if term.start() != at:
            break
        at = term.end()
        word = term[2].lower()
        literal = exp.Literal.string(term[1])
        made.append(_step(to, node, PART_OF.get(word, word), literal))
    if not made or text[at:].strip():
        raise _refused(node, "it is not read", "write it as INTERVAL '1 month 2 days'")
    return made


def _step(to: Renderer | None, node: exp.Expr, unit: str, value: exp.Expr) -> Step:
    if unit in MONTHS:
        kind, each = "months", MONTHS[unit]
    elif unit in ("day", "week"):
        kind, each = "days", 1 if unit == "day" else 7
    elif unit in MICROSECONDS:
        kind, each = "microseconds", MICROSECONDS[unit]
    else:
        raise _refused(node, f"there is no unit `{unit}`", "from microseconds to millennia")
    number = _number(value)
    if number is not None:
        count = number * each
        if count != int(count):
            raise _refused(node, "it is no whole number of them", "write it in smaller units")
        return Step(kind, 1, int(count))
    if to is None:
        raise _refused(node, "its numbers must be written in the SQL, not computed", None)
    type_name = name_of(to.type(value))
    if type_name in WHOLE or type_name == "null":
        sql = to.coerced(value, "integer") if type_name == "null" else to.sql(value)
        return Step(kind, each, None, sql)
    if unit == "second" and type_name == "decimal":
        micros = f"CAST(CAST({to.sql(value)} AS DECIMAL(28, 6)) * {each} AS BIGINT)"
        return Step(kind, 1, None, micros)
    raise _refused(node, f"{type_name} is no whole number", "cast it to integer")


def _number(node: exp.Expr) -> Decimal | None:
    sign = 1
    if isinstance(node, exp.Neg):
        sign, node = -1, node.this.unnest()
    if not isinstance(node, exp.Literal):
        return None
    text = str(node.this).strip()
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,9})?", text, re.ASCII):
        raise _refused(node, "it is no number", "write it as INTERVAL 3 DAY")
    return sign * Decimal(text)


def _integer(node: exp.Expr) -> int | None:
    number = _number(node) if isinstance(node, (exp.Literal, exp.Neg)) else None
    return int(number) if number is not None and number == int(number) else None


def _refused(node: exp.Expr, why: str, hint: str | None) -> Refusal:
    offset, length = place(node)
    return Refusal("PSK-PORT-023", f"`{shown(node)}`: {why}", hint, offset, length)


def added(
    to: Renderer, moment: str, found: Sequence[Step], sign: int, *, zoned: bool = False
) -> str:
    """A timestamp's SQL with an interval added (`sign` 1) or taken away (-1).

    Args:
        zoned: it is an instant.
    """
    made = moment
    if not to.engine.times.intervals:
        for step in found:
            made = _moved(to, made, step, sign, zoned=zoned)
        return f"({made})"
    for step in found:
        plus = "+" if (step.each * (step.count or 1) * sign) > 0 else "-"
        if step.count is not None:
            made = f"{made} {plus} {_literal(step.kind, abs(step.count))}"
        else:
            made = f"{made} {plus} {_computed(to, step.kind, abs(step.each), step.sql)}"
    return f"({made})"


def _moved(to: Renderer, moment: str, step: Step, sign: int, *, zoned: bool) -> str:
    """One step, for an engine that has a function of a moment and a number."""
    adds, kind, each = to.engine.times.adds, step.kind, step.each * sign
    unit = each * (step.count or 1) if step.count is not None else each
    if kind == "microseconds" and unit % 1000 == 0 and "milliseconds" in adds:
        kind, unit = "milliseconds", unit // 1000
    number = str(unit)
    if step.count is None:
        width = "bigint" if step.kind == "microseconds" else "integer"
        number = f"CAST({step.sql} AS {to.engine.type_name(width)}) * {unit}"
    template = adds.get(f"{kind} of an instant" if zoned else kind, adds.get(kind))
    return said(to.engine, template, "an interval").format(moment, number)


def _literal(kind: str, count: int) -> str:
    if kind == "months":
        return f"INTERVAL '{count}' MONTH"
    if kind == "days":
        return f"INTERVAL '{count}' DAY"
    return f"INTERVAL '{seconds(count)}' SECOND"


def seconds(micros: int) -> str:
    """Microseconds as seconds with their fraction.

    >>> seconds(1_500_000)
    '1.500000'
    """
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _computed(to: Renderer, kind: str, each: int, sql: str) -> str:
    # Months and days are 32 bits wide in DuckDB and PostgreSQL: what does not fit fails.
    width = "bigint" if kind == "microseconds" else "integer"
    count = f"CAST({sql} AS {to.engine.type_name(width)})"
    return f"{count} * {_literal(kind, each)}"


_RANGE = {
    "date": ("0001-01-01", "9999-12-31"),
    "timestamp": ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"),
    "timestamptz": ("0001-01-01 00:00:00+00:00", "9999-12-31 23:59:59.999999+00:00"),
}


def within(engine: Engine, sql: str, type_name: str) -> str:
    """A moment that fails the query outside the years 1 to 9999.

    Engines go on beyond them, but count and write such years in ways of their own.
    """
    own = engine.type_name(type_name)
    low, high = (f"CAST('{bound}' AS {own})" for bound in _RANGE[type_name])
    if engine.binds:
        given, sql = sql, "x__"
    wrong = engine.failing("a date outside the years 1 to 9999", sql, type_name)
    made = f"(CASE WHEN {sql} NOT BETWEEN {low} AND {high} THEN {wrong} ELSE {sql} END)"
    return engine.binds.format(given, made) if engine.binds else made


def arithmetic(to: Renderer, node: exp.Expr, sign: str) -> str | None:
    """`+` and `-` of dates, timestamps and intervals; None: no side is one.

    Of a chain of them the last is held to the years 1 to 9999.

    Raises:
        Refusal: the sides do not go together.
    """
    made = _written_moment(to, node, sign)
    if made is not None:
        return made
    made = _arithmetic(to, node, sign)
    kind = name_of(to.type(node))
    outer = node.parent
    while isinstance(outer, exp.Paren):
        outer = outer.parent
    if made is None or kind not in _RANGE or isinstance(outer, (exp.Add, exp.Sub)):
        return made
    return within(to.engine, made, kind)


def _written_moment(to: Renderer, node: exp.Expr, sign: str) -> str | None:
    """Of a date and an interval that both stand in the SQL; None: they are not, or not both."""
    a, b = node.this, node.expression
    if not (isinstance(a.unnest(), exp.Cast) and name_of(to.type(b)) == "interval"):
        return None
    return written_moments.written(to, a, steps(to, b), 1 if sign == "+" else -1)


def _arithmetic(to: Renderer, node: exp.Expr, sign: str) -> str | None:
    """The same for any year.

    Raises:
        Refusal: the sides do not go together.
    """
    a, b = node.this, node.expression
    kinds = [name_of(to.type(side)) for side in (a, b)]
    if not {"date", "timestamp", "timestamptz", "interval"} & set(kinds):
        return None
    if kinds[1] == "interval" and kinds[0] in ("date", "timestamp", "timestamptz"):
        zoned = kinds[0] == "timestamptz"
        return added(to, _moment(to, a), steps(to, b), 1 if sign == "+" else -1, zoned=zoned)
    if sign == "+" and kinds[0] == "interval" and kinds[1] != "interval":
        return added(to, _moment(to, b), steps(to, a), 1, zoned=kinds[1] == "timestamptz")
    if kinds == ["date", "date"] and sign == "-":
        return said(to.engine, to.engine.times.days, "`-` of dates").format(to.sql(a), to.sql(b))
    if sign == "+" and kinds[1] == "date":
        a, b, kinds = b, a, kinds[::-1]
    if kinds[0] == "date" and kinds[1] in ("smallint", "integer"):
        times = to.engine.times
        template = times.later if sign == "+" else times.earlier
        return said(to.engine, template, f"a date {sign} days").format(to.sql(a), to.sql(b))
    if "interval" in kinds:
        raise _refused(node, "an interval stands beside the + or - of a date only", _HINT)
    if sign == "-" and set(kinds) <= {"date", "timestamp", "timestamptz"}:
        hint = f"date_diff('second', {shown(b)}, {shown(a)})"
        raise _refused(node, "engines keep different kinds of intervals", hint)
    raise _refused(node, f"{kinds[0]} and {kinds[1]} have no {sign}", "cast one of them")


def _moment(to: Renderer, node: exp.Expr) -> str:
    sql = to.sql(node)
    if name_of(to.type(node)) == "date":
        return f"CAST({sql} AS {to.engine.type_name('timestamp')})"
    return sql


def alone(_: Renderer, node: exp.Expr) -> str:
    """An interval where none may stand.

    Raises:
        Refusal: always.
    """
    raise _refused(node, "an interval stands beside the + or - of a date only", _HINT)
