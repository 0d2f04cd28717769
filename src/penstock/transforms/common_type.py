"""The type that values of several types have in common, without a loss."""

from __future__ import annotations

from penstock import types

_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_WHOLE = ("smallint", "integer", "bigint")


def common_type(left: str, right: str) -> str | None:
    """The narrowest type that holds every value of two types exactly; None: there is none.

    A double does not hold every bigint or decimal, and a date and a timestamp with a zone meet
    only in the zone of a session: these have none.

    >>> common_type("integer", "decimal(8,2)"), common_type("date", "timestamp")
    ('decimal(12,2)', 'timestamp')
    >>> common_type("bigint", "double"), common_type("integer", "varchar")
    (None, None)
    """
    if left == right:
        return left
    a, b = types.parse(left), types.parse(right)
    if a.name in _WHOLE and b.name in _WHOLE:
        return max(a.name, b.name, key=_WHOLE.index)
    if "double" in {a.name, b.name}:
        return "double" if {a.name, b.name} <= {"double", "smallint", "integer"} else None
    one, other = _as_decimal(a), _as_decimal(b)
    if one and other:
        whole = max(one[0] - one[1], other[0] - other[1])
        scale = max(one[1], other[1])
        return f"decimal({whole + scale},{scale})" if whole + scale <= 38 else None
    if {a.name, b.name} == {"date", "timestamp"}:
        return "timestamp"
    return None


def _as_decimal(found: types.Type) -> tuple[int, int] | None:
    """Precision and scale of a whole number or a decimal."""
    if found.name == "decimal":
        return found.numbers[0], found.numbers[1]
    digits = _DIGITS.get(found.name)
    return (digits, 0) if digits else None
