"""The syntax of dates and zones, written as calls of functions of the set."""

from __future__ import annotations

from sqlglot import exp

from penstock.dialects.portable.calendar import PART_OF
from penstock.dialects.portable.reading import call, called

_NOW: dict[type[exp.Expr], str] = {
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.Localtimestamp: "localtimestamp",
    exp.Localtime: "localtime",
}


def times(tree: exp.Expr) -> exp.Expr:
    """EXTRACT, AT TIME ZONE, CURRENT_DATE and their kind."""
    for node in reversed(list(tree.walk(bfs=False))):
        new = _time_as_call(node)
        if new is node:
            continue
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def _time_as_call(node: exp.Expr) -> exp.Expr:
    """The syntax of dates as calls of functions, so that one declaration holds for both."""
    if isinstance(node, exp.Extract):
        return _part(node.this.name, node.expression)
    if called(node) in ("date_part", "datepart") and len(node.expressions) == 2:
        word, value = node.expressions
        return _part(word.this, value) if isinstance(word, exp.Literal) else node
    if called(node) == "date_add" and len(node.expressions) == 2:
        return exp.Add(this=node.expressions[0], expression=node.expressions[1])
    if isinstance(node, exp.AtTimeZone):
        return call("timezone", node.args["zone"], node.this)
    now = _NOW.get(type(node))
    return node if now is None else call(now)


def _part(word: str, value: exp.Expr) -> exp.Expr:
    part = PART_OF.get(word.lower())
    return call(part, value) if part else call("date_part", exp.Literal.string(word), value)
