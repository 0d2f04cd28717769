"""Redshift's numbers.

https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.warehouses.plain import doubles, numbers
from penstock.dialects.portable.warehouses.plain.doubles import real

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering


def _gap(why: str) -> Gap:
    return Gap("notyet", "PSK-PORT-020", why)


_NO_HYPERBOLIC = _gap("Redshift has no hyperbolic functions")
_NO_GCD = _gap("Redshift has no greatest common divisor")


def _extreme(name: str) -> Rendering:
    """NULLs are passed over.

    https://docs.aws.amazon.com/redshift/latest/dg/r_GREATEST_LEAST.html
    """

    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        return args[0] if len(args) == 1 else f"{name}({', '.join(args)})"

    return render


def _widened(template: str) -> Rendering:
    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        return template.format(*args)

    return render


def _factorial(call: Call) -> str:
    made, product = [], 1
    for n in range(34):
        product *= max(n, 1)
        made.append(f"WHEN {n} THEN CAST('{product}' AS DECIMAL(38, 0))")
    value = call.args[0]
    fails = call.engine.failing("factorial is of 0 to 33", value, call.type)
    return f"CASE {value} {' '.join(made)} ELSE CASE WHEN {value} IS NOT NULL THEN {fails} END END"


_COMPARED = "simple, simple… | double… | number…"

FUNCTIONS: dict[str, dict[str, Rendering]] = {
    **doubles.FUNCTIONS,
    **numbers.FUNCTIONS,
    # To base 10: https://docs.aws.amazon.com/redshift/latest/dg/r_LOG.html
    "log10": {"number": real(doubles.logarithm("LOG({0})"))},
    "log": doubles.FUNCTIONS["log"] | {"number": real(doubles.logarithm("LOG({0})"))},
    "cbrt": {"number": real("CBRT({0})")},
    **{n: {"number": _NO_HYPERBOLIC} for n in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    # How it rounds half of a double it does not say.
    "round": numbers.FUNCTIONS["round"]
    | {"double, whole?": numbers.of_double(f"({numbers.HALF_AWAY})")},
    "round_even": {
        "decimal, whole?": _gap("Redshift rounds decimals half away from zero"),
        "double, whole?": numbers.of_double(f"({numbers.half_even(numbers.HALF_AWAY)})"),
    },
    "mod": {"whole, whole": _widened("({0} % NULLIF({1}, 0))")},
    "fmod": {"number, number": _gap("Redshift has no remainder of doubles")},
    "gcd": {"whole, whole": _NO_GCD},
    "lcm": {"whole, whole": _NO_GCD},
    "factorial": {"whole": _factorial},
    "greatest": {_COMPARED: _extreme("GREATEST")},
    "least": {_COMPARED: _extreme("LEAST")},
    # https://docs.aws.amazon.com/redshift/latest/dg/r_OPERATOR_SYMBOLS.html
    # https://docs.aws.amazon.com/redshift/latest/dg/r_VARBYTE_OPERATORS.html
    "xor": {"whole, whole": _gap("Redshift has `#` of bytes, of numbers `&` and the shifts alone")},
    "bit_count": {"whole": _gap("Redshift does not count bits")},
}
"""Function → what it takes → its rendering."""
