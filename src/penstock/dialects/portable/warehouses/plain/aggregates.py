"""Aggregates and statistics without FILTER: the condition is a CASE inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.aggregating import (
    distinct_by_itself,
    keys,
    no_distinct,
    no_window,
    over_rows,
    separator,
)
from penstock.dialects.portable.functions.numbers import as_double
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.plain.doubles import infinity, nan, real

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering


def count_rows(call: Call) -> str:
    """How many rows there are."""
    no_distinct(call)
    return over_rows(call, "COUNT({0})", "*")


def count_several(call: Call) -> str:
    """Combinations whose values are all there: the warehouse passes over the others.

    Raises:
        Refusal: it is not of distinct ones.
    """
    no_distinct(call, unless=True)
    if not call.distinct:
        raise Refusal("PSK-PORT-023", "`count` of several columns is count(DISTINCT a, b)")
    places = ", ".join(f"{{{i}}}" for i in range(len(call.args)))
    return over_rows(call, f"COUNT(DISTINCT {places})", *call.args)


def joined(template: str) -> Rendering:
    """Texts with a separator between, in the order that is given; NULL of none.

    The warehouse's own gives the empty text of none.
    """

    def render(call: Call) -> str:
        distinct_by_itself(call)
        if not call.order:
            raise Refusal(
                "PSK-PORT-028",
                f"what `{call.name}` gives depends on the order of rows",
                f"give it one: {call.name}(x ORDER BY y)",
            )
        no_window(call)
        each = "DISTINCT " if call.distinct else ""
        count = over_rows(call, "COUNT({0})", call.args[0])
        order = keys(call)
        if call.distinct:
            # It is ordered by itself: the condition must stand there too.
            [key] = call.order
            value = over_rows(call, "{0}", call.args[0])
            side = "DESC" if key.descending else "ASC"
            order = f"{value} {side} NULLS {'FIRST' if key.nulls_first else 'LAST'}"
        made = over_rows(
            call, template.format(each=each, between=separator(call), order=order), call.args[0]
        )
        return f"CASE WHEN {count} > 0 THEN {made} END"

    return render


def _finite(call: Call, value: str, *beside: str) -> str:
    """Whether a value is a number that is not infinite, and what is beside it as well."""
    each = (f"ABS({v}) < {infinity(call.engine)}" for v in (value, *beside))
    return " AND ".join(each)


def _wild(call: Call, value: str, *beside: str) -> str:
    """Whether one of the values, or of the pairs that are complete, is NaN or infinite."""
    there = " AND ".join(f"{v} IS NOT NULL" for v in (value, *beside))
    finite = _finite(call, value, *beside)
    return (
        over_rows(call, "COUNT({0})", f"CASE WHEN {there} AND NOT ({finite}) THEN 1 END") + " > 0"
    )


def spread(name: str) -> Rendering:
    """A variance or standard deviation; NaN where a value is NaN or infinite."""

    def render(call: Call) -> str:
        no_distinct(call)
        value = as_double(call, 0)
        made = over_rows(
            call, f"{name}({{0}})", f"CASE WHEN {_finite(call, value)} THEN {value} END"
        )
        count = over_rows(call, "COUNT({0})", value)
        fewest = 2 if name.endswith("SAMP") else 1
        least = over_rows(call, "MIN({0})", value)
        most = over_rows(call, "MAX({0})", value)
        # A sum of the same doubles may leave a rest where there is none.
        return (
            f"CASE WHEN {count} < {fewest} THEN NULL"
            f" WHEN {_wild(call, value)} THEN {nan(call.engine)}"
            f" WHEN {least} = {most} THEN {call.cast('0')} ELSE {made} END"
        )

    return render


# Sums of powers of what is beyond it may be no doubles.
_LARGE = {"skewness": "1e90", "kurtosis": "1e70"}


def shape(name: str) -> Rendering:
    """Skewness or excess kurtosis of a sample, of the sums of powers, as DuckDB does it.

    NaN where a value is NaN or infinite, NULL of too few and where all are the same; it fails where
    the powers are beyond the range of a double, as on DuckDB.
    """
    fewest, bound = 3 if name == "skewness" else 4, _LARGE[name]

    def render(call: Call) -> str:
        no_distinct(call)
        value, double = as_double(call, 0), call.engine.type_name("double")
        kept = f"CASE WHEN {_finite(call, value)} THEN {value} END"
        powers = (" * ".join([f"({kept})"] * i) for i in range(1, fewest + 1))
        one, *higher = (over_rows(call, "SUM({0})", p) for p in powers)
        count = over_rows(call, "COUNT({0})", value)
        n = f"CAST({count} AS {double})"
        mean = f"({one} / NULLIF({n}, 0))"
        second, third, *fourth = (f"({h} / NULLIF({n}, 0))" for h in higher)
        # The moments around the mean, of those around 0.
        m2 = f"NULLIF(GREATEST({second} - {mean} * {mean}, 0), 0)"
        if name == "skewness":
            m3 = f"({third} - 3 * {second} * {mean} + 2 * {mean} * {mean} * {mean})"
            made = f"SQRT({n} * ({n} - 1)) / NULLIF({n} - 2, 0) * {m3} / ({m2} * SQRT({m2}))"
        else:
            m4 = (
                f"({fourth[0]} - 4 * {third} * {mean} + 6 * {second} * {mean} * {mean}"
                f" - 3 * {mean} * {mean} * {mean} * {mean})"
            )
            made = (
                f"({n} - 1) / NULLIF(({n} - 2) * ({n} - 3), 0)"
                f" * (({n} + 1) * {m4} / ({m2} * {m2}) - 3 * ({n} - 1))"
            )
        least, most = (over_rows(call, f"{e}({{0}})", kept) for e in ("MIN", "MAX"))
        fails = call.engine.failing(f"{name} of such large numbers", most, "double")
        return (
            f"CASE WHEN {count} < {fewest} THEN NULL WHEN {_wild(call, value)}"
            f" THEN {nan(call.engine)} WHEN {least} = {most} THEN NULL"
            f" WHEN {least} < -{bound} OR {most} > {bound} THEN {fails} ELSE {made} END"
        )

    return render


def _pairs(call: Call) -> tuple[str, str, str, str]:
    """Both values as doubles; and both of the pairs that are complete and finite."""
    y, x = as_double(call, 0), as_double(call, 1)
    finite = _finite(call, y, x)
    return y, x, f"CASE WHEN {finite} THEN {y} END", f"CASE WHEN {finite} THEN {x} END"


def count_pairs(call: Call) -> str:
    """How many pairs have both values."""
    no_distinct(call)
    both = f"CASE WHEN {call.args[0]} IS NOT NULL AND {call.args[1]} IS NOT NULL THEN 1 END"
    return call.cast(over_rows(call, "COUNT({0})", both))


def mean_of_pairs(number: int) -> Rendering:
    """The mean of the first or second values of the pairs that have both."""

    def render(call: Call) -> str:
        no_distinct(call)
        value, other = as_double(call, number), call.args[1 - number]
        kept = f"CASE WHEN {other} IS NOT NULL THEN {value} END"
        total, count = over_rows(call, "SUM({0})", kept), over_rows(call, "COUNT({0})", kept)
        return f"{total} / NULLIF({count}, 0)"

    return render


def _means(call: Call, y: str, x: str) -> tuple[str, str, str]:
    """Number of pairs and the means, of what stands for a pair in no other way."""
    count = over_rows(call, "COUNT({0})", y)
    return (
        count,
        f"({over_rows(call, 'SUM({0})', y)} / NULLIF({count}, 0))",
        f"({over_rows(call, 'SUM({0})', x)} / NULLIF({count}, 0))",
    )


_NATIVE = {
    "covar_pop": "COVAR_POP({0}, {1})",
    "covar_samp": "COVAR_SAMP({0}, {1})",
    "regr_sxx": "REGR_SXX({0}, {1})",
    "regr_syy": "REGR_SYY({0}, {1})",
    "regr_sxy": "REGR_SXY({0}, {1})",
}


def of_pairs(name: str) -> Callable[[Call], str]:
    """A sum of squares or products around the means, of pairs; NaN where one is not finite."""

    def render(call: Call) -> str:
        no_distinct(call)
        y, x, kept_y, kept_x = _pairs(call)
        made = over_rows(call, _NATIVE[name], kept_y, kept_x)
        count = over_rows(call, "COUNT({0})", kept_y)
        wild = _wild(call, y, x)
        if name in ("regr_sxx", "regr_syy"):
            # Only the one side is looked at.
            value, other = (x, y) if name == "regr_sxx" else (y, x)
            there = f"CASE WHEN {value} IS NOT NULL AND {other} IS NOT NULL"
            wild = over_rows(
                call, "COUNT({0})", f"{there} AND NOT ({_finite(call, value)}) THEN 1 END"
            )
            wild = f"{wild} > 0"
            kept = f"{there} AND {_finite(call, value)} THEN {value} END"
            # Both sides the same: the other may be infinite.
            made = over_rows(call, _NATIVE[name], kept, kept)
            count = over_rows(call, "COUNT({0})", kept)
            flats = [kept]
        else:
            flats = [kept_y, kept_x]
        fewest = 2 if name == "covar_samp" else 1
        level = " OR ".join(
            f"{over_rows(call, 'MIN({0})', v)} = {over_rows(call, 'MAX({0})', v)}" for v in flats
        )
        none = f"{count} < {fewest}"
        return (
            f"CASE WHEN {wild} THEN {nan(call.engine)} WHEN {none} THEN NULL"
            f" WHEN {level} THEN {call.cast('0')} ELSE {made} END"
        )

    return render


def line(name: str) -> Callable[[Call], str]:
    """The line through pairs and how well it fits; NULL where it is not defined."""

    def render(call: Call) -> str:
        no_distinct(call)
        y, x, kept_y, kept_x = _pairs(call)
        sxx, syy, sxy = (
            over_rows(call, _NATIVE[f"regr_{n}"], kept_y, kept_x) for n in ("sxx", "syy", "sxy")
        )
        _, mean_y, mean_x = _means(call, kept_y, kept_x)
        flat, level = (
            f"{over_rows(call, 'MIN({0})', v)} = {over_rows(call, 'MAX({0})', v)}"
            for v in (kept_x, kept_y)
        )
        slope = f"{sxy} / NULLIF({sxx}, 0)"
        made, exact = {
            "corr": (f"{sxy} / NULLIF(SQRT({sxx} * {syy}), 0)", "NULL"),
            "regr_slope": (slope, call.cast("0")),
            "regr_intercept": (f"{mean_y} - {slope} * {mean_x}", mean_y),
            "regr_r2": (f"{sxy} * {sxy} / NULLIF({sxx} * {syy}, 0)", call.cast("1")),
        }[name]
        return (
            f"CASE WHEN {_wild(call, y, x)} OR {flat} THEN NULL"
            f" WHEN {level} THEN {exact} ELSE {made} END"
        )

    return render


def share(call: Call) -> str:
    """The share of a quantile, which is written in the SQL.

    Raises:
        Refusal: it is not, or no share.
    """
    if len(call.args) < 2:
        return "0.5"
    text = call.text(1, "the share")
    try:
        inside = 0 <= float(text) <= 1
    except ValueError:
        inside = False
    if not inside or "e" in text.lower():
        raise Refusal("PSK-PORT-024", f"the share of `{call.name}` is a number from 0 to 1")
    return text


def quantile(call: Call) -> str:
    """The value at a share of the sorted ones, between two of them in proportion."""
    no_distinct(call)
    no_window(call)
    value = over_rows(call, "{0}", as_double(call, 0))
    return f"PERCENTILE_CONT({share(call)}) WITHIN GROUP (ORDER BY {value})"


def geometric(call: Call) -> str:
    """The geometric mean: 0 where a value is 0, NaN where one is below."""
    no_distinct(call)
    logarithm = real(
        "CASE WHEN {0} = 0 THEN - {inf} WHEN {0} < 0 THEN {nan} WHEN {0} >= {inf} THEN {0}"
        " ELSE LN({0}) END"
    )(call)
    value, double = as_double(call, 0), call.engine.type_name("double")
    nothing = over_rows(call, "COUNT({0})", f"CASE WHEN {value} = 0 THEN 1 END")
    wrong = over_rows(
        call, "COUNT({0})", f"CASE WHEN {value} < 0 OR {value} = {nan(call.engine)} THEN 1 END"
    )
    endless = over_rows(
        call, "COUNT({0})", f"CASE WHEN {value} = {infinity(call.engine)} THEN 1 END"
    )
    known = f"CASE WHEN {value} > 0 AND {value} < {infinity(call.engine)} THEN {logarithm} END"
    total = over_rows(call, "SUM({0})", known)
    count = over_rows(call, "COUNT({0})", call.args[0])
    return (
        f"CASE WHEN {wrong} > 0 THEN {nan(call.engine)}"
        f" WHEN {nothing} > 0 THEN CASE WHEN {endless} > 0 THEN {nan(call.engine)}"
        f" ELSE CAST(0 AS {double}) END"
        f" WHEN {endless} > 0 THEN {infinity(call.engine)}"
        f" ELSE EXP({total} / NULLIF({count}, 0)) END"
    )


PAIRS = ("covar_samp", "covar_pop", "regr_sxx", "regr_syy", "regr_sxy")
LINES = ("corr", "regr_slope", "regr_intercept", "regr_r2")
SPREADS = ("stddev_samp", "stddev_pop", "var_samp", "var_pop")
