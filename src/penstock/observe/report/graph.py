"""The graph of a run, laid out for drawing: places of nodes, paths of edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.observe.report.layout import LAYER_GAP, NODE_WIDTH, lay_out
from penstock.observe.report.nodes import nodes_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.observe.report.layout import Layout

NODE_HEIGHT = 62
TALLEST = 200
PORT_GAP = 15

Json = dict[str, Any]


def draw_graph(report: Mapping[str, Any], program: Mapping[str, Any]) -> Json:
    """Nodes and edges as the page draws them.

    The nodes are those of `nodes_of`, each with its place: `x`, `y`, `height`, and for moving
    about with the keyboard `layer` and `place` in the layer. An edge has the rows that went
    along it, the SVG `path` and where its label ends.
    """
    nodes = nodes_of(report, program)
    known = {n["id"] for n in nodes}
    edges = [e for e in _edges(program) if e[0] in known and e[1] in known]
    inputs: dict[str, list[str]] = {}
    for upper, lower in edges:
        inputs.setdefault(lower, []).append(upper)
    heights = {n["id"]: _height(len(inputs.get(n["id"], ()))) for n in nodes}
    targets = [n["id"] for n in nodes if n["kind"] == "target"]
    layout = lay_out(heights, edges, targets)
    for node in nodes:
        left, top = layout.nodes[node["id"]]
        layer, place = layout.order[node["id"]]
        node |= {"x": round(left, 1), "y": round(top, 1), "height": heights[node["id"]]}
        node |= {"layer": layer, "place": place}
    return {
        "width": round(layout.width, 1),
        "height": round(layout.height, 1),
        "node_width": NODE_WIDTH,
        "nodes": nodes,
        "edges": _draw_edges(nodes, edges, inputs, layout),
    }


def _edges(program: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [
        (f"dataset:{upper}", f"dataset:{made['dataset']}")
        for made in program.get("statements", ())
        for upper in made["depends_on"]
    ]
    found += [
        (f"dataset:{x['dataset']}", f"target:{x['target']}") for x in program.get("loads", ())
    ]
    return list(dict.fromkeys(found))


def _height(inputs: int) -> float:
    """Tall enough that the numbers on the edges that come in stand clear of each other."""
    return min(TALLEST, max(NODE_HEIGHT, PORT_GAP * inputs + 14))


def _draw_edges(
    nodes: Sequence[Json],
    edges: Sequence[tuple[str, str]],
    inputs: Mapping[str, Sequence[str]],
    layout: Layout,
) -> list[Json]:
    node = {n["id"]: n for n in nodes}
    ports: dict[tuple[str, str], float] = {}
    for lower, uppers in inputs.items():
        arriving = sorted(uppers, key=lambda u: _last_bend(layout, node[u], (u, lower)))
        height = node[lower]["height"]
        gap = min(PORT_GAP, (height - 14) / max(len(arriving) - 1, 1))
        for i, upper in enumerate(arriving):
            middle = node[lower]["y"] + height / 2
            ports[upper, lower] = middle + (i - (len(arriving) - 1) / 2) * gap
    drawn = []
    for edge in edges:
        upper, lower = edge
        y = ports[edge]
        drawn.append(
            {
                "from": upper,
                "to": lower,
                "rows": node[lower]["rows"]
                if node[lower]["kind"] == "target"
                else node[upper]["rows"],
                "path": _path(node[upper], node[lower], y, layout.routes[edge]),
                "label": [round(node[lower]["x"] - 9, 1), round(y - 4, 1)],
            }
        )
    return drawn


def _last_bend(layout: Layout, upper: Json, edge: tuple[str, str]) -> float:
    bends = layout.routes[edge]
    return bends[-1][1] if bends else upper["y"] + upper["height"] / 2


def _path(upper: Json, lower: Json, end: float, bends: Sequence[tuple[float, float]]) -> str:
    x, y = upper["x"] + NODE_WIDTH, upper["y"] + upper["height"] / 2
    parts = [f"M{x:.1f} {y:.1f}"]
    for left, level in bends:
        parts.append(_curve(x, y, left, level) + f"H{left + NODE_WIDTH:.1f}")
        x, y = left + NODE_WIDTH, level
    parts.append(_curve(x, y, lower["x"] - 1, end))
    return "".join(parts)


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    half = LAYER_GAP / 2
    return f"C{x + half:.1f} {y:.1f} {to_x - half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
