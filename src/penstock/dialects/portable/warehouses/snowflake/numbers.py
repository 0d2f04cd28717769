"""Snowflake's numbers.

https://docs.snowflake.com/en/sql-reference/functions-numeric
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.warehouses.plain import doubles, numbers
from penstock.dialects.portable.warehouses.plain.doubles import real

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_NO_GCD = Gap("notyet", "PSK-PORT-020", "Snowflake has no greatest common divisor")
_NO_BITS = Gap("notyet", "PSK-PORT-020", "Snowflake does not count bits")
# e to the power of it is half the greatest double, and more.
_MOST = "709.78"


def _extreme(name: str) -> Rendering:
    """Its GREATEST and LEAST are NULL where one argument is.

    https://docs.snowflake.com/en/sql-reference/functions/greatest_ignore_nulls
    """

    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        return args[0] if len(args) == 1 else f"{name}_IGNORE_NULLS({', '.join(args)})"

    return render


def _widened(template: str) -> Rendering:
    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        return call.cast(template.format(*args))

    return render


def _hyperbolic(name: str, below: str) -> str:
    """What grows as e to the power of its argument."""
    return (
        f"CASE WHEN {{0}} > {_MOST} THEN CASE WHEN {{0}} = {{nan}} THEN {{nan}} ELSE {{inf}} END"
        f" WHEN {{0}} < - {_MOST} THEN {below} ELSE {name}({{0}}) END"
    )


_COMPARED = "simple, simple… | double… | number…"
_HALF_EVEN = numbers.half_even("ROUND({0}, 0)")

FUNCTIONS: dict[str, dict[str, Rendering]] = {
    **doubles.FUNCTIONS,
    **numbers.FUNCTIONS,
    "log10": {"number": real(doubles.logarithm("LOG(10, {0})"))},
    "log": doubles.FUNCTIONS["log"] | {"number": real(doubles.logarithm("LOG(10, {0})"))},
    "cbrt": {"number": real("CBRT({0})")},
    "sinh": {"number": real(_hyperbolic("SINH", "- {inf}"))},
    "cosh": {"number": real(_hyperbolic("COSH", "{inf}"))},
    "tanh": {"number": real("TANH({0})")},
    "asinh": {
        "number": real("CASE WHEN ABS({0}) >= {inf} THEN {0} ELSE SIGN({0}) * ASINH(ABS({0})) END")
    },
    "acosh": {
        "number": real(
            "CASE WHEN {0} < 1 THEN {nan} WHEN {0} >= {inf} THEN {0} ELSE ACOSH({0}) END"
        )
    },
    "atanh": {
        "number": real(
            "CASE WHEN ABS({0}) > 1 THEN {nan} WHEN ABS({0}) = 1 THEN {0} * {inf}"
            " ELSE ATANH({0}) END"
        )
    },
    # https://docs.snowflake.com/en/sql-reference/functions/round
    "round": numbers.FUNCTIONS["round"] | {"double, whole?": numbers.of_double("ROUND({0}, 0)")},
    # A rounding mode is for numbers of fixed places only.
    "round_even": {
        "decimal, whole?": numbers.exactly("ROUND({0}, {1}, 'HALF_TO_EVEN')"),
        "double, whole?": numbers.of_double(_HALF_EVEN),
    },
    "mod": {"whole, whole": _widened("({0} % NULLIF({1}, 0))")},
    "fmod": {"number, number": real("({0} % NULLIF({1}, 0))")},
    "gcd": {"whole, whole": _NO_GCD},
    "lcm": {"whole, whole": _NO_GCD},
    # From 0 to 33: https://docs.snowflake.com/en/sql-reference/functions/factorial
    "factorial": {"whole": "::FACTORIAL({0})"},
    "greatest": {_COMPARED: _extreme("GREATEST")},
    "least": {_COMPARED: _extreme("LEAST")},
    "xor": {"whole, whole": _widened("BITXOR({0}, {1})")},
    "bit_count": {"whole": _NO_BITS},
}
"""Function → what it takes → its rendering."""
