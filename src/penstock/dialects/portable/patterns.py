r"""Regular expressions that mean the same in RE2, in Java and in PostgreSQL: their trees.

The subset: characters and classes, `.`, `^` and `$` (of the whole text), groups, `|`, the greedy
quantifiers. Classes are ASCII (`\d` is `[0-9]`), `.` is any character but the line feed. A tree is
written anew for each engine, so that nothing of an engine's own syntax is left in it.
https://github.com/google/re2/wiki/Syntax
https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html
https://www.postgresql.org/docs/16/functions-matching.html#POSIX-SYNTAX-DETAILS
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from penstock.dialects.portable.refusal import Refusal

LAST = 0x10FFFF
MOST_TIMES = 255  # PostgreSQL: DUPMAX
_MOST_DEEP = 50
Ranges: TypeAlias = "tuple[tuple[int, int], ...]"


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set: ranges of code points, in order, apart from each other."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Edge:
    """The start (`^`) or the end (`$`) of the text."""

    sign: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group; `number` is 0 for one that is not counted."""

    inner: Node
    number: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something so many times, as often as can be; `most` is None for any number."""

    inner: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    items: tuple[Node, ...]


Node: TypeAlias = "Chars | Edge | Group | Repeat | Row | Choice"


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    """Ranges in order, those that touch made one.

    >>> merged([(5, 6), (1, 2), (3, 3)])
    ((1, 3), (5, 6))
    """
    made: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(high, made[-1][1]))
        else:
            made.append((low, high))
    return tuple(made)


def others(ranges: Ranges) -> Ranges:
    """Every code point that is not in the ranges.

    >>> others(((0, 9), (11, LAST)))
    ((10, 10),)
    """
    made, at = [], 0
    for low, high in ranges:
        if low > at:
            made.append((at, low - 1))
        at = high + 1
    return tuple(made) if at > LAST else (*made, (at, LAST))


def _of(text: str) -> Ranges:
    pairs = [text[i : i + 3] for i in range(0, len(text), 3)]
    return merged([(ord(p[0]), ord(p[2])) for p in pairs])


_DIGIT, _WORD, _SPACE = _of("0-9"), _of("0-9A-Z_-_a-z"), _of("\t-\n\f-\r - ")
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_NAMED = {
    "alnum": _of("0-9A-Za-z"),
    "alpha": _of("A-Za-z"),
    "blank": _of("\t-\t - "),
    "digit": _DIGIT,
    "lower": _of("a-z"),
    "punct": _of("!-/:-@[-`{-~"),
    "space": _of("\t-\r - "),
    "upper": _of("A-Z"),
    "word": _WORD,
    "xdigit": _of("0-9A-Fa-f"),
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_NOT_PORTABLE = {
    "b": r"\b is ASCII in one engine and Unicode in another: name the characters around the word",
    "B": r"\B is ASCII in one engine and Unicode in another",
    "p": r"\p needs one version of Unicode everywhere: write the letters as a class",
    "P": r"\P needs one version of Unicode everywhere: write the letters as a class",
    "Q": r"\Q: escape each character",
    "Z": r"\Z: use $",
}


@dataclass
class Parser:
    """Reads one pattern.

    Attributes:
        folded: `i`: ASCII letters match whatever their case.
        dotall: `s`: `.` is the line feed too.
        looped: numbers of groups inside a quantifier that may take them more than once.
    """

    text: str
    folded: bool = False
    dotall: bool = False
    at: int = 0
    groups: int = 0
    looped: set[int] = field(default_factory=set)

    def parse(self) -> Node:
        """The tree.

        Raises:
            Refusal: it is outside the subset, with the place in the pattern.
        """
        while self.text.startswith("(?", self.at) and self.text[self.at + 2 : self.at + 3] in (
            "i",
            "s",
        ):
            end = self.text.find(")", self.at)
            flags = self.text[self.at + 2 : end]
            if end < 0 or set(flags) - {"i", "s"}:
                self.refuse("only the flags i and s are portable, for the whole pattern")
            self.folded, self.dotall = self.folded or "i" in flags, self.dotall or "s" in flags
            self.at = end + 1
        made = self._choice(0)
        if self.at < len(self.text):
            self.refuse("a parenthesis that nothing opened")
        return made

    def refuse(self, why: str, at: int | None = None) -> NoReturn:
        """Raise the refusal of what stands at a place."""
        place = self.at if at is None else at
        raise Refusal("PSK-PORT-031", f"character {place + 1} of the pattern: {why}")

    def _choice(self, depth: int) -> Node:
        if depth > _MOST_DEEP:
            self.refuse(f"groups more than {_MOST_DEEP} deep")
        items = [self._row(depth)]
        while self._next("|"):
            items.append(self._row(depth))
        if len(items) > 1 and all(isinstance(i, Chars) for i in items):
            return Chars(merged([r for i in items if isinstance(i, Chars) for r in i.ranges]))
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _row(self, depth: int) -> Node:
        items: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            before = self.groups
            items.append(self._quantified(self._atom(depth), before))
        return items[0] if len(items) == 1 else Row(tuple(items))

    def _next(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def _quantified(self, atom: Node, before: int) -> Node:
        start = self.at
        found = self._times()
        if found is None:
            return atom
        if isinstance(atom, Edge):
            self.refuse("a quantifier of ^ or $", start)
        if self._next("?"):
            self.refuse("a lazy quantifier: name the characters that end it, as in [^,]*", start)
        if self._next("+"):
            self.refuse("a possessive quantifier", start)
        again = self.at
        if self._times() is not None:
            self.refuse("a quantifier of a quantifier", again)
        least, most = found
        if most is None or most > 1:
            self.looped |= set(range(before + 1, self.groups + 1))
        return Repeat(atom, least, most)

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._next(sign):
                return times
        if not self.text.startswith("{", self.at):
            return None
        end = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : end].partition(",")
        if end < 0 or not _number(low) or (high and not _number(high)):
            return None
        least = int(low)
        most = least if not comma else int(high) if high else None
        if max(least, most or 0) > MOST_TIMES:
            self.refuse(f"more than {MOST_TIMES} times")
        if most is not None and most < least:
            self.refuse("the most is less than the least")
        self.at = end + 1
        return least, most

    def _atom(self, depth: int) -> Node:
        start, sign = self.at, self.text[self.at]
        if sign in "*+?":
            self.refuse("a quantifier of nothing")
        self.at += 1
        if sign == "(":
            return self._group(start, depth)
        if sign == "[":
            return Chars(self._class(start))
        if sign == ".":
            return Chars(((0, LAST),) if self.dotall else others(((10, 10),)))
        if sign in "^$":
            return Edge(sign)
        if sign == "\\":
            found = self._escape(start)
            if isinstance(found, Edge):
                return found
            return Chars(found if isinstance(found, tuple) else self._fold(found, found, start))
        return Chars(self._fold(ord(sign), ord(sign), start))

    def _group(self, start: int, depth: int) -> Node:
        number = 0
        if self._next("?"):
            if not self._next(":"):
                kind = self.text[self.at : self.at + 1]
                what = {
                    "=": "look-around",
                    "!": "look-around",
                    "<": "look-around or a named group",
                    "P": "a named group: use its number",
                    ">": "an atomic group",
                }
                self.refuse(what.get(kind, "flags inside the pattern"), start)
        else:
            self.groups += 1
            number = self.groups
        inner = self._choice(depth + 1)
        if not self._next(")"):
            self.refuse("a parenthesis that nothing closes", start)
        return Group(inner, number) if number else inner

    def _fold(self, low: int, high: int, start: int) -> Ranges:
        if low > high:
            self.refuse("a range that ends before it starts", start)
        if low == 0 or 0xD800 <= low <= 0xDFFF or 0xD800 <= high <= 0xDFFF:
            self.refuse("a code point that no text has", start)
        ranges = [(low, high)]
        if self.folded:
            if high > 127 and (low != high or chr(low).lower() != chr(low).upper()):
                self.refuse("letters beyond ASCII without regard to case", start)
            for first, last, by in ((65, 90, 32), (97, 122, -32)):
                if max(low, first) <= min(high, last):
                    ranges.append((max(low, first) + by, min(high, last) + by))
        return merged(ranges)

    def _escape(self, start: int) -> Ranges | int | Edge:
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        if sign in _CLASSES and sign:
            return _CLASSES[sign]
        if sign and sign.lower() in _CLASSES:
            return others(_CLASSES[sign.lower()])
        if sign in _CONTROLS and sign:
            return ord(_CONTROLS[sign])
        if sign == "x":
            return self._code(start)
        if sign in ("A", "z"):
            return Edge("^" if sign == "A" else "$")
        if sign and sign.isascii() and not sign.isalnum():
            return ord(sign)
        if sign.isdigit():
            self.refuse("a reference back to a group", start)
        return self.refuse(_NOT_PORTABLE.get(sign, f"\\{sign} is not portable"), start)

    def _code(self, start: int) -> int:
        if self._next("{"):
            end = self.text.find("}", self.at)
            digits, self.at = self.text[self.at : max(end, self.at)], end + 1
        else:
            digits = self.text[self.at : self.at + 2]
            self.at += 2
        try:
            code = int(digits, 16)
        except ValueError:
            self.refuse("\\x takes two hexadecimal digits, or more in braces", start)
        if code > LAST:
            self.refuse("a code point beyond the last", start)
        return code

    def _class(self, start: int) -> Ranges:
        negated = self._next("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                self.refuse("a class that nothing closes", start)
            first = False
            ranges += self._member()
        self.at += 1
        found = merged(ranges)
        return others(found) if negated else found

    def _member(self) -> Ranges:
        start = self.at
        if self._next("[:"):
            end = self.text.find(":]", self.at)
            name = self.text[self.at : max(end, self.at)]
            inverse = name.startswith("^")
            ranges = _NAMED.get(name.lstrip("^"))
            if ranges is None:
                self.refuse(f"there is no class [:{name}:]", start)
            self.at = end + 2
            if self.folded and name in ("upper", "lower"):
                ranges = _NAMED["alpha"]
            return others(ranges) if inverse else ranges
        low = self._single()
        if isinstance(low, tuple):
            return low
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in (
            "]",
            "",
        ):
            self.at += 1
            high = self._single()
            if isinstance(high, tuple):
                self.refuse("a range to a class", start)
            return self._fold(low, high, start)
        return self._fold(low, low, start)

    def _single(self) -> Ranges | int:
        start = self.at
        sign = self.text[self.at]
        self.at += 1
        if sign == "[" and self.text[self.at : self.at + 1] in (".", "="):
            self.refuse("a collating element", start)
        if sign != "\\":
            return ord(sign)
        found = self._escape(start)
        if isinstance(found, Edge):
            self.refuse("an edge in a class", start)
        return found


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5
