"""Doubles: what is outside a function's domain, or beyond the range, is told: both fail there.

NaN and infinity compare as in the portable language: NaN equals NaN and is above every number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.numbers import as_double

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.entry import Rendering

# e to the power of it is the greatest double, and the least.
_MOST, _LEAST = "709.782712893384", "-745.13"


def infinity(engine: Engine) -> str:
    """The infinite double."""
    return f"CAST('{engine.numbers.infinity}' AS {engine.type_name('double')})"


def nan(engine: Engine) -> str:
    """NaN."""
    return f"CAST('NaN' AS {engine.type_name('double')})"


def real(template: str) -> Callable[[Call], str]:
    """A template whose arguments are brought to doubles first; `{nan}`, `{inf}` are those."""

    def render(call: Call) -> str:
        args = [as_double(call, i) for i in range(len(call.args))]
        double = call.engine.type_name("double")
        return template.format(
            *args, double=double, nan=nan(call.engine), inf=infinity(call.engine)
        )

    return render


def logarithm(of_positive: str) -> str:
    """A logarithm with the values that none has: -Infinity of 0, NaN of what is below."""
    return (
        "CASE WHEN {0} = 0 THEN - {inf} WHEN {0} < 0 THEN {nan} WHEN {0} >= {inf} THEN {0}"
        f" ELSE {of_positive} END"
    )


def _of_finite(made: str) -> str:
    """Of an infinite angle NaN."""
    return f"CASE WHEN ABS({{0}}) < {{inf}} THEN {made} WHEN {{0}} IS NOT NULL THEN {{nan}} END"


def _within_one(made: str) -> str:
    return f"CASE WHEN ABS({{0}}) <= 1 THEN {made} WHEN {{0}} IS NOT NULL THEN {{nan}} END"


_ROOT = "CASE WHEN {0} < 0 THEN {nan} WHEN {0} >= {inf} THEN {0} ELSE SQRT({0}) END"
_EXP = (
    "CASE WHEN {0} >= {inf} THEN {0}"
    f" WHEN {{0}} > {_MOST} THEN {{inf}} WHEN {{0}} < {_LEAST} THEN CAST(0 AS {{double}})"
    " ELSE EXP({0}) END"
)
_EVEN = (
    "CASE WHEN NOT (ABS({0}) < 9007199254740992) THEN {0}"
    " WHEN {0} >= 0 THEN 2 * CEIL({0} / 2) ELSE 2 * FLOOR({0} / 2) END"
)
# https://en.cppreference.com/w/c/numeric/math/pow: the cases that IEEE 754 names, one by one.
_ODD = "{1} = TRUNC({1}) AND ABS({1}) < 9007199254740992 AND 2 * TRUNC({1} / 2) <> {1}"
_LARGE = "{1} * LN(ABS({0}))"
POW = (
    "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL"
    " WHEN {1} = 0 OR {0} = 1 THEN CAST(1 AS {double})"
    " WHEN {0} = {nan} OR {1} = {nan} THEN {nan}"
    " WHEN ABS({1}) = {inf} THEN CASE WHEN ABS({0}) = 1 THEN CAST(1 AS {double})"
    " WHEN (ABS({0}) > 1) = ({1} > 0) THEN {inf} ELSE CAST(0 AS {double}) END"
    " WHEN {0} = 0 THEN CASE WHEN {1} < 0 THEN {inf} ELSE CAST(0 AS {double}) END"
    " WHEN ABS({0}) = {inf} THEN CASE WHEN {1} < 0 THEN CAST(0 AS {double})"
    f" WHEN {{0}} < 0 AND {_ODD} THEN - {{inf}} ELSE {{inf}} END"
    " WHEN {0} < 0 AND {1} <> TRUNC({1}) THEN {nan}"
    f" WHEN {_LARGE} > {_MOST} THEN CASE WHEN {{0}} < 0 AND {_ODD} THEN - {{inf}} ELSE {{inf}} END"
    f" WHEN {_LARGE} < {_LEAST} THEN CAST(0 AS {{double}}) ELSE POWER({{0}}, {{1}}) END"
)
"""`{0}` to the power of `{1}`."""


def power(infinite: str, double: str) -> str:
    """The same with an engine's own spelling of doubles, for its operator."""
    own = {"inf": f"CAST('{infinite}' AS {double})", "nan": f"CAST('NaN' AS {double})"}
    made = POW.replace("{double}", double)
    for word, sql in own.items():
        made = made.replace(f"{{{word}}}", sql)
    return f"({made})"


FUNCTIONS: dict[str, dict[str, Rendering]] = {
    "sqrt": {"number": real(_ROOT)},
    "pow": {"number, number": real(POW)},
    "exp": {"number": real(_EXP)},
    "ln": {"number": real(logarithm("LN({0})"))},
    "log2": {"number": real(logarithm("LN({0}) / LN(CAST(2 AS {double}))"))},
    "log": {
        "number, number": real(
            "CASE WHEN NOT ({0} > 1) OR {0} IS NULL OR {0} >= {inf} THEN NULL"
            " WHEN {1} = 0 THEN - {inf} WHEN {1} < 0 THEN {nan} WHEN {1} >= {inf} THEN {1}"
            " ELSE LN({1}) / LN({0}) END"
        ),
    },
    "sin": {"number": real(_of_finite("SIN({0})"))},
    "cos": {"number": real(_of_finite("COS({0})"))},
    "tan": {"number": real(_of_finite("TAN({0})"))},
    "cot": {"number": real(f"CASE WHEN {{0}} = 0 THEN {{inf}} ELSE {_of_finite('COT({0})')} END")},
    "asin": {"number": real(_within_one("ASIN({0})"))},
    "acos": {"number": real(_within_one("ACOS({0})"))},
    "atan": {"number": real("ATAN({0})")},
    "atan2": {"number, number": real("ATAN2({0}, {1})")},
    "degrees": {"number": real("DEGREES({0})")},
    "radians": {"number": real("RADIANS({0})")},
    "pi": {"": "PI()"},
    "even": {"number": real(_EVEN)},
    "isnan": {"double": real("({0} = {nan})"), "number": "({0} <> {0})"},
    "isinf": {"double": real("(ABS({0}) = {inf})"), "number": "({0} <> {0})"},
    "isfinite": {"double": real("(ABS({0}) < {inf})"), "number": "({0} = {0})"},
    "sign": {
        "double": "::CASE WHEN {0} = CAST('NaN' AS {double}) THEN 0 WHEN {0} > 0 THEN 1"
        " WHEN {0} < 0 THEN -1 WHEN {0} = 0 THEN 0 END",
        "number": "::CASE WHEN {0} > 0 THEN 1 WHEN {0} < 0 THEN -1 WHEN {0} = 0 THEN 0 END",
    },
}
"""Function → what it takes → its rendering."""
