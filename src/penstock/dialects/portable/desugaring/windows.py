"""Windows that are named in WINDOW, and aggregates with FILTER over a window."""

from __future__ import annotations

from sqlglot import exp

from penstock.dialects.portable.desugaring.building import refuse
from penstock.dialects.portable.reading import called, plain, shown

# Aggregates that leave out NULLs, so that a CASE says the same as a FILTER.
_WITHOUT_NULLS = frozenset(
    """count sum avg mean min max bool_and bool_or stddev stddev_samp stddev_pop variance var_samp
    var_pop""".split()  # noqa: SIM905
)


def filtered_windows(tree: exp.Expr) -> None:
    """`sum(x) FILTER (WHERE c) OVER …` is `sum(CASE WHEN c THEN x END) OVER …`."""
    for node in list(tree.find_all(exp.Window)):
        inner = node.this
        if not isinstance(inner, exp.Filter) or called(inner.this) not in _WITHOUT_NULLS:
            continue
        call, condition = inner.this, inner.expression.this
        given = call.expressions[0] if call.expressions else exp.Star()
        if len(call.expressions) > 1 or isinstance(given, (exp.Distinct, exp.Order)):
            continue
        value = exp.Literal.number(1) if isinstance(given, exp.Star) else given.copy()
        case = exp.Case(ifs=[exp.If(this=condition.copy(), true=value)])
        call.set("expressions", [case])
        node.set("this", call)


def named_windows(tree: exp.Expr) -> None:
    """WINDOW w AS (…) is written where w is used.

    Raises:
        Refusal: a window has no definition, or redefines what it takes from another.
    """
    for select in tree.find_all(exp.Select):
        defined = {w.this.name: w for w in select.args.get("windows") or []}
        for node in list(select.find_all(exp.Window)):
            if node.find_ancestor(exp.Select) is not select:
                continue
            _inline(node, defined, set())
        select.set("windows", None)


def _inline(node: exp.Window, defined: dict[str, exp.Window], seen: set[str]) -> None:
    alias = node.args.get("alias")
    if alias is None:
        return
    name = alias.name
    source = defined.get(name)
    if source is None or name in seen:
        raise refuse("PSK-PORT-021", node, f"there is no window `{name}`: {plain(shown(node))}")
    _inline(source, defined, seen | {name})
    for key in ("partition_by", "order", "spec"):
        held = source.args.get(key)
        if held and node.args.get(key):
            raise refuse(
                "PSK-PORT-022", node, f"`{shown(node)}` defines anew what the window `{name}` has"
            )
        if held:
            node.set(key, [h.copy() for h in held] if isinstance(held, list) else held.copy())
    node.set("alias", None)
