"""How a published table's schema takes up new rows: by name, and types may only grow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock import types
from penstock.errors import LoadFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column

_INTEGERS = {"smallint": 5, "integer": 10, "bigint": 19}  # type → decimal digits it needs
_MAX_DIGITS = 38


def widest(one: str, other: str) -> str | None:
    """The narrowest type that holds every value of both exactly; None if there is none.

    >>> widest("integer", "bigint"), widest("integer", "double"), widest("bigint", "double")
    ('bigint', 'double', None)
    >>> widest("decimal(8,2)", "integer"), widest("varchar", "integer")
    ('decimal(12,2)', None)
    """
    a, b = types.parse(one), types.parse(other)
    if a == b:
        return str(a)
    if a.name in _INTEGERS and b.name in _INTEGERS:
        return max(a.name, b.name, key=_INTEGERS.__getitem__)
    if {a.name, b.name} in ({"smallint", "double"}, {"integer", "double"}):
        return "double"
    digits, scales = [], []
    for each in (a, b):
        if each.name == "decimal":
            digits.append(each.numbers[0] - each.numbers[1])
            scales.append(each.numbers[1])
        elif each.name in _INTEGERS:
            digits.append(_INTEGERS[each.name])
            scales.append(0)
        else:
            return None
    precision = max(digits) + max(scales)
    return f"decimal({precision},{max(scales)})" if precision <= _MAX_DIGITS else None


def evolve(
    table: Sequence[Column], incoming: Sequence[Column], *, fixed: Sequence[str], name: str
) -> tuple[Column, ...]:
    """The table's columns once it holds the incoming rows too.

    New columns come last; a column that is missing on one side reads as NULL there.

    Args:
        fixed: columns whose type may not change, because folders are named after their values.
        name: the target, for messages.

    Raises:
        LoadFailed: a column's type changed so that one of the two sides would lose values.
    """
    arriving = {c.name.casefold(): c for c in incoming}
    held = {f.casefold() for f in fixed}
    found: list[Column] = []
    wrong: list[str] = []
    for column in table:
        new = arriving.pop(column.name.casefold(), None)
        if new is None:
            found.append(replace(column, required=False))
            continue
        wide = widest(column.type, new.type)
        if wide is None or (column.name.casefold() in held and wide != column.type):
            wrong.append(f"`{column.name}` is {column.type} there and {new.type} in the new rows")
            continue
        found.append(replace(column, type=wide, required=column.required and new.required))
    if wrong:
        raise LoadFailed(
            f"the table of `{name}` cannot take the new rows: {'; '.join(wrong)}",
            code="PSK-TGT-103",
            hint="cast the column to its old type, or write the table anew with "
            "`mode: overwrite` or `penstock run --full-refresh`",
        )
    added = (replace(c, required=False) for c in incoming if c.name.casefold() in arriving)
    return (*found, *(added if table else incoming))


def as_text(columns: Sequence[Column], kinds: frozenset[str]) -> tuple[Column, ...]:
    """The columns, text in the place of types that a format does not have, nested ones too.

    >>> from penstock.program import Column
    >>> as_text([Column("a", "struct(b json)")], frozenset({"json"}))[0].type
    'struct(b varchar)'
    """

    def other(kind: types.Type) -> types.Type:
        if kind.name in kinds:
            return types.Type("varchar")
        return replace(kind, fields=tuple((n, other(t)) for n, t in kind.fields))

    return tuple(replace(c, type=str(other(types.parse(c.type)))) for c in columns)
