"""Snowflake's regular expressions: POSIX's extended ones, without groups that are not counted.

https://docs.snowflake.com/en/sql-reference/functions-regexp
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.functions.regex import Pattern, replacement
from penstock.dialects.portable.patterns import (
    LAST,
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Repeat,
    Row,
    others,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.patterns import Ranges

_TIMES = {(0, None): "*", (1, None): "+", (0, 1): "?"}
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f"}
_SPECIAL = r"\^$.|?*+()[]{}"
_ODD = frozenset("]\\^-[")


class Written:
    """A pattern in Snowflake's syntax; each parenthesis is a group that counts.

    Attributes:
        text: the pattern.
        groups: number of a group of the model's pattern → its number here.
    """

    def __init__(self, tree: Node) -> None:
        self._count = 0
        self._groups: dict[int, int] = {}
        self.text = self._write(tree)
        self.groups: Mapping[int, int] = self._groups

    def _write(self, node: Node) -> str:
        if isinstance(node, Chars):
            return _chars(node.ranges)
        if isinstance(node, Edge):
            return node.sign
        if isinstance(node, Group):
            return self._group(node.inner, node.number)
        if isinstance(node, Row):
            return "".join(
                self._group(i) if isinstance(i, (Choice, Row)) else self._write(i)
                for i in node.items
            )
        if isinstance(node, Choice):
            return "|".join(self._write(i) for i in node.items)
        assert isinstance(node, Repeat)
        plain = isinstance(node.inner, (Chars, Group))
        return (self._write(node.inner) if plain else self._group(node.inner)) + _times(node)

    def _group(self, inner: Node, number: int = 0) -> str:
        self._count += 1
        if number:
            self._groups[number] = self._count
        return f"({self._write(inner)})"


def _times(node: Repeat) -> str:
    short = _TIMES.get((node.least, node.most))
    if short is not None:
        return short
    most = "" if node.most is None else str(node.most)
    return f"{{{node.least}}}" if node.least == node.most else f"{{{node.least},{most}}}"


def _chars(ranges: Ranges) -> str:
    if ranges == ((0, LAST),):
        return "."  # with the option s, which such a call has
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        sign = chr(ranges[0][0])
        return f"\\{sign}" if sign in _SPECIAL else _SHORT.get(sign, sign)
    negated = bool(ranges) and ranges[-1][1] == LAST
    return f"[{'^' if negated else ''}{_members(others(ranges) if negated else ranges)}]"


def _members(ranges: Ranges) -> str:
    r"""What stands between brackets, the same in POSIX and in Perl.

    There a backslash is one by itself or two of them; `]` comes first, `-` last, `^` not first.
    """
    first, made, last = "", [], ""
    for low, high in _ends_apart(ranges):
        sign = chr(low)
        if low < high:
            made.append(f"{sign}-{chr(high)}" if high > low + 1 else sign + chr(high))
        elif sign == "]":
            first = "]"
        elif sign in "-^":
            last = f"^{last}" if sign == "^" else f"{last}-"
        else:
            made.append("\\\\" if sign == "\\" else _SHORT.get(sign, sign))
    return first + "".join(made) + last


def _ends_apart(ranges: Ranges) -> list[tuple[int, int]]:
    """Ranges whose ends mean nothing of their own between brackets; those that do stand alone."""
    found = []
    for given in ranges:
        low, high = given
        ends: list[tuple[int, int]] = []
        while low <= high and chr(low) in _ODD:
            found.append((low, low))
            low += 1
        while low <= high and chr(high) in _ODD:
            ends.append((high, high))
            high -= 1
        found += [(low, high)] if low <= high else []
        found += ends
    return found


def _dotted(node: Node) -> bool:
    """Whether a pattern has a dot that is any character, which is an option there."""
    if isinstance(node, Chars):
        return node.ranges == ((0, LAST),)
    if isinstance(node, (Group, Repeat)):
        return _dotted(node.inner)
    return isinstance(node, (Row, Choice)) and any(_dotted(i) for i in node.items)


def _found(call: Call) -> str:
    """Whether a pattern matches somewhere: REGEXP_LIKE takes it for the whole text."""
    pattern = Pattern(call, 2 if len(call.args) > 2 else None)
    text = call.string(f".*{Written(Group(pattern.tree, 0)).text}.*")
    return f"REGEXP_LIKE({call.args[0]}, {text}, 's')"


def _full(call: Call) -> str:
    # Both ends are meant: https://docs.snowflake.com/en/sql-reference/functions/rlike
    pattern = Pattern(call, 2 if len(call.args) > 2 else None)
    text = call.string(Written(Group(pattern.tree, 0)).text)
    return f"REGEXP_LIKE({call.args[0]}, {text}, 's')"


def _not_empty(pattern: Pattern, written: Written) -> Written:
    """The same.

    Raises:
        Refusal: the pattern has nothing in it: such a one matches nothing there, but in
            REGEXP_LIKE. https://docs.snowflake.com/en/sql-reference/functions-regexp
    """
    if written.text.strip("()"):
        return written
    raise pattern.refused("an empty pattern, which matches nothing on Snowflake")


def _extract(call: Call) -> str:
    pattern = Pattern(call, 3 if len(call.args) > 3 else None, cut=True)
    group = pattern.group(2)
    written = _not_empty(pattern, Written(pattern.tree))
    number = written.groups[group] if group else 0
    options = ("s" if _dotted(pattern.tree) else "") + ("e" if number else "")
    more = f", 1, 1, '{options}'{f', {number}' if number else ''}" if options else ""
    made = f"REGEXP_SUBSTR({call.args[0]}, {call.string(written.text)}{more})"
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN COALESCE({made}, '') END"


def _count(call: Call) -> str:
    pattern = Pattern(call, 2 if len(call.args) > 2 else None, cut=True, many=True)
    text = call.string(_not_empty(pattern, Written(pattern.tree)).text)
    more = ", 1, 's'" if _dotted(pattern.tree) else ""
    return call.cast(f"REGEXP_COUNT({call.args[0]}, {text}{more})")


def _replace(call: Call) -> str:
    options = 3 if len(call.args) > 3 else None
    every = options is not None and "g" in call.text(options, "the options")
    pattern = Pattern(call, options, cut=True, many=every)
    parts = replacement(call, pattern)
    written = _not_empty(pattern, Written(Group(pattern.tree, 0)))
    new = "".join(
        (f"\\{written.groups[p] if p else 1}") if isinstance(p, int) else p.replace("\\", "\\\\")
        for p in parts
    )
    if max(written.groups.values(), default=1) > 9:
        raise pattern.refused("more groups than Snowflake's replacement names")
    dotted = ", 's'" if _dotted(pattern.tree) else ""
    more = f", 1, {0 if every else 1}{dotted}" if dotted or not every else ""
    return f"REGEXP_REPLACE({call.args[0]}, {call.string(written.text)}, {call.string(new)}{more})"


_LISTS = Gap("notimpl", "PSK-PORT-020", "Penstock writes no lists for Snowflake yet")

FUNCTIONS = {
    "regexp_matches": {"varchar, varchar, varchar?": _found},
    "regexp_full_match": {"varchar, varchar, varchar?": _full},
    "regexp_extract": {"varchar, varchar, whole?, varchar?": _extract},
    "regexp_extract_all": {"varchar, varchar, whole?, varchar?": _LISTS},
    "regexp_count": {"varchar, varchar, varchar?": _count},
    "regexp_replace": {"varchar, varchar, varchar, varchar?": _replace},
    "regexp_split_to_array": {"varchar, varchar, varchar?": _LISTS},
}
"""Function → what it takes → its rendering."""
