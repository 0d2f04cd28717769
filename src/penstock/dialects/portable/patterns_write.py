"""A tree of a pattern in an engine's own syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.patterns import (
    LAST,
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Ranges,
    Repeat,
    Row,
    others,
)

if TYPE_CHECKING:
    from penstock.dialects.portable.spelling import Texts

_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f"}
_TIMES = {(0, None): "*", (1, None): "+", (0, 1): "?"}


def write(node: Node, texts: Texts) -> str:
    r"""The pattern in the engine's own syntax.

    >>> from penstock.dialects.portable.engine import SPARK
    >>> from penstock.dialects.portable.patterns import Parser
    >>> write(Parser("^a.[^0-9]+$").parse(), SPARK.texts)
    '^a[^\\n][^0-9]+\\z'
    """
    if isinstance(node, Chars):
        return _chars(node.ranges, texts)
    if isinstance(node, Edge):
        # Java's $ is also before a line feed at the end.
        return texts.end if node.sign == "$" else node.sign
    if isinstance(node, Group):
        return f"({write(node.inner, texts)})"
    if isinstance(node, Row):
        return "".join(
            f"(?:{write(i, texts)})" if isinstance(i, (Choice, Row)) else write(i, texts)
            for i in node.items
        )
    if isinstance(node, Choice):
        return "|".join(write(i, texts) for i in node.items)
    inner = write(node.inner, texts)
    if not isinstance(node.inner, (Chars, Group)):
        inner = f"(?:{inner})"
    return inner + _times(node)


def _times(node: Repeat) -> str:
    short = _TIMES.get((node.least, node.most))
    if short is not None:
        return short
    if node.most is None:
        return f"{{{node.least},}}"
    if node.least == node.most:
        return f"{{{node.least}}}"
    return f"{{{node.least},{node.most}}}"


def _chars(ranges: Ranges, texts: Texts) -> str:
    if ranges == ((0, LAST),):
        return texts.any_character
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _one(ranges[0][0], r"\^$.|?*+()[]{}")
    if ranges and ranges[-1][1] == LAST:
        return f"[^{_members(others(ranges))}]"
    return f"[{_members(ranges)}]"


def _members(ranges: Ranges) -> str:
    made = []
    for low, high in ranges:
        first, last = _one(low, r"\^-[]&"), _one(high, r"\^-[]&")
        made.append(
            first if low == high else first + last if high == low + 1 else f"{first}-{last}"
        )
    return "".join(made)


def _one(code: int, special: str) -> str:
    sign = chr(code)
    return f"\\{sign}" if sign in special else _SHORT.get(sign, sign)
