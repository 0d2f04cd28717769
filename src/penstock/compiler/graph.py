"""The graph of datasets: an order in which they can be made, and the cycles that prevent one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def order_of(needs: Mapping[str, Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Names with what each needs before it, and every cycle found as a path.

    Names in a cycle are in the order too, so that the rest can still be worked on. Without
    recursion: a chain of thousands of datasets is fine.

    >>> order_of({"c": ["b"], "b": ["a"], "a": []})
    (['a', 'b', 'c'], [])
    >>> order_of({"a": ["b"], "b": ["a"]})[1]
    [['a', 'b', 'a']]
    """
    done: dict[str, None] = {}
    cycles: list[list[str]] = []
    for start in needs:
        if start in done:
            continue
        path: dict[str, Iterator[str]] = {start: iter(needs[start])}
        while path:
            name = next(reversed(path))
            for needed in path[name]:
                if needed in path:
                    names = list(path)
                    cycles.append([*names[names.index(needed) :], needed])
                elif needed in needs and needed not in done:
                    path[needed] = iter(needs[needed])
                    break
            else:
                done[name] = None
                del path[name]
    return list(done), cycles


def reached(starts: set[str], needs: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything that some of `starts` need, directly or not, and `starts` themselves.

    >>> sorted(reached({"b"}, {"c": ["b"], "b": ["a"], "a": []}))
    ['a', 'b']
    """
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(needs.get(name, ()))
    return found
