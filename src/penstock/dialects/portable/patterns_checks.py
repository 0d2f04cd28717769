"""Whether engines that try in another order find the same match of a pattern.

RE2 and Java take the first alternative that fits, PostgreSQL the longest match. They agree where
the next character always decides (a deterministic pattern), and for classes with quantifiers one
after the other. `tests/conformance/fuzz_patterns.py` looks for counter-examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.dialects.portable.patterns import (
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Ranges,
    Repeat,
    Row,
)

_MOST_PLACES = 600


def nullable(node: Node) -> bool:
    """Whether the empty text matches."""
    if isinstance(node, Chars):
        return False
    if isinstance(node, Edge):
        return True
    if isinstance(node, Group):
        return nullable(node.inner)
    if isinstance(node, Repeat):
        return node.least == 0 or nullable(node.inner)
    if isinstance(node, Row):
        return all(nullable(i) for i in node.items)
    return any(nullable(i) for i in node.items)


def walk(node: Node) -> list[Node]:
    """A node and all below it."""
    if isinstance(node, (Group, Repeat)):
        return [node, *walk(node.inner)]
    if isinstance(node, (Row, Choice)):
        return [node, *(n for i in node.items for n in walk(i))]
    return [node]


def trimmed(node: Node) -> Node:
    """A pattern without `^` at its start and `$` at its end."""
    items = list(node.items) if isinstance(node, Row) else [node]
    while items and items[0] == Edge("^"):
        items.pop(0)
    while items and items[-1] == Edge("$"):
        items.pop()
    return items[0] if len(items) == 1 else Row(tuple(items))


def one_match(node: Node) -> bool:
    """Whether every engine finds the same match, with the same groups."""
    inner = trimmed(node)
    below = walk(inner)
    if any(isinstance(n, Edge) for n in below):
        return False
    for each in below:
        # An empty turn of a loop, an empty alternative: each engine has its own idea.
        if isinstance(each, Repeat) and nullable(each.inner):
            return False
        if isinstance(each, Choice) and any(nullable(i) for i in each.items):
            return False
    return deterministic(inner, flat=True)


def slow(node: Node) -> bool:
    """Whether an engine that tries one way after the other (Java) may try for ever."""
    for each in walk(node):
        if (
            isinstance(each, Repeat)
            and each.most is None
            and any(isinstance(n, Repeat) and n.most is None for n in walk(each.inner))
            and not deterministic(each)
        ):
            return True
    return False


@dataclass
class _Places:
    """The places of a pattern where a character is taken, and which may follow which."""

    sets: list[Ranges] = field(default_factory=list)
    flat: list[bool] = field(default_factory=list)
    follow: list[set[int]] = field(default_factory=list)

    def of(self, node: Node, *, flat: bool = True) -> tuple[set[int], set[int]]:
        """First and last places of a node; `flat`: it is in no choice and no loop of several."""
        if len(self.sets) > _MOST_PLACES:
            return set(), set()
        if isinstance(node, Chars):
            self.sets.append(node.ranges)
            self.follow.append(set())
            self.flat.append(flat)
            return {len(self.sets) - 1}, {len(self.sets) - 1}
        if isinstance(node, Group):
            return self.of(node.inner, flat=flat)
        if isinstance(node, Repeat):
            return self._repeat(node, flat=flat and isinstance(node.inner, Chars))
        if isinstance(node, Choice):
            found = [self.of(i, flat=False) for i in node.items]
            return set().union(*(f for f, _ in found)), set().union(*(e for _, e in found))
        if isinstance(node, Row):
            return self._row([(self.of(i, flat=flat), nullable(i)) for i in node.items])
        return set(), set()

    def _repeat(self, node: Repeat, *, flat: bool) -> tuple[set[int], set[int]]:
        empty = nullable(node.inner)
        parts = [(self.of(node.inner, flat=flat), empty) for _ in range(node.least)]
        if node.most is None:
            first, last = self.of(node.inner, flat=flat)
            for place in last:
                self.follow[place] |= first
            parts.append(((first, last), True))
        else:
            parts += [(self.of(node.inner, flat=flat), True) for _ in range(node.most - node.least)]
        return self._row(parts)

    def _row(
        self, parts: list[tuple[tuple[set[int], set[int]], bool]]
    ) -> tuple[set[int], set[int]]:
        first: set[int] = set()
        last: set[int] = set()
        started = False
        for (begins, ends), empty in parts:
            for place in last:
                self.follow[place] |= begins
            if not started:
                first |= begins
            started = started or not empty
            last = last | ends if empty else set(ends)
        return first, last


def deterministic(node: Node, *, flat: bool = False) -> bool:
    """Whether the next character always decides where in the pattern it is taken.

    Args:
        flat: two places that are in no choice and no loop of several may both take it.
    """
    places = _Places()
    first, _ = places.of(node)
    if len(places.sets) > _MOST_PLACES:
        return False
    return all(_decided(places, one, flat=flat) for one in (first, *places.follow))


def _decided(places: _Places, those: set[int], *, flat: bool) -> bool:
    ranges = sorted((r, flat and places.flat[p]) for p in those for r in places.sets[p])
    furthest, free = -1, True
    for (low, high), may in ranges:
        if low <= furthest and not (may and free):
            return False
        # All that reach so far must be free to overlap: one that is not must end before.
        free = may if low > furthest else free and may
        furthest = max(furthest, high)
    return True
