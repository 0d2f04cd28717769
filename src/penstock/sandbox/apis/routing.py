"""Which route of an HTTP API a request takes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT = "$default"


def chosen(routes: Iterable[Any], method: str, path: str) -> tuple[Any, dict[str, str]] | None:
    """The route that fits best, and the values of its path variables.

    A path without variables goes before one with, that before a greedy one (`{proxy+}`), and a
    method before `ANY`; last comes `$default`.

    Args:
        routes: moto's, of one API.
        method: such as POST.
        path: without the stage.
    """
    best: tuple[tuple[int, int, bool], Any, dict[str, str]] | None = None
    for route in routes:
        found = _fits(route.route_key, method, path)
        if found is not None and (best is None or found[0] < best[0]):
            best = (found[0], route, found[1])
    return best and (best[1], best[2])


def _fits(key: str, method: str, path: str) -> tuple[tuple[int, int, bool], dict[str, str]] | None:
    """How good a route is, less being better, and its variables; None: it does not fit."""
    if key == DEFAULT:
        return (2, 0, True), {}
    wanted, _, pattern = key.partition(" ")
    if wanted not in (method, "ANY"):
        return None
    parts = re.split(r"\{([\w.-]+\+?)\}", pattern)
    names = parts[1::2]
    text = re.escape(parts[0])
    for name, rest in zip(names, parts[2::2], strict=True):
        text += ("(.+)" if name.endswith("+") else "([^/]+)") + re.escape(rest)
    found = re.fullmatch(text, path)
    if found is None:
        return None
    greedy = any(name.endswith("+") for name in names)
    variables = {name.rstrip("+"): value for name, value in zip(names, found.groups(), strict=True)}
    return (int(greedy), len(names), wanted == "ANY"), variables
