"""Redshift's aggregates and statistics.

https://docs.aws.amazon.com/redshift/latest/dg/c_Aggregate_Functions.html
"""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.aggregating import aggregate, no_window
from penstock.dialects.portable.warehouses.plain import aggregates as plain

_VALUES = "number | varchar | boolean | naive | timestamptz"
_SORTED = _VALUES.split(" | ")
_PAIRS = " | ".join(f"{a}, {b}" for a in _SORTED for b in _SORTED)
_OTHERS = "number | varchar | naive | timestamptz"


def _gap(why: str) -> Gap:
    return Gap("notyet", "PSK-PORT-020", why)


_NO_ORDER = _gap("Redshift has no aggregate that takes the first of the rows; use row_number()")
_NO_FOLD = _gap("Redshift has no such aggregate")
# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html
_NO_PAIRS = _gap("Redshift has no aggregates of pairs")
_ONE_COLUMN = _gap("Redshift counts different values of one expression only")
# It leaves out the empty text as it does NULL, and several of them in one statement must share one
# ORDER BY: https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
_NO_EMPTY = _gap("Redshift's LISTAGG leaves out empty texts, with the separators beside them")
# BOOL_AND, BOOL_OR, BIT_AND and BIT_OR are none of the window functions, and COUNT takes no
# DISTINCT there: https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
# https://docs.aws.amazon.com/redshift/latest/dg/r_WF_COUNT.html
_EVERY = aggregate("BOOL_AND({0})", no_window)
_SOME = aggregate("BOOL_OR({0})", no_window)

FUNCTIONS = {
    "count": {
        "": plain.count_rows,
        "any": aggregate("COUNT({distinct}{0})"),
        "any, any…": _ONE_COLUMN,
    },
    "count_distinct_rows": {"any…": _ONE_COLUMN},
    "approx_count_distinct": {"any": aggregate("COUNT(DISTINCT {0})", no_window)},
    "min": {_OTHERS: aggregate("MIN({0})"), "boolean": _EVERY},
    "max": {_OTHERS: aggregate("MAX({0})"), "boolean": _SOME},
    "any_value": {_OTHERS: aggregate("MIN({0})"), "boolean": _EVERY},
    "first": {_VALUES: _NO_ORDER},
    "last": {_VALUES: _NO_ORDER},
    "arg_min": {_PAIRS: _NO_ORDER},
    "arg_max": {_PAIRS: _NO_ORDER},
    "bool_and": {"boolean": _EVERY},
    "bool_or": {"boolean": _SOME},
    "bit_and": {"whole": aggregate("BIT_AND({0})", no_window)},
    "bit_or": {"whole": aggregate("BIT_OR({0})", no_window)},
    "bit_xor": {"whole": _NO_FOLD},
    "geometric_mean": {"number": plain.geometric},
    "string_agg": {"varchar | varchar, varchar": _NO_EMPTY},
    "mode": {_VALUES: _NO_FOLD},
    "product": {"number": _NO_FOLD},
    **{name: {"number": plain.spread(name.upper())} for name in plain.SPREADS},
    **{name: {"number, number": _NO_PAIRS} for name in (*plain.PAIRS, *plain.LINES)},
    "regr_avgx": {"number, number": plain.mean_of_pairs(1)},
    "regr_avgy": {"number, number": plain.mean_of_pairs(0)},
    "regr_count": {"number, number": plain.count_pairs},
    "skewness": {"number": _NO_FOLD},
    "kurtosis": {"number": _NO_FOLD},
    # https://docs.aws.amazon.com/redshift/latest/dg/r_PERCENTILE_CONT.html
    "quantile_cont": {"number, number": plain.quantile},
    "quantile_disc": {
        " | ".join(f"{v}, number" for v in _SORTED): _gap(
            "Redshift's PERCENTILE_DISC is a window function"
        )
    },
    "median": {"number": plain.quantile},
    "mad": {"number": _NO_FOLD},
    "entropy": {"number | varchar": _NO_FOLD},
}
"""Function → what it takes → its rendering."""
