"""Which characters of a YAML file each character of a scalar's text came from."""

from __future__ import annotations

import re

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_BLANK = frozenset(" \t\n\r\x85\u2028\u2029")

Place = tuple[int, int]
_Unit = tuple[str, int, int]
"""A character of the text that folding cannot change, with the source it came from."""


def align(source: str, style: str, text: str) -> list[Place] | None:
    """For each character of `text`, and for its end, the `[start, end)` it came from.

    Characters other than blanks come through YAML's folding unchanged and in order, so they are
    paired one to one; blanks are placed between them.

    Args:
        source: the scalar as it stands in the file, with its quotes or its block header.
        style: `""` plain, `'`, `"`, `|`, `>`.
        text: what the YAML reader made of it.

    Returns:
        None where the two do not fit together.

    >>> align("'it''s'", "'", "it's")
    [(1, 2), (2, 3), (3, 5), (5, 6), (6, 6)]
    """
    units, begin, end = _units(source, style)
    places: list[Place] = []
    at = begin
    following = iter([*units, ("", end, end)])
    unit = next(following)
    for character in text:
        if unit[0] == character:
            places.append((unit[1], unit[2]))
            at = unit[2]
            unit = next(following)
        elif character in _BLANK:
            width = 1 if at < unit[1] else 0
            places.append((at, at + width))
            at += width
        else:
            return None
    if unit[0]:
        return None
    last = places[-1][1] if places else begin
    places.append((last, last))
    return places


def _units(source: str, style: str) -> tuple[list[_Unit], int, int]:
    if style in {"|", ">"}:
        header = _LINE_BREAK.search(source)
        begin = header.end() if header else len(source)
        # A literal block starts its text behind the indentation of its first line.
        while style == "|" and begin < len(source) and source[begin] == " ":
            begin += 1
        return _solid(source, begin, len(source)), begin, len(source)
    if style == "'":
        return _single(source), 1, len(source) - 1
    if style == '"':
        return _double(source), 1, len(source) - 1
    return _solid(source, 0, len(source)), 0, len(source)


def _solid(source: str, begin: int, end: int) -> list[_Unit]:
    return [(source[i], i, i + 1) for i in range(begin, end) if source[i] not in _BLANK]


def _single(source: str) -> list[_Unit]:
    units, at = [], 1
    while at < len(source) - 1:
        width = 2 if source.startswith("''", at) else 1
        if source[at] not in _BLANK:
            units.append((source[at], at, at + width))
        at += width
    return units


def _double(source: str) -> list[_Unit]:
    units, at = [], 1
    while at < len(source) - 1:
        character, width = source[at], 1
        if character == "\\":
            sign = source[at + 1]
            width = 2
            if sign in _HEX:
                width += _HEX[sign]
                character = chr(int(source[at + 2 : at + width], 16))
            elif sign in _ESCAPES:
                character = _ESCAPES[sign]
            else:  # an escaped line break joins two lines and leaves no character
                at += width
                continue
            units.append((character, at, at + width))
        elif character not in _BLANK:
            units.append((character, at, at + 1))
        at += width
    return units
