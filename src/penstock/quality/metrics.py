"""Conditions on one number of the whole dataset: `> 0.95`, `between 10 and 20`, `in [1, 2]`."""

from __future__ import annotations

import operator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.quality.ast import Arithmetic, Between, Compare, In, Number, Text
from penstock.quality.declared import operands
from penstock.quality.evaluation import fill
from penstock.quality.scope import TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.quality.ast import Condition, Operand
    from penstock.quality.scope import Scope

NOT_A_SHARE = "PSK-DQ-009"
_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_SQL_OPERATOR = {"=": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


def number_condition(value: exp.Expr, condition: Condition, scope: Scope) -> exp.Expr | None:
    """Whether a number meets a condition; never NULL for a number that is not.

    `between` leaves out both ends, as DQDL has it:
    https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-syntax-rule-expressions
    """
    if not isinstance(condition, Compare | Between | In):
        scope.error(
            condition.place, TYPE, "`matches` is for text; this is a number", "compare with `=`"
        )
        return None
    numbers = [number_of(operand, scope) for operand in operands(condition)]
    known = [literal(n) for n in numbers if n is not None]
    if len(known) < len(numbers):
        return None
    if isinstance(condition, Compare):
        sign = _SQL_OPERATOR[condition.operator]
        return fill(f"$value {sign} $number", value=value, number=known[0])
    if isinstance(condition, Between):
        sql = "$value > $low AND $value < $high"
        if condition.negated:
            sql = f"NOT ({sql})"
        return fill(sql, value=value, low=known[0], high=known[1])
    found = exp.In(this=value.copy(), expressions=known)
    return exp.Not(this=found) if condition.negated else found


def share_condition(value: exp.Expr, condition: Condition, scope: Scope) -> exp.Expr | None:
    """Like `number_condition`, for a share: its numbers must be between 0 and 1."""
    for operand in operands(condition):
        number = _fold(operand)
        if number is not None and not 0 <= number <= 1:
            hint = f"{number / 100} is {number} %" if 1 < number <= 100 else None
            scope.error(operand.place, NOT_A_SHARE, "a share lies between 0 and 1", hint)
            return None
    return number_condition(value, condition, scope)


def number_of(operand: Operand, scope: Scope) -> Decimal | None:
    """The number that an operand is; if it is none, that is an error."""
    number = _fold(operand)
    if number is None:
        scope.error(operand.place, TYPE, "expected a number", "write it without quotes: 0.95")
    return number


def literal(number: Decimal) -> exp.Expr:
    """A number in SQL.

    >>> from decimal import Decimal
    >>> literal(Decimal("-1.50")).sql()
    '-1.50'
    """
    found: exp.Expr = exp.Literal.number(format(abs(number), "f"))
    return exp.Neg(this=found) if number < 0 else found


def _fold(operand: Operand) -> Decimal | None:
    """The value of a number, of a number in quotes, or of arithmetic on numbers.

    `Completeness "a" = "1.0"` is AWS's own example.
    """
    if isinstance(operand, Number):
        return operand.value
    if isinstance(operand, Text):
        return _written(operand.value)
    if not isinstance(operand, Arithmetic):
        return None
    left, right = _fold(operand.left), _fold(operand.right)
    if left is None or right is None or (operand.operator == "/" and right == 0):
        return None
    return _ARITHMETIC[operand.operator](left, right)


def _written(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
