"""Numbers on Athena: https://trino.io/docs/406/functions/math.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.families import name_of, numbers_of
from penstock.dialects.portable.functions.numbers import (
    as_double,
    both,
    digits_of,
    real,
    remainder,
    widened,
)
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.athena.binding import bound, failing
from penstock.dialects.portable.warehouses.athena.engine import HALF_EVEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_MOST_DIGITS = 15


def _plain(*names: str) -> Mapping[str, Mapping[str, Rendering]]:
    """Functions of one double that never fail there either."""
    return {name: {"number": real(f"{name}({{0}})")} for name in names}


def _round_double(half: str) -> Callable[[Call], str]:
    """Scaled by a power of ten, brought to a whole double, scaled back."""

    def render(call: Call) -> str:
        digits, value = digits_of(call), call.args[0]
        if not digits:
            return half.format(value)
        if abs(digits) > _MOST_DIGITS:
            raise Refusal(
                "PSK-PORT-024",
                f"`{call.name}` of a double takes up to {_MOST_DIGITS} digits",
                "cast it to a decimal first",
            )
        scale = f"CAST({10 ** abs(digits)} AS DOUBLE)"
        there, back = ("*", "/") if digits > 0 else ("/", "*")
        made = f"{half.format(f'({value} {there} {scale})')} {back} {scale}"
        return (
            f"CASE WHEN abs({value}) < 1e-290 THEN CAST(0 AS DOUBLE)"
            f" WHEN abs({value}) < 1e290 THEN {made} ELSE {value} END"
        )

    return render


def _round_exactly(call: Call) -> str:
    digits, value = digits_of(call), call.args[0]
    scale = numbers_of(call.types[0])[1]
    if digits >= scale:
        return call.cast(value)
    # A decimal with a digit more: the last may carry.
    wide = f"CAST({value} AS DECIMAL(38, {scale}))"
    return call.cast(f"round({wide}, {digits})")


def _round_whole(call: Call) -> str:
    digits = digits_of(call)
    if digits >= 0:
        return call.args[0]
    return call.cast(f"round(CAST({call.args[0]} AS DECIMAL(38, 0)), {digits})")


def _round_even_exactly(call: Call) -> str:
    """Rounded half away, and one unit back where it was half and that is odd."""
    digits, value = digits_of(call), call.args[0]
    scale = numbers_of(call.types[0])[1]
    if digits >= scale:
        return call.cast(value)
    wide = f"CAST({value} AS DECIMAL(38, {scale}))"
    unit = f"CAST('{_power(digits)}' AS DECIMAL(38, {max(digits, 0)}))"
    up, down = f"round({wide}, {digits})", f"(2 * ({wide} % {unit}))"
    odd = f"truncate({wide} / {unit}) % 2"
    half = f"abs({down}) = {unit}"
    even = f"({wide} - ({wide} % {unit}))"
    return call.cast(f"CASE WHEN {half} AND {odd} = 0 THEN {even} ELSE {up} END")


def _power(digits: int) -> str:
    return f"0.{'0' * (digits - 1)}1" if digits > 0 else str(10**-digits)


def _truncate_exactly(call: Call) -> str:
    digits, value = digits_of(call), call.args[0]
    scale = numbers_of(call.types[0])[1]
    if digits >= scale:
        return call.cast(value)
    wide = f"CAST({value} AS DECIMAL(38, {scale}))"
    return call.cast(f"truncate({wide}, {digits})" if digits else f"truncate({wide})")


def _extreme(name: str) -> Callable[[Call], str]:
    """Its own are NULL where one argument is, and do not know NaN."""

    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        made = "array_max" if name == "greatest" else "array_min"
        rows = f"filter(ARRAY[{', '.join(args)}], x__ -> x__ IS NOT NULL)"
        if call.type != "double":
            return f"{made}({rows})"
        return f"element_at(array_sort({rows}), {-1 if name == 'greatest' else 1})"

    return render


def _bits(call: Call) -> str:
    bits = {"smallint": 16, "integer": 32, "bigint": 64}[name_of(call.types[0])]
    return call.cast(f"bit_count({call.args[0]}, {bits})")


def _factorial(call: Call) -> str:
    items, product = [], 1
    for n in range(34):
        product *= max(n, 1)
        items.append(f"CAST('{product}' AS DECIMAL(38, 0))")
    value = call.args[0]
    return (
        f"CASE WHEN {value} BETWEEN 0 AND 33"
        f" THEN element_at(ARRAY[{', '.join(items)}], {value} + 1)"
        f" WHEN {value} IS NOT NULL THEN {failing(call, 'no factorial')} END"
    )


def _divisor(call: Call) -> tuple[str, str]:
    """Two numbers as decimals, which have room for the size of the least bigint."""
    a, b = (f"abs(CAST({x} AS DECIMAL(38, 0)))" for x in call.args)
    return a, b


def _gcd_of(a: str, b: str) -> str:
    # Euclid's, in at most 93 steps for two bigints.
    step = "(s__, i__) -> IF(s__[2] = 0, s__, ARRAY[s__[2], s__[1] % s__[2]])"
    return f"reduce(sequence(1, 93), ARRAY[{a}, {b}], {step}, s__ -> s__[1])"


def _gcd(call: Call) -> str:
    a, b = _divisor(call)
    known = f"{call.args[0]} IS NOT NULL AND {call.args[1]} IS NOT NULL"
    return f"CASE WHEN {known} THEN {call.cast(_gcd_of(a, b))} END"


def _lcm(call: Call) -> str:
    a, b = _divisor(call)
    product = f"CAST({a} / {_gcd_of(a, b)} AS DECIMAL(38, 0)) * {b}"
    zero = f"{call.args[0]} = 0 OR {call.args[1]} = 0"
    known = f"{call.args[0]} IS NOT NULL AND {call.args[1]} IS NOT NULL"
    made = call.cast(f"CAST({product} AS DECIMAL(38, 0))")
    return f"CASE WHEN {known} THEN CASE WHEN {zero} THEN 0 ELSE {made} END END"


def _even(call: Call) -> str:
    value = as_double(call, 0)
    body = "CASE WHEN {x} >= 0 THEN ceiling({x} / 2) * 2 ELSE floor({x} / 2) * 2 END"
    return bound(value, f"CASE WHEN is_nan({{x}}) THEN {{x}} ELSE {body} END")


def _log1p(y: str) -> str:
    """ln(1 + y) without the digits that 1 + y loses: what was lost is in both ratios.

    W. Kahan; https://docs.oracle.com/cd/E19957-01/806-3568/ncg_goldberg.html, theorem 4.
    """
    body = "CASE WHEN 1 + {x} = 1 THEN {x} ELSE ln(1 + {x}) * {x} / ((1 + {x}) - 1) END"
    return bound(y, body, "y__")


# Near 0 the differences of exponentials and the logarithms of sums lose digits.
_SERIES = "1"
for _n in (156, 110, 72, 42, 20, 6):
    _SERIES = f"1 + {{x}} * {{x}} / {_n} * ({_SERIES})"
_SINH = bound(
    "{0}",
    f"CASE WHEN abs({{x}}) < 0.3 THEN {{x}} * ({_SERIES}) ELSE (exp({{x}}) - exp(-{{x}})) / 2 END",
)
_ASINH = bound(
    "{0}",
    "CASE WHEN abs({x}) = {inf} OR {x} = 0 THEN {x} ELSE sign({x}) *"
    " CASE WHEN abs({x}) > 1e150 THEN ln(abs({x})) + ln(2e0) ELSE "
    + _log1p("abs({x}) + {x} * {x} / (1 + sqrt({x} * {x} + 1))")
    + " END END",
)
_ACOSH = bound(
    "{0}",
    "CASE WHEN {x} < 1 THEN {nan} WHEN {x} > 1e150 THEN ln({x}) + ln(2e0) ELSE "
    + _log1p("{x} - 1 + sqrt(({x} - 1) * ({x} + 1))")
    + " END",
)
_ATANH = bound(
    "{0}",
    "CASE WHEN abs({x}) = 1 THEN {x} * {inf} ELSE " + _log1p("2 * {x} / (1 - {x})") + " / 2 END",
)
_EXTREMES = "simple, simple… | double… | number…"

FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    **_plain("sqrt", "cbrt", "exp", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos"),
    **_plain("atan", "cosh", "tanh", "degrees", "radians"),
    "sinh": {"number": real(_SINH)},
    "asinh": {"number": real(_ASINH)},
    "acosh": {"number": real(_ACOSH)},
    "atanh": {"number": real(_ATANH)},
    "cot": {"number": real("CASE WHEN {0} = 0 THEN {inf} ELSE 1 / tan({0}) END")},
    "atan2": {"number, number": real("atan2({0}, {1})")},
    "pow": {"number, number": real("pow({0}, {1})")},
    "pi": {"": "pi()"},
    "log": {
        "number": real("log10({0})"),
        "number, number": real("CASE WHEN {0} > 1 AND {0} < {inf} THEN ln({1}) / ln({0}) END"),
    },
    "abs": {"number": "abs({0})"},
    "sign": {
        "double": "::CASE WHEN is_nan({0}) THEN 0 ELSE sign({0}) END",
        "number": "::sign({0})",
    },
    "ceil": {"whole": "{0}", "decimal": "::ceiling({0})", "double": "ceiling({0})"},
    "floor": {"whole": "{0}", "decimal": "::floor({0})", "double": "floor({0})"},
    "round": {
        "whole, whole?": _round_whole,
        "decimal, whole?": _round_exactly,
        "double, whole?": _round_double("round({0})"),
    },
    "round_even": {
        "decimal, whole?": _round_even_exactly,
        "double, whole?": _round_double(HALF_EVEN),
    },
    "trunc": {"whole": "{0}", "decimal, whole?": _truncate_exactly, "double": "truncate({0})"},
    "mod": {"whole, whole": lambda call: remainder(call.engine, *both(call))},
    "fmod": {"number, number": real("({0} % NULLIF({1}, 0))")},
    "xor": {"whole, whole": lambda call: call.cast(widened("bitwise_xor({0}, {1})")(call))},
    "bit_count": {"whole": _bits},
    "factorial": {"whole": _factorial},
    "gcd": {"whole, whole": _gcd},
    "lcm": {"whole, whole": _lcm},
    "even": {"number": _even},
    "greatest": {_EXTREMES: _extreme("greatest")},
    "least": {_EXTREMES: _extreme("least")},
    "isnan": {"double": "is_nan({0})", "number": "({0} <> {0})"},
    "isinf": {"double": "is_infinite({0})", "number": "({0} <> {0})"},
    "isfinite": {"double": "is_finite({0})", "number": "({0} = {0})"},
}
