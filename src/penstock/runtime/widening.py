"""Rules of evolution: whether every value of one type has an equal one in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.types import Type

TAKES = frozenset(("add", "widen"))
"""The evolution rules that take new columns up."""
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}


def widens(have: Type, want: Type) -> bool:
    """Whether casting from `have` to `want` changes no value.

    >>> from penstock.types import parse
    >>> widens(parse("integer"), parse("bigint")), widens(parse("bigint"), parse("double"))
    (True, False)
    >>> widens(parse("decimal(8,2)"), parse("decimal(10,3)[]"))
    False
    """
    if have == want:
        return True
    if have.fields and have.name == want.name:
        if len(have.fields) != len(want.fields):
            return False
        return all(
            a[0].casefold() == b[0].casefold() and widens(a[1], b[1])
            for a, b in zip(have.fields, want.fields, strict=True)
        )
    if have.name in _BITS:
        if want.name in _BITS:
            return _BITS[have.name] <= _BITS[want.name]
        if want.name == "decimal":
            return want.numbers[0] - want.numbers[1] >= _DIGITS[have.name]
        return want.name == "double" and _BITS[have.name] <= 53
    if have.name == "decimal":
        (precision, scale), whole = have.numbers, have.numbers[0] - have.numbers[1]
        if want.name == "decimal":
            return whole <= want.numbers[0] - want.numbers[1] and scale <= want.numbers[1]
        return not scale and want.name in _BITS and precision < _DIGITS[want.name]
    return (have.name, want.name) in {("date", "timestamp"), ("json", "varchar")}


def holding(one: Type, other: Type) -> Type | None:
    """The narrowest type for every value of both; None: there is none that loses nothing.

    >>> from penstock.types import parse
    >>> str(holding(parse("integer"), parse("decimal(4,2)")))
    'decimal(12,2)'
    >>> holding(parse("integer"), parse("date"))
    """
    from penstock.types import parse

    if widens(one, other):
        return other
    if widens(other, one):
        return one
    parts = [_digits(kind) for kind in (one, other)]
    if any(part is None for part in parts):
        return None
    whole = max(part[0] for part in parts if part)
    scale = max(part[1] for part in parts if part)
    return parse(f"decimal({whole + scale},{scale})") if whole + scale <= 38 else None


def _digits(kind: Type) -> tuple[int, int] | None:
    """Digits before and after the point."""
    if kind.name in _DIGITS:
        return _DIGITS[kind.name], 0
    if kind.name == "decimal":
        return kind.numbers[0] - kind.numbers[1], kind.numbers[1]
    return None
