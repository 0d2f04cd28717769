"""Aggregates on Athena: https://trino.io/docs/406/functions/aggregate.html."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.dialects.portable.aggregating import (
    DONE,
    aggregate,
    distinct_by_itself,
    keys,
    no_distinct,
    no_window,
    over_rows,
    separator,
)
from penstock.dialects.portable.families import numbers_of
from penstock.dialects.portable.functions.numbers import as_double, real
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_ONE = "number | varchar | boolean | naive | timestamptz"
_FAMILIES = ("number", "varchar", "boolean", "naive", "timestamptz")


def _count(call: Call) -> str:
    no_distinct(call, unless=True)
    return aggregate("count({distinct}{0})")(call)


def _count_rows(call: Call) -> str:
    no_distinct(call)
    return over_rows(call, "count({0})", "*")


def _count_several(call: Call) -> str:
    no_distinct(call, unless=True)
    if not call.distinct:
        raise Refusal("PSK-PORT-023", "`count` of several columns is count(DISTINCT a, b)")
    there = " AND ".join(f"{a} IS NOT NULL" for a in call.args)
    whole = f"ROW({', '.join(call.args)})"
    return over_rows(call, "count(DISTINCT {0})", f"CASE WHEN {there} THEN {whole} END")


def _count_combinations(call: Call) -> str:
    no_distinct(call)
    return over_rows(call, "count(DISTINCT {0})", f"ROW({', '.join(call.args)})")


def total(call: Call, value: str) -> str:
    """The sum of doubles."""
    each = "DISTINCT " if call.distinct else ""
    return over_rows(call, f"sum({each}{{0}})", value)


def _sum_exact(call: Call) -> str:
    no_distinct(call, unless=True)
    return call.cast(total(call, call.cast(call.args[0])))


def _sum_double(call: Call) -> str:
    no_distinct(call, unless=True)
    return total(call, call.args[0])


def _average(call: Call) -> str:
    no_distinct(call, unless=True)
    each = "DISTINCT " if call.distinct else ""
    value = call.args[0]
    count = over_rows(call, f"count({each}{{0}})", value)
    if call.types[0] == "double":
        made = total(call, value)
    else:
        scale = numbers_of(call.types[0])[1]
        made = f"CAST({total(call, call.cast(value, f'decimal(38,{scale})'))} AS DOUBLE)"
    return f"{made} / NULLIF({count}, 0)"


def _extreme(name: str) -> Callable[[Call], str]:
    """`min` or `max`, with NaN above every number; of booleans too."""

    def render(call: Call) -> str:
        value = call.args[0]
        if call.types[0] != "double":
            return over_rows(call, f"{name}({{0}})", value)
        known = f"CASE WHEN NOT is_nan({value}) THEN {value} END"
        wild = over_rows(call, "count_if({0})", f"is_nan({value})")
        made = over_rows(call, f"{name}({{0}})", known)
        if name == "max":
            return f"CASE WHEN {wild} > 0 THEN nan() ELSE {made} END"
        return f"coalesce({made}, CASE WHEN {wild} > 0 THEN nan() END)"

    return render


def compared(value: str, kind: str) -> list[str]:
    """What a value is compared by inside a ROW."""
    if kind != "double":
        return [value]
    # A ROW with NaN in it is greater and smaller than none.
    return [f"is_nan({value})", f"CASE WHEN is_nan({value}) THEN 0e0 ELSE {value} END"]


def _at(name: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        no_distinct(call)
        value, key = call.args[0], call.args[1]
        there = f"{value} IS NOT NULL AND {key} IS NOT NULL"
        parts = [*compared(key, call.types[1]), *compared(value, call.types[0])]
        row = f"CASE WHEN {there} THEN ROW({', '.join(parts)}) END"
        return over_rows(call, f"{name}({{0}}, {{1}})", value, row)

    return render


def ordered_rows(call: Call, value: str, *, where: str = "") -> str:
    """A list of the values of the rows in the order that is given."""
    no_window(call)
    if call.filter:
        # Beside ORDER BY it takes a condition that is NULL for true.
        call = replace(call, filter=f"coalesce({call.filter}, FALSE)")
    return over_rows(call, f"array_agg({{0}} ORDER BY {keys(call)})", value, where=where)


def _given(call: Call) -> None:
    if not call.order:
        raise Refusal(
            "PSK-PORT-028",
            f"what `{call.name}` gives depends on the order of rows",
            f"give it one: {call.name}(x ORDER BY y)",
        )


def _end(place: int) -> Callable[[Call], str]:
    """The value of the first or last row; of rows that tie the value decides."""

    def render(call: Call) -> str:
        no_distinct(call)
        _given(call)
        return f"element_at({ordered_rows(call, call.args[0])}, {place})"

    return render


def _joined(call: Call) -> str:
    distinct_by_itself(call)
    _given(call)
    rows = ordered_rows(call, call.args[0], where=f"{call.args[0]} IS NOT NULL")
    rows = f"array_distinct({rows})" if call.distinct else rows
    return f"array_join({rows}, {separator(call)})"


def _listed(call: Call) -> str:
    distinct_by_itself(call)
    _given(call)
    rows = ordered_rows(call, call.args[0])
    return f"array_distinct({rows})" if call.distinct else rows


def known_rows(call: Call, value: str, *, where: str = "") -> str:
    """A sorted list of the values that are not NULL; NULL of none."""
    conditions = " AND ".join(c for c in (f"{value} IS NOT NULL", where) if c)
    if call.over:
        # No FILTER there: https://trino.io/docs/406/functions/window.html
        rows = over_rows(call, "array_agg({0})", f"CASE WHEN {conditions} THEN {value} END")
        rows = f"filter({rows}, x__ -> x__ IS NOT NULL)"
        return f"NULLIF(array_sort({rows}), ARRAY[])"
    return f"array_sort({over_rows(call, 'array_agg({0})', value, where=conditions)})"


def _mode(call: Call) -> str:
    no_distinct(call)
    kind = call.engine.type_name(call.types[0])
    state = f"ROW(v {kind}, n BIGINT, best {kind}, most BIGINT)"
    run = "CASE WHEN e__ IS NOT DISTINCT FROM s__.v THEN s__.n + 1 ELSE 1 END"
    step = (
        f"CAST(ROW(e__, {run}, CASE WHEN {run} > s__.most THEN e__ ELSE s__.best END,"
        f" greatest(s__.most, {run})) AS {state})"
    )
    start = f"CAST(ROW(NULL, 0, NULL, 0) AS {state})"
    rows = known_rows(call, call.args[0])
    return f"reduce({rows}, {start}, (s__, e__) -> {step}, s__ -> s__.best)"


def _product(call: Call) -> str:
    no_distinct(call)
    rows = known_rows(call, as_double(call, 0))
    return f"reduce({rows}, 1e0, (a__, e__) -> a__ * e__, a__ -> a__)"


def _geometric(call: Call) -> str:
    no_distinct(call)
    logarithm = real("ln({0})")(call)
    count = over_rows(call, "count({0})", call.args[0])
    return f"exp({total(call, logarithm)} / NULLIF({count}, 0))"


def _bits(call: Call, name: str) -> str:
    no_distinct(call)
    return call.cast(over_rows(call, f"{name}({{0}})", call.args[0]))


def _xor(call: Call) -> str:
    no_distinct(call)
    rows = known_rows(call, call.cast(call.args[0], "bigint"))
    folded = f"reduce({rows}, BIGINT '0', (a__, e__) -> bitwise_xor(a__, e__), a__ -> a__)"
    call.extra[DONE] = "yes"
    return call.cast(folded)


FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    "count": {"": _count_rows, "any": _count, "any, any…": _count_several},
    "count_distinct_rows": {"any…": _count_combinations},
    "approx_count_distinct": {
        "any": lambda call: over_rows(call, "count(DISTINCT {0})", call.args[0])
    },
    "count_if": {"boolean": aggregate("count_if({0})")},
    "sum": {"whole | decimal": _sum_exact, "double": _sum_double},
    "avg": {"number": _average},
    "min": {_ONE: _extreme("min")},
    "max": {_ONE: _extreme("max")},
    "any_value": {_ONE: _extreme("min")},
    "arg_min": {" | ".join(f"{a}, {b}" for a in _FAMILIES for b in _FAMILIES): _at("min_by")},
    "arg_max": {" | ".join(f"{a}, {b}" for a in _FAMILIES for b in _FAMILIES): _at("max_by")},
    "first": {_ONE: _end(1)},
    "last": {_ONE: _end(-1)},
    "array_agg": {_ONE: _listed},
    "string_agg": {"varchar | varchar, varchar": _joined},
    "mode": {_ONE: _mode},
    "product": {"number": _product},
    "geometric_mean": {"number": _geometric},
    "bool_and": {"boolean": aggregate("bool_and({0})")},
    "bool_or": {"boolean": aggregate("bool_or({0})")},
    "bit_and": {"whole": lambda call: _bits(call, "bitwise_and_agg")},
    "bit_or": {"whole": lambda call: _bits(call, "bitwise_or_agg")},
    "bit_xor": {"whole": _xor},
}
