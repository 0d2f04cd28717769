"""The part of the parser that reads conditions: `> 5`, `not in ["a", NULL]`, `between … and …`.

https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-syntax-rule-expressions
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, get_args

from penstock.diagnostics import did_you_mean
from penstock.quality.ast import (
    Arithmetic,
    Between,
    Call,
    Compare,
    Comparison,
    Condition,
    In,
    Keyword,
    Matches,
    Now,
    Number,
    Operand,
    Place,
    Quantity,
    Special,
    Unit,
)
from penstock.quality.cursor import KEYWORDS, SyntaxStop
from penstock.quality.ruletypes import RULE_TYPES

if TYPE_CHECKING:
    from penstock.quality.cursor import Cursor

_COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
_UNITS: dict[str, Unit] = {unit.lower(): unit for unit in get_args(Unit)}
_SPECIAL: dict[str, Keyword] = {word.lower(): word for word in get_args(Keyword)}
_STARTS = (*_COMPARISONS, "between", "in", "matches", "not")
_SHAPES = '`= x`, `!= x`, `> x`, `between x and y`, `in [x, y]`, `matches "…"`'


def starts(cursor: Cursor) -> bool:
    """Whether a condition stands here."""
    return cursor.token.says(*_STARTS)


def condition(cursor: Cursor) -> Condition:
    """Read one condition.

    Raises:
        SyntaxStop: there is none, or it is broken.
    """
    first = cursor.token
    negated = bool(cursor.accept("not"))
    word = cursor.accept("between", "in", "matches")
    if word:
        name = word.text.lower()
        if name == "between":
            return _between(cursor, first.place.offset, negated=negated)
        if name == "in":
            return _in(cursor, first.place.offset, negated=negated)
        return _matches(cursor, first.place.offset, negated=negated)
    if negated:
        raise cursor.stop("expected `between`, `in` or `matches` after `not`")
    for operator in _COMPARISONS:
        if cursor.accept(operator):
            value = operand(cursor)
            return Compare(operator, value, first.place.to(value.place))
    raise cursor.stop("expected a condition", _SHAPES)


def _between(cursor: Cursor, start: int, *, negated: bool) -> Between:
    low = operand(cursor)
    cursor.expect("and", after="between the two ends of `between`")
    high = operand(cursor)
    return Between(low, high, negated, _since(cursor, start))


def _in(cursor: Cursor, start: int, *, negated: bool) -> In:
    cursor.expect("[", after="after `in`")
    values = [operand(cursor)]
    while cursor.accept(","):
        if cursor.token.says("]"):
            cursor.error(cursor.previous.place, "a comma, and nothing after it", "take it away")
            break
        values.append(operand(cursor))
    if not cursor.token.says("]"):
        raise cursor.stop("expected `,` or `]` in the list of values")
    cursor.advance()
    return In(tuple(values), negated, _since(cursor, start))


def _matches(cursor: Cursor, start: int, *, negated: bool) -> Matches:
    if cursor.token.kind != "string":
        raise cursor.stop("expected a regular expression in double quotes after `matches`")
    pattern = cursor.advance().string()
    return Matches(pattern, negated, _since(cursor, start))


def operand(cursor: Cursor) -> Operand:
    """Read a value: text, a number, a date expression, a keyword, a dynamic value.

    Raises:
        SyntaxStop: there is none.
    """
    with cursor.deeper():
        left = _product(cursor)
        while cursor.token.says("+", "-"):
            operator = cursor.advance().text
            right = _product(cursor)
            place = left.place.to(right.place)
            if isinstance(left, Now) and left.shift is None and isinstance(right, Quantity):
                amount = right.amount if operator == "+" else -right.amount
                left = Now(Quantity(amount, right.unit, right.place), place)
            else:
                left = Arithmetic(left, "+" if operator == "+" else "-", right, place)
        return left


def _product(cursor: Cursor) -> Operand:
    left = _factor(cursor)
    while cursor.token.says("*", "/"):
        operator = cursor.advance().text
        right = _factor(cursor)
        left = Arithmetic(left, "*" if operator == "*" else "/", right, left.place.to(right.place))
    return left


def _factor(cursor: Cursor) -> Operand:
    token = cursor.token
    if token.says("("):
        cursor.advance()
        inner = operand(cursor)
        cursor.expect(")", after="to close the parenthesis")
        return inner
    if token.kind == "string":
        return cursor.advance().string()
    if token.says("-") and cursor.next.kind == "number":
        cursor.advance()
        number = cursor.advance()
        return Number(-Decimal(number.text), token.place.to(number.place))
    if token.kind == "number":
        return _number(cursor)
    if token.says("$"):
        hint = "a variable does it: `${var.NAME}`"
        cursor.error(token.place.to(cursor.next.place), "DQDL constants are not read here", hint)
        raise SyntaxStop
    if token.kind == "name":
        return _word(cursor)
    raise cursor.stop("expected a value", 'text goes in double quotes: "UA"')


def _number(cursor: Cursor) -> Operand:
    token = cursor.advance()
    unit = cursor.token
    if unit.kind != "name" or unit.text.lower() in KEYWORDS or unit.text in RULE_TYPES:
        return Number(Decimal(token.text), token.place)
    place = token.place.to(unit.place)
    known = _UNITS.get(unit.text.lower()) or _UNITS.get(unit.text.lower() + "s")
    if known is None:
        hint = did_you_mean(unit.text, _UNITS.values(), noun="units")
        cursor.error(unit.place, f"`{unit.text}` is no unit", hint)
        raise SyntaxStop
    cursor.advance()
    if "." in token.text:
        cursor.error(place, f"an amount of {known} is a whole number", "use a smaller unit")
    return Quantity(int(Decimal(token.text)), known, place)


def _word(cursor: Cursor) -> Operand:
    token = cursor.token
    special = _SPECIAL.get(token.text.lower())
    if special:
        cursor.advance()
        return Special(special, token.place)
    if cursor.next.says("("):
        return _call(cursor)
    hint = f'text goes in double quotes: "{token.text}"'
    if token.text.lower() == "now":
        hint = "the present is written `now()`"
    raise cursor.stop("expected a value", hint)


def _call(cursor: Cursor) -> Operand:
    name = cursor.advance()
    cursor.advance()
    arguments: list[Operand] = []
    while not cursor.token.says(")"):
        if arguments:
            cursor.expect(",", after=f"between the arguments of `{name.text}`")
        arguments.append(operand(cursor))
    place = name.place.to(cursor.advance().place)
    if name.text.lower() == "now":
        if arguments:
            cursor.error(place, "`now()` takes no argument")
        return Now(None, place)
    return Call(name.text, tuple(arguments), place)


def _since(cursor: Cursor, start: int) -> Place:
    return Place(start, cursor.previous.place.end - start)
