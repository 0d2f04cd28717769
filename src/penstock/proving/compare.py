"""Compares rows as a multiset, and says cell by cell what differs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.proving.equality import comparable, same

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from penstock.program import Column

# Pairs of rows up to which the best assignment is looked for, not just a good one.
_EXHAUSTIVE = 250_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is not what was expected.

    Attributes:
        row: number of the expected row, from 1.
    """

    row: int
    column: str
    expected: Any
    got: Any


@dataclass(slots=True)
class Comparison:
    """What a comparison found.

    Attributes:
        missing: (number, row) of expected rows that nothing comes near.
        unexpected: rows found that were not expected.
    """

    differences: list[Difference] = field(default_factory=list)
    missing: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    unexpected: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether there is no difference."""
        return not (self.differences or self.missing or self.unexpected)


def compare(
    expected: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
    schema: Sequence[Column],
    *,
    ordered: bool = False,
) -> Comparison:
    """Compare rows. An expected row says something about the columns it has, no others."""
    types = {c.name: c.type for c in schema}
    plain = [{name: comparable(v, types.get(name, "")) for name, v in r.items()} for r in found]
    if ordered:
        return _in_order(expected, plain)
    pairs = _assign(expected, plain)
    taken = set(pairs.values())
    left = [i for i in range(len(expected)) if i not in pairs]
    over = [j for j in range(len(plain)) if j not in taken]
    result = Comparison()
    for i, j in _nearest(left, over, expected, plain):
        result.differences += _cells(i, expected[i], plain[j])
        left.remove(i)
        over.remove(j)
    result.differences.sort(key=lambda d: d.row)
    result.missing = [(i + 1, expected[i]) for i in left]
    result.unexpected = [plain[j] for j in over]
    return result


def _matches(expected: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return all(same(value, found.get(name)) for name, value in expected.items())


def _in_order(
    expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> Comparison:
    result = Comparison()
    for i, (want, got) in enumerate(zip(expected, found, strict=False)):
        result.differences += _cells(i, want, got)
    shorter = min(len(expected), len(found))
    result.missing = [(i + 1, expected[i]) for i in range(shorter, len(expected))]
    result.unexpected = list(found[shorter:])
    return result


def _cells(i: int, want: Mapping[str, Any], got: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(i + 1, name, value, got.get(name))
        for name, value in want.items()
        if not same(value, got.get(name))
    ]


def _assign(
    expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> dict[int, int]:
    """Expected row → a found row of its own that it matches, for as many as can be."""
    columns = {tuple(sorted(row)) for row in expected}
    if len(columns) > 1 and len(expected) * len(found) <= _EXHAUSTIVE:
        edges = [[j for j, got in enumerate(found) if _matches(want, got)] for want in expected]
        return _best_assignment(edges)
    # Rows that name the same columns are equal or not: any order of assigning them is best.
    buckets: dict[Hashable, list[int]] = defaultdict(list)
    for names in columns:
        for j, got in enumerate(found):
            buckets[names, _key(got, names)].append(j)
    pairs: dict[int, int] = {}
    free = set(range(len(found)))
    for i, want in enumerate(expected):
        names = tuple(sorted(want))
        near = [j for j in buckets[names, _key(want, names)] if j in free]
        match = next((j for j in near if _matches(want, found[j])), None)
        if match is not None:
            pairs[i] = match
            free.remove(match)
    for i, want in enumerate(expected):
        if i not in pairs and len(free) * len(expected) <= _EXHAUSTIVE:
            match = next((j for j in sorted(free) if _matches(want, found[j])), None)
            if match is not None:
                pairs[i] = match
                free.remove(match)
    return pairs


def _key(row: Mapping[str, Any], names: Sequence[str]) -> Hashable:
    """Equal for rows that are equal, floating-point numbers aside."""
    return tuple(_part(row.get(name)) for name in names)


def _part(value: Any) -> Hashable:
    if isinstance(value, bool) or value is None:
        return (type(value).__name__, value)
    if isinstance(value, int | Decimal):
        return Decimal(value).normalize() if Decimal(value).is_finite() else str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | dict):
        return repr(type(value))
    return value if isinstance(value, str | bytes) else repr(value)


def _best_assignment(edges: Sequence[Sequence[int]]) -> dict[int, int]:
    """A largest matching, by augmenting paths."""
    owner: dict[int, int] = {}
    for start in range(len(edges)):
        came_from: dict[int, int] = {}
        todo = [start]
        end = None
        while todo and end is None:
            i = todo.pop()
            for j in edges[i]:
                if j in came_from:
                    continue
                came_from[j] = i
                if j not in owner:
                    end = j
                    break
                todo.append(owner[j])
        while end is not None:
            i = came_from[end]
            previous = next((j for j, o in owner.items() if o == i), None)
            owner[end] = i
            end = previous
    return {i: j for j, i in owner.items()}


def _nearest(
    left: Sequence[int],
    over: Sequence[int],
    expected: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
) -> list[tuple[int, int]]:
    """Pairs of rows that were probably meant to be the same: most cells alike first."""
    if len(left) * len(over) > _EXHAUSTIVE:
        return []
    scored = []
    for i in left:
        for j in over:
            alike = sum(same(v, found[j].get(name)) for name, v in expected[i].items())
            scored.append((-alike, i, j))
    scored.sort()
    lonely = len(left) == 1 and len(over) == 1
    pairs: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for alike, i, j in scored:
        if (alike < 0 or lonely) and i not in used[0] and j not in used[1]:
            pairs.append((i, j))
            used[0].add(i)
            used[1].add(j)
    return pairs
