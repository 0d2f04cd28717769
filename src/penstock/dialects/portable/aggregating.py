"""What the aggregates' renderings share: FILTER, OVER, DISTINCT, sorted lists, rows that tie.

Where rows tie in the order that a model gives, the value itself decides: the result is then the
same however an engine reads the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.dialects.portable.call import Call, Ordering

DONE = "done"
"""In `Call.extra`: the rendering has dealt with FILTER and OVER itself."""


def over_rows(call: Call, template: str, *values: str, where: str = "") -> str:
    """One aggregate of the engine over the rows that the call means.

    Args:
        template: `sum({0})`, with the values put in; other SQL in it through `literally`.
        where: a condition more, beside FILTER's.
    """
    call.extra[DONE] = "yes"
    condition = " AND ".join(f"({c})" for c in (call.filter, where) if c)
    window = f" OVER {call.over}" if call.over else ""
    gaps = call.engine.gaps
    if condition and ("filter" in gaps or (window and "window_filter" in gaps)):
        # It takes no FILTER; an aggregate passes over NULLs.
        values = tuple(f"CASE WHEN {condition} THEN {'1' if v == '*' else v} END" for v in values)
        condition = ""
    kept = f" FILTER (WHERE {condition})" if condition else ""
    return f"{template.format(*values)}{kept}{window}"


def literally(sql: str) -> str:
    """SQL as a part of a template: braces in it are braces.

    >>> literally("replace(s, '{', '')")
    "replace(s, '{{', '')"
    """
    return sql.replace("{", "{{").replace("}", "}}")


def aggregate(template: str, check: Callable[[Call], None] | None = None) -> Callable[[Call], str]:
    """A template of the arguments, and `{distinct}`, with FILTER and OVER behind it.

    Args:
        check: refuses what the engine's aggregate does not take.
    """

    def render(call: Call) -> str:
        if check is not None:
            check(call)
        no_distinct(call, unless="{distinct}" in template)
        made = template.replace("{distinct}", "DISTINCT " if call.distinct else "")
        casts = made.startswith("::")
        rows = over_rows(call, made.removeprefix("::"), *call.args)
        return call.cast(rows) if casts else rows

    return render


def no_distinct(call: Call, *, unless: bool = False) -> None:
    """Refuse DISTINCT where it would be passed over, and over a window.

    Raises:
        Refusal: the call has it.
    """
    if call.distinct and call.over:
        raise Refusal("PSK-PORT-029", f"`{call.name}` takes no DISTINCT over a window")
    if call.distinct and not unless:
        raise Refusal("PSK-PORT-023", f"`{call.name}` takes no DISTINCT")


def no_window(call: Call) -> None:
    """Refuse OVER where the engine has none for this aggregate.

    Raises:
        Refusal: the call has it.
    """
    if call.over:
        raise Refusal(
            "PSK-PORT-029",
            f"`{call.name}` takes no OVER on {call.engine.name}",
            "compute it in a GROUP BY and join it",
        )


def whole_partition(call: Call) -> None:
    """Refuse an order or a frame in OVER where the engine's aggregate takes neither.

    Raises:
        Refusal: OVER has one.
    """
    if call.window is None or not (call.framed or call.window.args.get("order") is not None):
        return
    raise Refusal(
        "PSK-PORT-029",
        f"`{call.name}` takes no ORDER BY and no frame in OVER on {call.engine.name}",
        "OVER (PARTITION BY …) alone, or compute it in a GROUP BY and join it",
    )


def by_code_point(call: Call, number: int = 0) -> str:
    """An argument that is compared by code point."""
    collate = call.engine.collate if call.types[number] == "varchar" else ""
    return f"{call.args[number]}{collate}"


def keys(call: Call, *, value: bool = True, backwards: bool = False) -> str:
    """The keys of the call's ORDER BY, and the value at the end, as a part of a template."""
    made = [_key(call, k, backwards=backwards) for k in call.order]
    # An engine may refuse a constant there, and it puts nothing in order.
    constant = call.nodes[0].find(exp.Column, exp.Subquery) is None
    if value and not constant and not any(k.sql == call.args[0] for k in call.order):
        side = "DESC NULLS FIRST" if backwards else "ASC NULLS LAST"
        made.append(f"{by_code_point(call)} {side}")  # ties are its to decide
    return literally(", ".join(made))


def _key(call: Call, key: Ordering, *, backwards: bool) -> str:
    if not backwards:
        return key.text(call.engine)
    turned = type(key)(key.sql, key.type, not key.descending, not key.nulls_first)
    return turned.text(call.engine)


def spark_sorted(call: Call, *, keep_nulls: bool) -> str:
    """Spark has no order inside an aggregate: a list of the values, sorted by the keys."""
    value = call.args[0]
    order = [(k.sql, k.descending, k.nulls_first) for k in call.order]
    if not any(sql == value for sql, _, _ in order):
        order.append((value, False, False))
    fields = [f"'k{i}', {sql}" for i, (sql, _, _) in enumerate(order)]
    row = f"named_struct({', '.join(fields)}, 'v', {value})"
    if not keep_nulls:
        row = f"CASE WHEN {value} IS NOT NULL THEN {row} END"
    rows = over_rows(call, "collect_list({0})", row)
    compared = _comparison([(d, n) for _, d, n in order])
    values = f"transform(array_sort({rows}, (l, r) -> {compared}), e -> e.v)"
    return f"array_distinct({values})" if call.distinct else values


def _comparison(order: Sequence[tuple[bool, bool]]) -> str:
    """-1, 0 or 1 for two rows `l` and `r` of keys `k0`, `k1` and so on."""
    made = "0"
    for i in reversed(range(len(order))):
        descending, nulls_first = order[i]
        a, b = f"l.k{i}", f"r.k{i}"
        null, less = (-1 if nulls_first else 1), (1 if descending else -1)
        made = (
            f"CASE WHEN {a} <=> {b} THEN {made} WHEN {a} IS NULL THEN {null}"
            f" WHEN {b} IS NULL THEN {-null} WHEN {a} < {b} THEN {less} ELSE {-less} END"
        )
    return made


def separator(call: Call) -> str:
    """The text between the parts of `string_agg`, which is written in the SQL."""
    text = call.text(1, "the separator") if len(call.args) > 1 else ","
    return call.string(text)


def distinct_by_itself(call: Call) -> None:
    """Refuse an order of distinct values by something else: it is none.

    Raises:
        Refusal: it is ordered so.
    """
    no_distinct(call, unless=True)
    if call.distinct and any(k.sql != call.args[0] for k in call.order):
        raise Refusal(
            "PSK-PORT-028",
            f"distinct values of `{call.name}` are ordered by themselves alone",
            f"{call.name}(DISTINCT x ORDER BY x)",
        )
