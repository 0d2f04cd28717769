"""Functions of doubles: roots, powers, logarithms, angles.

They never fail: outside its domain one is NaN, beyond the range infinite, as DuckDB has it. Spark
gives NULL for some of these and PostgreSQL fails, so both are told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.numbers import real

if TYPE_CHECKING:
    from penstock.dialects.portable.entry import Function


def _of_double(
    *names: str,
    meaning: str,
    duckdb: str = "",
    spark: str = "",
    postgres: str = "",
    takes: str = "number",
    cases: tuple[str, ...] = (),
) -> Function:
    """A function of doubles that gives one."""
    name = names[0]
    plain = f"{name}({', '.join(f'{{{i}}}' for i in range(len(takes.split(','))))})"
    return function(
        name,
        "numbers",
        meaning,
        on(
            takes,
            duckdb=real(duckdb or plain),
            spark=real(spark or plain),
            postgres=real(postgres or plain),
            gives="double",
        ),
        aliases=names[1:],
        cases=cases or (f"{name}(f)", f"{name}(d)", f"{name}(j)"),
        over="t_num",
    )


FUNCTIONS = (
    _of_double(
        "sqrt",
        meaning="The square root; NaN of what is below zero.",
        postgres="CASE WHEN {0} < 0 THEN {nan} ELSE sqrt({0}) END",
    ),
    _of_double("cbrt", meaning="The cube root."),
    _of_double(
        "pow",
        "power",
        meaning="A number to the power of another, as a double. `pow(0, -1)` is infinite, a root"
        " of what is below zero NaN, what is too large infinite; also `x ** y`.",
        takes="number, number",
        # Java has NaN for these two.
        spark="CASE WHEN ({0} = 1 AND {1} IS NOT NULL) OR ({0} = -1 AND abs({1}) = {inf}) THEN 1D"
        " ELSE pow({0}, {1}) END",
        postgres="penstock.pow({0}, {1})",
        cases=(
            "pow(f, 2)",
            "power(f, j)",
            "pow(i, j)",
            "pow(0, -1)",
            "pow(-8, 0.5)",
            "pow(f, 0)",
            "pow(10, 400)",
            "pow(10, -400)",
            "pow(-10, 401)",
            "pow(d, 0.5)",
            "pow(f, f)",
            "pow(1, f)",
            "pow(-1, CASE WHEN f > 1e19 THEN f END)",
            "pow(j, CAST('inf' AS DOUBLE))",
        ),
    ),
    _of_double(
        "exp",
        meaning="e to a power; infinite beyond 1.8e308.",
        postgres="CASE WHEN {0} > 709.782712893384 AND {0} < {inf} THEN {inf}"
        " WHEN {0} < -745.13 THEN CAST(0 AS {double}) ELSE exp({0}) END",
        cases=("exp(f)", "exp(j)", "exp(d)", "exp(710)", "exp(-746)", "exp(709)", "exp(-700)"),
    ),
    *(
        _of_double(
            name,
            *aliases,
            meaning=f"{what}; -Infinity of 0, NaN of what is below.",
            spark=f"CASE WHEN {{0}} = 0 THEN -{{inf}} WHEN {{0}} < 0 THEN {{nan}} ELSE {sp} END",
            postgres=f"CASE WHEN {{0}} = 0 THEN -{{inf}} WHEN {{0}} < 0 THEN {{nan}} ELSE {pg} END",
        )
        for name, aliases, what, sp, pg in (
            ("ln", (), "The natural logarithm", "ln({0})", "ln({0})"),
            ("log10", (), "The logarithm to base 10", "log10({0})", "log({0})"),
            (
                "log2",
                (),
                "The logarithm to base 2",
                "log2({0})",
                "(ln({0}) / ln(CAST(2 AS DOUBLE PRECISION)))",
            ),
        )
    ),
    function(
        "log",
        "numbers",
        "`log(x)` to base 10, `log(b, x)` to base b; -Infinity of 0, NaN of what is below."
        " The base is above 1, NULL for another.",
        on(
            "number",
            duckdb=real("log10({0})"),
            spark=real("CASE WHEN {0} = 0 THEN -{inf} WHEN {0} < 0 THEN {nan} ELSE log10({0}) END"),
            postgres=real(
                "CASE WHEN {0} = 0 THEN -{inf} WHEN {0} < 0 THEN {nan} ELSE log({0}) END"
            ),
            gives="double",
        ),
        on(
            "number, number",
            every=real(
                "CASE WHEN NOT ({0} > 1) OR {0} IS NULL OR {0} >= {inf} THEN NULL"
                " WHEN {1} = 0 THEN -{inf}"
                " WHEN {1} < 0 THEN {nan} ELSE ln({1}) / ln({0}) END"
            ),
            gives="double",
        ),
        cases=["log(f)", "log(j)", "log(2, f)", "log(f, 8)", "log(10, d)"],
        over="t_num",
    ),
    *(
        _of_double(
            name,
            meaning=f"The {what} of an angle in radians; NaN of an infinite one.",
            postgres=f"CASE WHEN abs({{0}}) = {{inf}} THEN {{nan}} ELSE {name}({{0}}) END",
            cases=(f"{name}(CASE WHEN f < 1e19 OR f > 1e21 THEN f END)", f"{name}(j)"),
        )
        for name, what in (("sin", "sine"), ("cos", "cosine"), ("tan", "tangent"))
    ),
    _of_double(
        "cot",
        meaning="The cotangent of an angle in radians; infinite of 0, NaN of an infinite one.",
        duckdb="CASE WHEN {0} = 0 THEN {inf} ELSE cot({0}) END",
        spark="CASE WHEN {0} = 0 THEN {inf} ELSE cot({0}) END",
        postgres="CASE WHEN abs({0}) = {inf} THEN {nan} WHEN {0} = 0 THEN {inf} ELSE cot({0}) END",
        cases=("cot(CASE WHEN f < 1e19 OR f > 1e21 THEN f END)", "cot(j)"),
    ),
    *(
        _of_double(
            name,
            meaning=f"The angle in radians whose {what} this is; NaN beyond -1 and 1.",
            postgres=f"CASE WHEN abs({{0}}) > 1 THEN {{nan}} ELSE {name}({{0}}) END",
        )
        for name, what in (("asin", "sine"), ("acos", "cosine"))
    ),
    _of_double("atan", meaning="The angle in radians whose tangent this is."),
    _of_double(
        "atan2",
        meaning="The angle in radians of the point (x, y): `atan2(y, x)`.",
        takes="number, number",
        cases=("atan2(f, j)", "atan2(j, f)", "atan2(0, 0)"),
    ),
    _of_double("sinh", meaning="The hyperbolic sine."),
    _of_double("cosh", meaning="The hyperbolic cosine."),
    _of_double("tanh", meaning="The hyperbolic tangent."),
    _of_double(
        "asinh",
        cases=("asinh(f)", "asinh(d)", "asinh(j)", "asinh(f * 1e280)", "asinh(f * 1e-10)"),
        meaning="The inverse hyperbolic sine.",
        # Spark's own, ln(x + sqrt(x² + 1)), loses digits below 1 and most of them below -1e8.
        spark="CASE WHEN abs({0}) = {inf} THEN {0} ELSE signum({0}) * CASE WHEN abs({0}) > 1e150"
        " THEN ln(abs({0})) + ln(2D) ELSE"
        " log1p(abs({0}) + {0} * {0} / (1D + sqrt({0} * {0} + 1D))) END END",
    ),
    _of_double(
        "acosh",
        cases=(
            "acosh(f)",
            "acosh(d)",
            "acosh(j)",
            "acosh(j * 1000000000)",
            "acosh(abs(f) * 1e280)",
            "acosh(1 + abs(f) * 1e-10)",
        ),
        meaning="The inverse hyperbolic cosine; NaN below 1.",
        spark="CASE WHEN {0} < 1 THEN {nan} WHEN {0} > 1e150 THEN ln({0}) + ln(2D)"
        " ELSE log1p({0} - 1D + sqrt(({0} - 1D) * ({0} + 1D))) END",
        postgres="CASE WHEN {0} < 1 THEN {nan} ELSE acosh({0}) END",
    ),
    _of_double(
        "atanh",
        meaning="The inverse hyperbolic tangent; infinite at 1 and -1, NaN beyond.",
        postgres="CASE WHEN abs({0}) > 1 THEN {nan} ELSE atanh({0}) END",
    ),
    _of_double(
        "degrees",
        meaning="Radians in degrees.",
        postgres="penstock.times({0}, CAST('57.29577951308232' AS {double}))",
    ),
    _of_double(
        "radians",
        meaning="Degrees in radians.",
        postgres="penstock.times({0}, CAST('0.017453292519943295' AS {double}))",
        cases=("radians(f)", "radians(d)", "radians(j)", "radians(CAST('5e-324' AS DOUBLE))"),
    ),
    function(
        "pi",
        "numbers",
        "The number π as a double.",
        on("", every="pi()", gives="double"),
        cases=["pi()"],
        over="t_num",
    ),
)
