"""A layered drawing of a DAG: layers left to right, few crossings, straight long edges.

The method of Sugiyama, Tagawa and Toda (1981): assign layers by longest path, give a long edge
a bend in each layer it passes, order each layer by medians of its neighbours, then move every
node as near to its neighbours as the order allows.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NODE_WIDTH = 176
LAYER_GAP = 72
NODE_GAP = 16
BEND_GAP = 12
MARGIN = 14
ORDER_SWEEPS = 8
PLACE_SWEEPS = 20
BEND_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is, in pixels from the top left.

    Attributes:
        nodes: id → (left, top).
        routes: (from, to) → (layer left x, y) of the bends an edge passes, in order.
        order: id → (layer, place within the layer), for moving about with the keyboard.
    """

    width: float
    height: float
    nodes: Mapping[str, tuple[float, float]]
    routes: Mapping[tuple[str, str], Sequence[tuple[float, float]]]
    order: Mapping[str, tuple[int, int]]


@dataclass
class _Graph:
    """The nodes and the bends of long edges, by number; bends come after the nodes."""

    layers: list[list[int]]
    heights: list[float]
    up: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    down: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    bends: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    nodes: int = 0


def lay_out(
    heights: Mapping[str, float], edges: Iterable[tuple[str, str]], last: Iterable[str] = ()
) -> Layout:
    """Lay out nodes of given heights.

    Args:
        edges: (from, to) without a cycle.
        last: nodes drawn in the last layer (the targets), wherever their longest path ends.
    """
    links = list(dict.fromkeys(edges))
    layer = _layers(list(heights), links, set(last))
    graph = _with_bends(heights, links, layer)
    _order(graph)
    centres = _place(graph)
    return _measure(list(heights), graph, layer, centres)


def _layers(nodes: list[str], edges: list[tuple[str, str]], last: set[str]) -> dict[str, int]:
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for a, b in edges:
        above[b].append(a)
        below[a].append(b)
    waiting = {n: len(above[n]) for n in nodes}
    ready = [n for n in nodes if not waiting[n]]
    layer = dict.fromkeys(nodes, 0)
    for node in ready:  # grows while it is walked
        for under in below[node]:
            layer[under] = max(layer[under], layer[node] + 1)
            waiting[under] -= 1
            if not waiting[under]:
                ready.append(under)
    deepest = max(layer.values(), default=0)
    others = max((layer[n] for n in nodes if n not in last), default=-1)
    return {n: max(deepest, others + 1) if n in last else layer[n] for n in nodes}


def _with_bends(
    heights: Mapping[str, float], edges: list[tuple[str, str]], layer: dict[str, int]
) -> _Graph:
    number = {name: i for i, name in enumerate(heights)}
    graph = _Graph([[] for _ in range(max(layer.values(), default=-1) + 1)], list(heights.values()))
    graph.nodes = len(number)
    for name, i in number.items():
        graph.layers[layer[name]].append(i)
    for a, b in edges:
        chain = [number[a]]
        for between in range(layer[a] + 1, layer[b]):
            chain.append(len(graph.heights))
            graph.heights.append(0.0)
            graph.layers[between].append(chain[-1])
        graph.bends[a, b] = chain[1:]
        chain.append(number[b])
        for upper, lower in pairwise(chain):
            graph.down[upper].append(lower)
            graph.up[lower].append(upper)
    return graph


def _order(graph: _Graph) -> None:
    """Sort each layer by the medians of its neighbours, back and forth; keep the best order."""
    best, fewest = [list(x) for x in graph.layers], _crossings(graph)
    place = {n: p for members in graph.layers for n, p in _places(members)}
    for sweep in range(ORDER_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        near = graph.up if downwards else graph.down
        for members in graph.layers if downwards else reversed(graph.layers):
            members.sort(key=lambda n: _median([place[m] for m in near[n]], place[n]))
            place.update(_places(members))
        crossings = _crossings(graph)
        if crossings < fewest:
            best, fewest = [list(x) for x in graph.layers], crossings
    graph.layers = best


def _places(members: list[int]) -> list[tuple[int, float]]:
    """Relative place of each node in its layer, 0 to 1, so that layers of any size compare."""
    return [(n, (i + 0.5) / len(members)) for i, n in enumerate(members)]


def _median(values: list[float], otherwise: float) -> float:
    if not values:
        return otherwise
    values.sort()
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _crossings(graph: _Graph) -> int:
    total = 0
    for upper, lower in pairwise(graph.layers):
        place = {n: i for i, n in enumerate(lower)}
        seen: list[int] = []
        for node in upper:
            ends = sorted(place[n] for n in graph.down[node])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _place(graph: _Graph) -> list[float]:
    """The centre of every node and bend, down the page."""
    centre = [0.0] * len(graph.heights)
    for members in graph.layers:
        top = 0.0
        for before, node in zip([None, *members], members, strict=False):
            top += 0.0 if before is None else _apart(graph, before, node)
            centre[node] = top
        for node in members:
            centre[node] -= top / 2
    for sweep in range(PLACE_SWEEPS):
        near = (graph.up, graph.down)[sweep % 2]
        for members in graph.layers if sweep % 2 == 0 else reversed(graph.layers):
            wanted = [_median([centre[m] for m in near[n]], centre[n]) for n in members]
            for node, y in zip(members, _spread(graph, members, wanted), strict=True):
                centre[node] = y
    return centre


def _apart(graph: _Graph, a: int, b: int) -> float:
    gap = NODE_GAP if a < graph.nodes and b < graph.nodes else BEND_GAP
    return (graph.heights[a] + graph.heights[b]) / 2 + gap


def _spread(graph: _Graph, members: list[int], wanted: list[float]) -> list[float]:
    """The positions nearest to the wanted ones that keep the order and the gaps.

    Least squares under order constraints: pool adjacent violators.
    """
    offset = [0.0]
    for a, b in pairwise(members):
        offset.append(offset[-1] + _apart(graph, a, b))
    blocks: list[tuple[float, float, int]] = []  # mean, weight, members
    for node, y, moved in zip(members, wanted, offset, strict=False):
        mean, weight, size = y - moved, 1.0 if node < graph.nodes else BEND_WEIGHT, 1
        while blocks and blocks[-1][0] > mean:
            other, heavy, more = blocks.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight, size = weight + heavy, size + more
        blocks.append((mean, weight, size))
    means = [mean for mean, _, size in blocks for _ in range(size)]
    return [mean + moved for mean, moved in zip(means, offset, strict=False)]


def _measure(names: list[str], graph: _Graph, layer: dict[str, int], centre: list[float]) -> Layout:
    edges = [(centre[n] - h / 2, centre[n] + h / 2) for n, h in enumerate(graph.heights)]
    top = min((low for low, _ in edges), default=0.0) - MARGIN
    bottom = max((high for _, high in edges), default=0.0) + MARGIN

    def left(index: int) -> float:
        return MARGIN + index * (NODE_WIDTH + LAYER_GAP)

    level = {n: i for i, members in enumerate(graph.layers) for n in members}
    nodes = {name: (left(layer[name]), edges[i][0] - top) for i, name in enumerate(names)}
    routes = {
        edge: [(left(level[b]), centre[b] - top) for b in bends]
        for edge, bends in graph.bends.items()
    }
    order: dict[str, tuple[int, int]] = {}
    for i, members in enumerate(graph.layers):
        real = [n for n in members if n < graph.nodes]
        order |= {names[n]: (i, place) for place, n in enumerate(real)}
    width = left(len(graph.layers)) - LAYER_GAP + MARGIN if names else 0.0
    return Layout(width, bottom - top, nodes, routes, order)
