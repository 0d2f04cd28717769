"""Snowflake's aggregates and statistics.

https://docs.snowflake.com/en/sql-reference/functions-aggregation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.aggregating import (
    aggregate,
    keys,
    no_distinct,
    no_window,
    over_rows,
    whole_partition,
)
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.plain import aggregates as plain

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

VALUES = "number | varchar | boolean | naive | timestamptz"
_SORTED = VALUES.split(" | ")
_PAIRS = " | ".join(f"{a}, {b}" for a in _SORTED for b in _SORTED)
_OTHERS = "number | varchar | naive | timestamptz"


def _gap(why: str) -> Gap:
    return Gap("notimpl", "PSK-PORT-020", why)


def _meant(call: Call, *known: str) -> str:
    """A first key that puts the rows which are meant before the others."""
    conditions = [f"({c})" for c in (call.filter, *(f"{k} IS NOT NULL" for k in known)) if c]
    return f"CASE WHEN {' AND '.join(conditions)} THEN 0 ELSE 1 END, " if conditions else ""


def _end(name: str) -> Rendering:
    """`first` or `last` of the rows in the given order.

    ARRAY_AGG leaves out NULLs, so that each value travels in an array of its own.
    https://docs.snowflake.com/en/sql-reference/functions/array_agg
    """

    def render(call: Call) -> str:
        no_distinct(call)
        if not call.order:
            raise Refusal(
                "PSK-PORT-028",
                f"what `{call.name}` gives depends on the order of rows",
                f"give it one: {call.name}(x ORDER BY y)",
            )
        no_window(call)
        rows = over_rows(call, "{0}", f"ARRAY_CONSTRUCT({call.args[0]})")
        order = _meant(call) + keys(call, backwards=name == "last")
        return call.cast(f"GET_PATH(ARRAY_AGG({rows}) WITHIN GROUP (ORDER BY {order}), '[0][0]')")

    return render


def _at(name: str) -> Rendering:
    """The value where another is least or greatest, of rows that tie the least or greatest.

    MIN_BY and MAX_BY take any of them: https://docs.snowflake.com/en/sql-reference/functions/min_by
    """

    def render(call: Call) -> str:
        no_distinct(call)
        no_window(call)
        value, key = call.args
        side = "ASC" if name == "arg_min" else "DESC"
        rows = over_rows(call, "{0}", value, where=f"{key} IS NOT NULL")
        order = f"{_meant(call, key, value)}{key} {side} NULLS LAST, {value} {side} NULLS LAST"
        return call.cast(f"(ARRAY_AGG({rows}) WITHIN GROUP (ORDER BY {order}))[0]")

    return render


def _count_rows_of(call: Call) -> str:
    """Combinations, NULL like any other value: what is NULL is said beside the value."""
    no_distinct(call)
    whole_partition(call)
    parts = [p for a in call.args for p in (f"COALESCE(TO_VARCHAR({a}), '')", f"({a} IS NULL)")]
    places = ", ".join(f"{{{i}}}" for i in range(len(parts)))
    return over_rows(call, f"COUNT(DISTINCT {places})", *parts)


def _discrete(call: Call) -> str:
    no_distinct(call)
    no_window(call)
    value = over_rows(call, "{0}", call.args[0])
    return call.cast(f"PERCENTILE_DISC({plain.share(call)}) WITHIN GROUP (ORDER BY {value})")


def _together(name: str) -> Rendering:
    """Statistics of pairs, which are made of aggregates that take no order and no frame.

    https://docs.snowflake.com/en/sql-reference/functions/covar_pop
    https://docs.snowflake.com/en/sql-reference/functions/regr_sxx
    """
    made = plain.of_pairs(name) if name in plain.PAIRS else plain.line(name)

    def render(call: Call) -> str:
        whole_partition(call)
        return made(call)

    return render


# These take neither an ORDER BY nor a frame in OVER:
# https://docs.snowflake.com/en/sql-reference/functions/booland_agg
# https://docs.snowflake.com/en/sql-reference/functions/boolor_agg
_EVERY = aggregate("BOOLAND_AGG({0})", whole_partition)
_SOME = aggregate("BOOLOR_AGG({0})", whole_partition)
_NO_FOLD = _gap("Snowflake has no such aggregate")

FUNCTIONS = {
    "count": {
        "": plain.count_rows,
        "any": aggregate("COUNT({distinct}{0})"),
        "any, any…": plain.count_several,
    },
    "count_distinct_rows": {"any…": _count_rows_of},
    # DISTINCT is none of an ordered window: https://docs.snowflake.com/en/sql-reference/functions/count
    "approx_count_distinct": {"any": aggregate("COUNT(DISTINCT {0})", whole_partition)},
    "min": {_OTHERS: aggregate("MIN({0})"), "boolean": _EVERY},
    "max": {_OTHERS: aggregate("MAX({0})"), "boolean": _SOME},
    "any_value": {_OTHERS: aggregate("MIN({0})"), "boolean": _EVERY},
    "first": {VALUES: _end("first")},
    "last": {VALUES: _end("last")},
    "arg_min": {_PAIRS: _at("arg_min")},
    "arg_max": {_PAIRS: _at("arg_max")},
    "bool_and": {"boolean": _EVERY},
    "bool_or": {"boolean": _SOME},
    # https://docs.snowflake.com/en/sql-reference/functions/bitand_agg
    "bit_and": {"whole": aggregate("::BITAND_AGG({0})", whole_partition)},
    "bit_or": {"whole": aggregate("::BITOR_AGG({0})", whole_partition)},
    "bit_xor": {"whole": aggregate("::BITXOR_AGG({0})", whole_partition)},
    "geometric_mean": {"number": plain.geometric},
    # The empty text of none: https://docs.snowflake.com/en/sql-reference/functions/listagg
    "string_agg": {
        "varchar | varchar, varchar": plain.joined(
            "LISTAGG({each}{{0}}, {between}) WITHIN GROUP (ORDER BY {order})"
        )
    },
    "mode": {VALUES: _gap("Snowflake's MODE takes any of the values that occur most often")},
    "product": {"number": _NO_FOLD},
    **{name: {"number": plain.spread(name.upper())} for name in plain.SPREADS},
    **{name: {"number, number": _together(name)} for name in (*plain.PAIRS, *plain.LINES)},
    "regr_avgx": {"number, number": plain.mean_of_pairs(1)},
    "regr_avgy": {"number, number": plain.mean_of_pairs(0)},
    "regr_count": {"number, number": plain.count_pairs},
    # KURTOSIS is the same, and takes no order and no frame in OVER. SKEW has the same formula, and
    # no OVER; but what its page shows is 8e-7 of the value beside it. So both are made of sums.
    # https://docs.snowflake.com/en/sql-reference/functions/kurtosis
    # https://docs.snowflake.com/en/sql-reference/functions/skew
    "skewness": {"number": plain.shape("skewness")},
    "kurtosis": {"number": plain.shape("kurtosis")},
    "quantile_cont": {"number, number": plain.quantile},
    "quantile_disc": {
        "number, number": _discrete,
        "varchar, number | boolean, number | naive, number | timestamptz, number": _gap(
            "Snowflake's PERCENTILE_DISC is of numbers"
        ),
    },
    "median": {"number": plain.quantile},
    "mad": {"number": _NO_FOLD},
    "entropy": {"number | varchar": _NO_FOLD},
}
"""Function → what it takes → its rendering."""
