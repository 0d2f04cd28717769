"""Statistics on Athena: https://trino.io/docs/406/functions/aggregate.html#statistical-aggregate-functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.aggregating import no_distinct, no_window, over_rows
from penstock.dialects.portable.functions.numbers import as_double
from penstock.dialects.portable.functions.statistics import share_of
from penstock.dialects.portable.warehouses.athena.aggregates import known_rows
from penstock.dialects.portable.warehouses.athena.binding import bound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_PAIR = "number, number"


def _spread(name: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        no_distinct(call)
        return over_rows(call, f"{name}({{0}})", as_double(call, 0))

    return render


def _sides(call: Call) -> tuple[str, str, str, str]:
    """The values of pairs, NULL where the other is, and how often both are there."""
    no_distinct(call)
    y, x = as_double(call, 0), as_double(call, 1)
    one = f"CASE WHEN {x} IS NOT NULL THEN {y} END"
    other = f"CASE WHEN {y} IS NOT NULL THEN {x} END"
    return y, x, one, other


def _count(call: Call) -> str:
    return over_rows(call, "count({0})", _sides(call)[2])


def _mean(of_first: bool) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        value = _sides(call)[2 if of_first else 3]
        total, count = over_rows(call, "sum({0})", value), over_rows(call, "count({0})", value)
        return f"{total} / NULLIF({count}, 0)"

    return render


def _squares(name: str) -> Callable[[Call], str]:
    """A sum of squares or products around the means."""

    def render(call: Call) -> str:
        y, x, one, other = _sides(call)
        count = over_rows(call, "count({0})", one)
        made = {
            "regr_sxx": over_rows(call, "var_pop({0})", other),
            "regr_syy": over_rows(call, "var_pop({0})", one),
            "regr_sxy": over_rows(call, "covar_pop({0}, {1})", y, x),
        }[name]
        return f"{count} * {made}"

    return render


def _covariance(name: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        y, x, *_ = _sides(call)
        return over_rows(call, f"{name}({{0}}, {{1}})", y, x)

    return render


def _line(name: str) -> Callable[[Call], str]:
    """The line through pairs, NULL where it is not defined."""

    def render(call: Call) -> str:
        sums = [_squares(f"regr_{part}")(call) for part in ("sxx", "syy", "sxy")]
        means = [_mean(of_first=True)(call), _mean(of_first=False)(call)]
        sxx, syy, sxy, mean_y, mean_x = (f"m__[{i}]" for i in range(1, 6))
        slope = f"{sxy} / NULLIF({sxx}, 0)"
        made = {
            "corr": f"{sxy} / NULLIF(sqrt({sxx} * {syy}), 0)",
            "regr_slope": slope,
            "regr_intercept": f"{mean_y} - {slope} * {mean_x}",
            "regr_r2": f"CASE WHEN {sxx} = 0 THEN NULL WHEN {syy} = 0 THEN 1e0"
            f" ELSE {sxy} * {sxy} / ({sxx} * {syy}) END",
        }[name]
        found = bound(f"ARRAY[{', '.join(sums + means)}]", made, "m__")
        return bound(found, "CASE WHEN NOT is_nan({x}) THEN {x} END")

    return render


def _shape(name: str) -> Callable[[Call], str]:
    """Skewness or kurtosis of a sample by its powers around the mean."""

    def render(call: Call) -> str:
        no_distinct(call)
        value = as_double(call, 0)
        rows = known_rows(call, value)
        mean = "(reduce({x}, 0e0, (s__, e__) -> s__ + e__, s__ -> s__) / cardinality({x}))"

        def power(n: int) -> str:
            each = " * ".join(["(e__ - m__[1])"] * n)
            folded = f"reduce(x__, 0e0, (s__, e__) -> s__ + {each}, s__ -> s__)"
            return f"({folded} / cardinality(x__))"

        n = "CAST(cardinality({x}) AS DOUBLE)"
        if name == "skewness":
            fewest = 3
            # Of all rows, then of a sample.
            ratio = f"{power(3)} / NULLIF(pow({power(2)}, 1.5e0), 0)"
            made = f"{{m}} * sqrt({n} * ({n} - 1)) / ({n} - 2)"
        else:
            fewest = 4
            ratio = f"({power(4)} / NULLIF({power(2)} * {power(2)}, 0) - 3)"
            made = f"({n} - 1) / (({n} - 2) * ({n} - 3)) * (({n} + 1) * {{m}} + 6)"
        inner = f"element_at(transform(ARRAY[ARRAY[{mean}]], m__ -> {ratio}), 1)"
        body = (
            f"CASE WHEN cardinality({{x}}) < {fewest} THEN NULL"
            " WHEN any_match({x}, e__ -> NOT is_finite(e__)) THEN nan()"
            " WHEN {x}[1] = {x}[cardinality({x})] THEN NULL"
            f" ELSE {made.replace('{m}', inner)} END"
        )
        return bound(rows, body)

    return render


def _between(share: str) -> str:
    """The value at a share of the sorted list `{x}`, in proportion between two."""
    at = f"((cardinality({{x}}) - 1) * CAST('{share}' AS DOUBLE))"
    low = f"{{x}}[CAST(floor({at}) AS BIGINT) + 1]"
    high = f"{{x}}[CAST(ceiling({at}) AS BIGINT) + 1]"
    part = f"({at} - floor({at}))"
    return (
        f"CASE WHEN {low} IS NOT DISTINCT FROM {high} THEN {low}"
        f" ELSE {low} * (1 - {part}) + {high} * {part} END"
    )


def _continuous(call: Call) -> str:
    no_distinct(call)
    rows = known_rows(call, as_double(call, 0))
    body = f"CASE WHEN {{x}} IS NOT NULL THEN {_between(share_of(call))} END"
    return bound(rows, body)


def _discrete(call: Call) -> str:
    no_distinct(call)
    share = share_of(call)
    rows = known_rows(call, call.args[0])
    product = f"CAST({share} AS DECIMAL(18, 15)) * cardinality({{x}})"
    place = f"greatest(1, CAST(ceiling({product}) AS BIGINT))"
    return bound(rows, f"CASE WHEN {{x}} IS NOT NULL THEN element_at({{x}}, {place}) END")


def _mad(call: Call) -> str:
    no_distinct(call)
    rows = known_rows(call, as_double(call, 0))
    middle = _between("0.5")
    spread = f"array_sort(transform({{x}}, v__ -> abs(v__ - {middle})))"
    inner = spread.replace("{x}", "x__")
    made = f"element_at(transform(ARRAY[{inner}], y__ -> {middle.replace('{x}', 'y__')}), 1)"
    return bound(rows, f"CASE WHEN {{x}} IS NOT NULL THEN {made} END")


def _entropy(call: Call) -> str:
    no_distinct(call)
    no_window(call)
    rows = known_rows(call, call.args[0])
    kind = call.engine.type_name(call.types[0])
    state = f"ROW(v {kind}, n DOUBLE, h DOUBLE)"
    done = "s__.h + CASE WHEN s__.n > 0 THEN s__.n * log2(s__.n) ELSE 0e0 END"
    start = f"CAST(ROW(NULL, 0e0, 0e0) AS {state})"
    step = (
        "CASE WHEN e__ IS NOT DISTINCT FROM s__.v"
        f" THEN CAST(ROW(e__, s__.n + 1, s__.h) AS {state})"
        f" ELSE CAST(ROW(e__, 1e0, {done}) AS {state}) END"
    )
    lengths = f"reduce({{x}}, {start}, (s__, e__) -> {step}, s__ -> {done})"
    count = "CAST(cardinality({x}) AS DOUBLE)"
    bits = f"log2({count}) - {lengths} / {count}"
    body = f"CASE WHEN {{x}} IS NULL OR abs({bits}) < 1e-12 THEN 0e0 ELSE {bits} END"
    return bound(rows, body)


FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    **{
        name: {"number": _spread(name)}
        for name in ("var_pop", "var_samp", "stddev_pop", "stddev_samp")
    },
    "covar_pop": {_PAIR: _covariance("covar_pop")},
    "covar_samp": {_PAIR: _covariance("covar_samp")},
    "regr_count": {_PAIR: _count},
    "regr_avgy": {_PAIR: _mean(of_first=True)},
    "regr_avgx": {_PAIR: _mean(of_first=False)},
    **{name: {_PAIR: _squares(name)} for name in ("regr_sxx", "regr_syy", "regr_sxy")},
    **{name: {_PAIR: _line(name)} for name in ("corr", "regr_slope", "regr_intercept", "regr_r2")},
    "skewness": {"number": _shape("skewness")},
    "kurtosis": {"number": _shape("kurtosis")},
    "median": {"number": _continuous},
    "quantile_cont": {"number, number": _continuous},
    "quantile_disc": {
        " | ".join(
            f"{f}, number" for f in ("number", "varchar", "boolean", "naive", "timestamptz")
        ): (_discrete)
    },
    "mad": {"number": _mad},
    "entropy": {"number | varchar": _entropy},
}
