"""The drawing of any DAG: nothing overlaps, everything flows to the right."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.observe.report.layout import LAYER_GAP, NODE_WIDTH, lay_out


@st.composite
def dags(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]], list[str]]:
    count = draw(st.integers(1, 14))
    names = [f"n{i}" for i in range(count)]
    heights = {n: float(draw(st.integers(40, 160))) for n in names}
    pairs = list(combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=30)) if pairs else []
    ends = [n for n in names if not any(a == n for a, _ in edges)]
    return heights, edges, draw(st.lists(st.sampled_from(ends), unique=True))


@given(dags())
def test_nodes_stand_clear_of_each_other_and_inside_the_drawing(dag: Any):
    heights, edges, last = dag
    layout = lay_out(heights, edges, last)
    for name, (left, top) in layout.nodes.items():
        assert left >= 0
        assert top >= 0
        assert left + NODE_WIDTH <= layout.width
        assert top + heights[name] <= layout.height
    for a, b in combinations(layout.nodes, 2):
        (left_a, top_a), (left_b, top_b) = layout.nodes[a], layout.nodes[b]
        beside = abs(left_a - left_b) >= NODE_WIDTH + LAYER_GAP
        assert beside or top_a + heights[a] < top_b or top_b + heights[b] < top_a


@given(dags())
def test_every_edge_goes_to_the_right_and_bends_in_every_layer_between(dag: Any):
    heights, edges, last = dag
    layout = lay_out(heights, edges, last)
    for a, b in edges:
        start, end = layout.nodes[a][0], layout.nodes[b][0]
        assert start < end
        between = [x for x, _ in layout.routes[a, b]]
        assert between == [
            x for x in sorted({n[0] for n in layout.nodes.values()}) if start < x < end
        ]


@given(dags())
def test_a_long_edge_passes_beside_the_nodes_and_not_through_them(dag: Any):
    heights, edges, last = dag
    layout = lay_out(heights, edges, last)
    for route in layout.routes.values():
        for x, y in route:
            for name, (left, top) in layout.nodes.items():
                assert x != left or not top < y < top + heights[name]


@given(dags())
def test_targets_are_in_the_last_layer(dag: Any):
    heights, edges, last = dag
    layout = lay_out(heights, edges, last)
    furthest = max(left for left, _ in layout.nodes.values())
    assert all(layout.nodes[name][0] == furthest for name in last)


def test_two_chains_side_by_side_are_straight_and_do_not_cross():
    heights = dict.fromkeys(["a", "b", "a1", "b1", "a2", "b2"], 60.0)
    edges = [("a", "a1"), ("b", "b1"), ("a1", "a2"), ("b1", "b2")]
    nodes = lay_out(dict(reversed(heights.items())), edges).nodes
    assert nodes["a"][1] == nodes["a1"][1] == nodes["a2"][1]
    assert nodes["b"][1] == nodes["b1"][1] == nodes["b2"][1]


def test_crossings_that_can_be_avoided_are_avoided():
    heights = dict.fromkeys(["a", "b", "c", "z", "y", "x"], 60.0)
    nodes = lay_out(heights, [("a", "x"), ("b", "y"), ("c", "z")]).nodes
    upper = sorted("abc", key=lambda n: nodes[n][1])
    lower = sorted("xyz", key=lambda n: nodes[n][1])
    assert [{"a": "x", "b": "y", "c": "z"}[n] for n in upper] == lower


def test_the_same_graph_is_drawn_the_same():
    heights = dict.fromkeys("abcdef", 60.0)
    edges = [("a", "c"), ("b", "c"), ("c", "d"), ("a", "e"), ("e", "f")]
    assert lay_out(heights, edges) == lay_out(heights, edges)


def test_no_nodes_make_an_empty_drawing():
    assert lay_out({}, []).nodes == {}
