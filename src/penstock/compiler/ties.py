"""Pass: warns of orders in which rows may tie where the first of them counts.

`row_number() OVER (ORDER BY day)` numbers the rows of one day as it likes: another engine, or the
same tomorrow, numbers them otherwise. Nothing is said where the order holds a key of the rows that
is known, or every column that is looked at: rows that tie are then the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.compiler.keys import Keys
from penstock.dialects.portable.reading import place, shown

if TYPE_CHECKING:
    from penstock.compiler.sqltext import Model
    from penstock.compiler.state import Compilation

CODE = "PSK-SQL-123"
_FIRST = (
    *(exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead),
    *(exp.FirstValue, exp.LastValue, exp.NthValue),
)


def warn_of_ties(state: Compilation) -> None:
    """Warn at each such window, and at each such LIMIT."""
    keys = Keys(state)
    for name in state.order:
        made, model = state.made.get(name), state.models.get(name)
        if made is None or model is None:
            continue
        for window in model.tree.find_all(exp.Window):
            _window(state, model, window, keys)
        for query in model.tree.find_all(exp.Select):
            if query.args.get("limit") is not None or query.args.get("offset") is not None:
                _limit(state, model, query, keys)


def _window(state: Compilation, model: Model, window: exp.Window, keys: Keys) -> None:
    select = window.find_ancestor(exp.Select)
    if select is None or not _looks_at_order(window):
        return
    parts = _with_named(window, select)
    order = [o for w in parts for o in _ordered(w.args.get("order"))]
    if not order:
        return  # that is refused elsewhere, or every row is a peer
    given = [*order, *(p for w in parts for p in w.args.get("partition_by") or ())]
    covered = {c.name.lower() for c in given if isinstance(c, exp.Column)}
    used = keys.looked_at(select)
    known = keys.of_rows(select)
    if (used is not None and used <= covered) or any(k <= covered for k in known):
        return
    _tell(state, model, window, known, covered)


def _limit(state: Compilation, model: Model, select: exp.Select, keys: Keys) -> None:
    order = _ordered(select.args.get("order"))
    names = keys.outputs(select)
    if not order or names is None:
        return
    covered = set()
    for item in order:
        if isinstance(item, exp.Literal) and item.this.isdigit():
            covered.update(names[int(item.this) - 1 : int(item.this)])
        else:
            covered.add(item.alias_or_name.lower())
            covered |= {
                n for n, e in zip(names, select.expressions, strict=False) if e.unalias() == item
            }
    if covered & {"all"} or set(names) <= covered:
        return
    known = keys.of_result(select)
    if any(k <= covered for k in known):
        return
    _tell(state, model, select.args["order"], known, covered)


def _tell(
    state: Compilation, model: Model, node: exp.Expr, known: list[frozenset[str]], covered: set[str]
) -> None:
    offset, length = place(node)
    missing = [sorted(k - covered) for k in known]
    if missing:
        add = ", ".join(f"`{c}`" for c in min(missing, key=len))
        hint = f"add {add} to the ORDER BY: no two rows share it"
    else:
        hint = "add columns to the ORDER BY until no two rows share them; or make a key known"
    state.tell(
        CODE,
        f"rows may tie in this order, and which is first is then open: {shown(node)}",
        model.span(offset or 0, length),
        hint,
        severity="warning",
    )


def _looks_at_order(window: exp.Window) -> bool:
    call = window.this
    while isinstance(call, (exp.IgnoreNulls, exp.RespectNulls, exp.Filter)):
        call = call.this
    spec = window.args.get("spec")
    if isinstance(call, _FIRST):
        return True
    if spec is None or spec.args.get("kind") != "ROWS":
        return False
    whole = (spec.args.get("start"), spec.args.get("end")) == ("UNBOUNDED", "UNBOUNDED")
    return isinstance(call, exp.Func) and not whole


def _with_named(window: exp.Window, select: exp.Select) -> list[exp.Window]:
    """A window, and those in WINDOW that it goes on from."""
    defined = {w.name.lower(): w for w in select.args.get("windows") or ()}
    found, at = [window], window
    while at.args.get("alias") is not None and len(found) <= len(defined):
        named = defined.get(at.args["alias"].name.lower())
        if named is None:
            break
        found.append(named)
        at = named
    return found


def _ordered(order: exp.Expr | None) -> list[exp.Expr]:
    return [o.this if isinstance(o, exp.Ordered) else o for o in order.expressions] if order else []
