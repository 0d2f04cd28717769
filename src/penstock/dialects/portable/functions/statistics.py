"""Statistics: computed in doubles; the same to 1e-12, for sums of doubles depend on their order.

Where values are large beside their spread, such as seconds since 1970, all engines lose digits, and
not the same ones: take a constant away from them first. NULLs are passed over, pairs of which one
is NULL too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.aggregating import (
    by_code_point,
    literally,
    no_distinct,
    no_window,
    over_rows,
)
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.numbers import as_double
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Function, Overload

_SORTED = ("number", "varchar", "boolean", "naive", "timestamptz")


def _statistic(
    name: str,
    meaning: str,
    *overloads: Overload,
    cases: Sequence[str],
    aliases: Sequence[str] = (),
) -> Function:
    return function(
        name,
        "statistics",
        meaning,
        *overloads,
        kind="aggregate",
        aliases=aliases,
        cases=cases,
        over="t_stat",
    )


def _native(call: Call, name: str, *values: str) -> str:
    places = ", ".join(f"{{{i}}}" for i in range(len(values)))
    return over_rows(call, f"{name}({places})", *values)


def _infinity(call: Call) -> str:
    return f"CAST('Infinity' AS {call.engine.type_name('double')})"


def _nan(call: Call) -> str:
    return f"CAST('NaN' AS {call.engine.type_name('double')})"


def _constant(call: Call, value: str, *, beside: str = "") -> str:
    """Whether a value is the same in all rows.

    PostgreSQL's sums leave a rest of some 1e-34 for a value such as 0.1, so that what should be 0
    or NULL is neither.
    """
    where = f"{beside} IS NOT NULL" if beside else ""
    least = over_rows(call, "min({0})", value, where=where)
    most = over_rows(call, "max({0})", value, where=where)
    return f"{least} = {most} AND abs({least}) < {_infinity(call)}"


def _spread(name: str) -> Callable[[Call], str]:
    """A variance or standard deviation."""

    def render(call: Call) -> str:
        no_distinct(call)
        value = as_double(call, 0)
        made = _native(call, name, value)
        if call.engine.name != "postgres":
            return made
        return f"CASE WHEN {_constant(call, value)} AND {made} IS NOT NULL THEN 0 ELSE {made} END"

    return render


def _of_pairs(name: str) -> Callable[[Call], str]:
    """A sum of squares or products around the means, of pairs of doubles."""

    def render(call: Call) -> str:
        no_distinct(call)
        y, x = as_double(call, 0), as_double(call, 1)
        made = _native(call, name, y, x)
        sides = {"regr_sxx": ((x, y),), "regr_syy": ((y, x),)}.get(name, ((x, y), (y, x)))
        if call.engine.name == "duckdb":
            # It is infinite or NaN, as the infinite one is the first or the second.
            wild = " OR ".join(_wild(call, *side) for side in sides)
            return f"CASE WHEN {made} IS NOT NULL AND ({wild}) THEN {_nan(call)} ELSE {made} END"
        if call.engine.name == "postgres":
            others = [] if len(sides) == 1 else [f"NOT ({made} = {_nan(call)})"]
            flat = " OR ".join(f"({_constant(call, a, beside=b)})" for a, b in sides)
            known = " AND ".join([f"{made} IS NOT NULL", *others])
            return f"CASE WHEN {known} AND ({flat}) THEN 0 ELSE {made} END"
        return made

    return render


def _wild(call: Call, value: str, beside: str) -> str:
    """Whether a value of the pairs is not finite."""
    wild = f"{beside} IS NOT NULL AND NOT (abs({value}) < {_infinity(call)})"
    return f"{over_rows(call, 'count({0})', f'CASE WHEN {wild} THEN 1 END')} > 0"


def _mean_of_pairs(name: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        no_distinct(call)
        return _native(call, name, as_double(call, 0), as_double(call, 1))

    return render


def _line(name: str) -> Callable[[Call], str]:
    """The line through pairs and how well it fits, NULL where it is not defined.

    Spark's own divide by zero where a side has one value alone, DuckDB's are NaN there.
    """

    def render(call: Call) -> str:
        no_distinct(call)
        y, x = as_double(call, 0), as_double(call, 1)
        if call.engine.name == "spark":
            return f"nullif({_on_spark(call, name, y, x)}, {_nan(call)})"
        made = _native(call, name, y, x)
        if call.engine.name == "duckdb":
            wild = f"{_wild(call, y, x)} OR {_wild(call, x, y)}"
            return f"CASE WHEN NOT ({wild}) THEN nullif({made}, {_nan(call)}) END"
        flat = f"({_constant(call, x, beside=y)})"
        if name == "corr":
            flat = f"({flat} OR ({_constant(call, y, beside=x)}))"
        else:
            level = _constant(call, y, beside=x)
            mean = _native(call, "regr_avgy", y, x)
            exact = {"regr_slope": "0", "regr_r2": "1", "regr_intercept": mean}[name]
            # Of a NaN beside one value alone, r2 is 1 in PostgreSQL.
            finite = f"{made} IS NOT NULL AND {_native(call, 'regr_sxx', y, x)} <> {_nan(call)}"
            exact = f"CASE WHEN {finite} THEN {exact} END"
            made = f"CASE WHEN {level} THEN {exact} ELSE {made} END"
        return f"CASE WHEN NOT {flat} THEN nullif({made}, {_nan(call)}) END"

    return render


def _on_spark(call: Call, name: str, y: str, x: str) -> str:
    sxx, syy, sxy, mean_x, mean_y = (
        _native(call, f"regr_{part}", y, x) for part in ("sxx", "syy", "sxy", "avgx", "avgy")
    )
    slope = f"{sxy} / nullif({sxx}, 0)"
    return {
        "corr": f"{sxy} / nullif(sqrt({sxx} * {syy}), 0)",
        "regr_slope": slope,
        "regr_intercept": f"{mean_y} - {slope} * {mean_x}",
        "regr_r2": f"CASE WHEN {sxx} = 0 THEN NULL WHEN isnan({sxx}) THEN {sxx}"
        f" WHEN {syy} = 0 THEN 1D"
        f" ELSE {sxy} * {sxy} / ({sxx} * {syy}) END",
    }[name]


def share_of(call: Call) -> str:
    """The share of a quantile, which is written in the SQL."""
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


def _continuous(call: Call) -> str:
    no_distinct(call)
    share, value = share_of(call), as_double(call, 0)
    if call.engine.name == "duckdb":
        return over_rows(call, f"quantile_cont({{0}}, {share})", value)
    if call.engine.name == "spark":
        return over_rows(call, f"percentile({{0}}, {share})", value)
    no_window(call)
    # Its own percentile_cont weighs the two neighbours in another way.
    rows = over_rows(
        call, f"array_agg({{0}} ORDER BY {value})", value, where=f"{value} IS NOT NULL"
    )
    return f"penstock.quantile({rows}, {share})"


def _discrete(call: Call) -> str:
    """The value at the place `ceil(share * count)` of the sorted ones, in exact arithmetic."""
    no_distinct(call)
    share, value = share_of(call), call.args[0]
    count = over_rows(call, "count({0})", value)
    kept = f"{value} IS NOT NULL"
    if call.engine.name == "duckdb":
        rows = over_rows(call, f"list({{0}} ORDER BY {literally(value)})", value, where=kept)
        place = f"greatest(1, CAST(ceil(CAST({share} AS DECIMAL(18, 15)) * {count}) AS BIGINT))"
        return f"list_extract({rows}, {place})"
    if call.engine.name == "spark":
        rows = f"array_sort({over_rows(call, 'collect_list({0})', value)})"
        place = f"greatest(1, CAST(ceil(CAST({share} AS DECIMAL(18, 15)) * {count}) AS INT))"
        return f"try_element_at({rows}, {place})"
    no_window(call)
    order = literally(by_code_point(call))
    rows = over_rows(call, f"array_agg({{0}} ORDER BY {order})", value, where=kept)
    place = f"greatest(1, CAST(ceil(CAST({share} AS NUMERIC) * {count}) AS INTEGER))"
    return f"({rows})[{place}]"


def _middle(values: str) -> str:
    """The median of a sorted array of doubles, as Spark writes it."""
    low = f"element_at({values}, CAST(floor((size({values}) + 1) / 2) AS INT))"
    high = f"element_at({values}, CAST(ceil((size({values}) + 1) / 2) AS INT))"
    return f"(CASE WHEN {low} = {high} THEN {low} ELSE ({low} + {high}) / 2 END)"


def _mad(call: Call) -> str:
    no_distinct(call)
    value = as_double(call, 0)
    if call.engine.name == "duckdb":
        return over_rows(call, "mad({0})", value)
    if call.engine.name == "postgres":
        no_window(call)
        rows = over_rows(call, "array_agg({0})", value, where=f"{value} IS NOT NULL")
        return f"penstock.mad({rows})"
    count = over_rows(call, "count({0})", value)
    rows = f"array_sort({over_rows(call, 'collect_list({0})', value)})"
    spread = (
        f"transform(array({rows}), a -> array_sort(transform(a, v -> abs(v - {_middle('a')}))))"
    )
    return f"CASE WHEN {count} > 0 THEN element_at(transform({spread}, b -> {_middle('b')}), 1) END"


def _entropy(call: Call) -> str:
    no_distinct(call)
    value = call.args[0]
    if call.engine.name == "duckdb":
        return _without_dust(over_rows(call, "entropy({0})", value))
    kept = f"{value} IS NOT NULL"
    if call.engine.name == "postgres":
        no_window(call)
        rows = over_rows(call, "array_agg({0})", by_code_point(call), where=kept)
        return f"penstock.entropy({rows})"
    count = f"CAST({over_rows(call, 'count({0})', value)} AS DOUBLE)"
    none = f"CAST(NULL AS {call.engine.type_name(call.types[0])})"
    done = "s.h + CASE WHEN s.n > 0 THEN s.n * log2(s.n) ELSE 0D END"
    lengths = (
        f"aggregate(array_sort({over_rows(call, 'collect_list({0})', value)}),"
        f" named_struct('v', {none}, 'n', 0D, 'h', 0D),"
        f" (s, e) -> CASE WHEN e = s.v THEN named_struct('v', e, 'n', s.n + 1D, 'h', s.h)"
        f" ELSE named_struct('v', e, 'n', 1D, 'h', {done}) END, s -> {done})"
    )
    told = _without_dust(f"log2({count}) - {lengths} / {count}")
    return f"CASE WHEN {count} > 0 THEN {told} ELSE 0D END"


def _without_dust(bits: str) -> str:
    """Of one value alone the bits are 0, which sums of logarithms may miss by a rounding.

    The least that two values can have is more than this in anything that fits in a database.
    """
    return f"CASE WHEN abs({bits}) < 1e-12 THEN 0e0 ELSE {bits} END"


def _shape(name: str) -> Callable[[Call], str]:
    """Skewness or kurtosis of a sample, NULL of too few rows or of one value alone."""
    fewest = 3 if name == "skewness" else 4

    def render(call: Call) -> str:
        no_distinct(call)
        value = as_double(call, 0)
        double = call.engine.type_name("double")
        finite = f"abs({value}) < CAST('Infinity' AS {double})"
        wild = over_rows(call, f"count(CASE WHEN NOT ({literally(finite)}) THEN 1 END)")
        if call.engine.name == "spark" and call.over:
            wild = over_rows(call, "count({0})", f"CASE WHEN NOT ({finite}) THEN 1 END")
        count = over_rows(call, "count({0})", value)
        if call.engine.name == "postgres":
            powers = over_rows(call, "penstock.powers({0})", value, where=finite)
            made = f"penstock.{name}({powers})"
        else:
            made = over_rows(call, f"{name}({{0}})", value, where=finite)
        if call.engine.name == "spark":
            n = f"CAST({count} AS DOUBLE)"
            if name == "skewness":
                made = f"{made} * sqrt({n} * ({n} - 1)) / nullif({n} - 2, 0)"
            else:
                made = f"({n} - 1) / nullif(({n} - 2) * ({n} - 3), 0) * (({n} + 1) * {made} + 6)"
        return (
            f"CASE WHEN {count} < {fewest} THEN NULL"
            f" WHEN {wild} > 0 THEN CAST('NaN' AS {double}) ELSE {made} END"
        )

    return render


_RUNNING = "SELECT id AS k, {0} OVER (PARTITION BY g ORDER BY id) AS v FROM t_stat"


# Without the group of a large offset, where digits are lost.
_X = "CASE WHEN x < 1e8 OR x > 1e10 THEN x END"


def _one(name: str) -> list[str]:
    return [
        f"{name}({_X})",
        f"{name}(d)",
        f"{name}(i)",
        f"{name}(y) FILTER (WHERE o)",
        _RUNNING.format(f"{name}(y)"),
        f"SELECT {name}(v) AS v FROM (SELECT 0.1 + 0 * id AS v FROM t_txt)",
    ]


def _two(name: str) -> list[str]:
    return [
        f"{name}(y, {_X})",
        f"{name}({_X}, y)",
        f"{name}(d, i)",
        f"{name}(y, id) FILTER (WHERE o)",
        _RUNNING.format(f"{name}(y, id * id)"),
        f"SELECT {name}(v, w) AS v FROM (SELECT 0.1 + 0 * id AS v, id AS w FROM t_txt)",
        f"SELECT {name}(w, v) AS v FROM (SELECT 0.1 + 0 * id AS v, id AS w FROM t_txt)",
    ]


_FEW = "NULL of fewer than two values"
FUNCTIONS = (
    *(
        _statistic(
            name,
            f"{what}; NaN where a value is NaN or infinite.",
            on("number", every=_spread(name), gives="double"),
            aliases=aliases,
            cases=_one(name),
        )
        for name, aliases, what in (
            ("stddev_samp", ["stddev"], f"The standard deviation of a sample; {_FEW}"),
            ("stddev_pop", [], "The standard deviation of a population"),
            ("var_samp", ["variance"], f"The variance of a sample; {_FEW}"),
            ("var_pop", [], "The variance of a population"),
        )
    ),
    *(
        _statistic(
            name,
            f"{what} of pairs; NaN where a value is NaN or infinite.",
            on("number, number", every=_of_pairs(name), gives="double"),
            cases=_two(name),
        )
        for name, what in (
            ("covar_samp", "The covariance of a sample"),
            ("covar_pop", "The covariance of a population"),
            ("regr_sxx", "The sum of squares of the second around its mean"),
            ("regr_syy", "The sum of squares of the first around its mean"),
            ("regr_sxy", "The sum of products around the means"),
        )
    ),
    *(
        _statistic(
            name,
            f"The mean of the {what} of pairs (y, x).",
            on("number, number", every=_mean_of_pairs(name), gives="double"),
            cases=_two(name),
        )
        for name, what in (("regr_avgx", "second"), ("regr_avgy", "first"))
    ),
    *(
        _statistic(
            name,
            f"{what} of pairs (y, x); NULL where it is not defined: {never}, or a value is NaN or"
            " infinite.",
            on("number, number", every=_line(name), gives="double"),
            cases=[*_two(name), f"{name}(2, CASE WHEN i > 0 THEN CAST('nan' AS DOUBLE) END)"],
        )
        for name, what, never in (
            ("corr", "The correlation", "one side has one value alone"),
            ("regr_slope", "The slope of the line", "x has one value alone"),
            ("regr_intercept", "The intercept of the line", "x has one value alone"),
            (
                "regr_r2",
                "The share of the variance that the line explains",
                "x has one value alone",
            ),
        )
    ),
    _statistic(
        "regr_count",
        "How many pairs have both values.",
        on(
            "number, number",
            every=lambda call: call.cast(_mean_of_pairs("regr_count")(call)),
            gives="bigint",
        ),
        cases=_two("regr_count"),
    ),
    *(
        _statistic(
            name,
            f"{what} of a sample; NULL of fewer than {few} values or where all are the same, NaN"
            " where one is NaN or infinite. Digits are lost where the values are large beside"
            " their spread.",
            on("number", every=_shape(name), gives="double"),
            cases=[
                f"{name}({_X})",
                f"{name}(y)",
                f"{name}(d)",
                f"{name}(y) FILTER (WHERE o)",
                _RUNNING.format(f"{name}(y)"),
            ],
        )
        for name, what, few in (
            ("skewness", "The skewness", "three"),
            ("kurtosis", "The excess kurtosis", "four"),
        )
    ),
    _statistic(
        "quantile_cont",
        "The value at a share of the sorted ones, between two of them in proportion, as a double;"
        " NaN sorts above all. The share is written in the SQL. Also"
        " `percentile_cont(q) WITHIN GROUP (ORDER BY x)`, and `approx_quantile`, which is exact.",
        on("number, number", every=_continuous, gives="double"),
        aliases=["approx_quantile"],
        cases=[
            "quantile_cont(x, 0.5)",
            "quantile_cont(d, 0.25)",
            "quantile_cont(i, 0.9)",
            "quantile_cont(x, 0)",
            "quantile_cont(x, 1)",
            "quantile_cont(y, 0.3) FILTER (WHERE o)",
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY y)",
            "percentile_cont(0.25) WITHIN GROUP (ORDER BY i)",
            "approx_quantile(d, 0.75)",
            _RUNNING.format("quantile_cont(y, 0.4)"),
        ],
    ),
    _statistic(
        "quantile_disc",
        "The value at the place `ceil(share * count)` of the sorted ones, in its own type; text is"
        " sorted by code point, NaN above all."
        " Also `percentile_disc(q) WITHIN GROUP (ORDER BY x)`.",
        *(on(f"{f}, number", every=_discrete, gives="{0}") for f in _SORTED),
        aliases=["quantile"],
        cases=[
            "quantile_disc(x, 0.5)",
            "quantile_disc(d, 0.25)",
            "quantile_disc(i, 0.9)",
            "quantile_disc(t, 0.5)",
            "quantile_disc(x, 0)",
            "quantile_disc(x, 1)",
            "quantile(i, 0.3) FILTER (WHERE o)",
            "percentile_disc(0.07) WITHIN GROUP (ORDER BY id)",
            "percentile_disc(0.5) WITHIN GROUP (ORDER BY t)",
            _RUNNING.format("quantile_disc(i, 0.5)"),
        ],
    ),
    _statistic(
        "median",
        "The middle of the sorted values, of two of them the mean, as a double.",
        on("number", every=_continuous, gives="double"),
        cases=_one("median"),
    ),
    _statistic(
        "mad",
        "The median of the distances from the median, as a double.",
        on("number", every=_mad, gives="double"),
        cases=["mad(d)", "mad(i)", "mad(y)", "mad(y) FILTER (WHERE o)"],
    ),
    _statistic(
        "entropy",
        "The entropy of the values in bits; 0 of none.",
        on("number", every=_entropy, gives="double"),
        on("varchar", every=_entropy, gives="double"),
        cases=[
            "entropy(t)",
            "entropy(i)",
            "entropy(d)",
            "entropy(t) FILTER (WHERE o)",
            "entropy('one')",
        ],
    ),
)
