"""Rounding and the like of numbers whose kinds the warehouse rounds half away from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.families import numbers_of
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

# The most digits that a double can be rounded to; a power of ten beyond is not exact.
_DIGITS = 15
# Beyond it every double is whole.
_WHOLE_FROM = "4503599627370496"
HALF_AWAY = (
    f"CASE WHEN ABS({{0}}) < {_WHOLE_FROM} THEN TRUNC({{0}})"
    " + CASE WHEN ABS({0} - TRUNC({0})) < 0.5 THEN 0 WHEN {0} < 0 THEN -1 ELSE 1 END ELSE {0} END"
)
"""A double rounded half away from zero where the warehouse does not say how it does."""


def half_even(half_away: str) -> str:
    """A double rounded half to even: the half of such a value lies on no half, so it has no tie."""
    other = half_away.format("({0} / 2)")
    return (
        f"CASE WHEN ABS({{0}}) < {_WHOLE_FROM} AND ABS({{0}} - TRUNC({{0}})) = 0.5"
        f" THEN 2 * ({other}) ELSE {half_away} END"
    )


def digits(call: Call) -> int:
    """The number of digits, which is written in the SQL.

    Raises:
        Refusal: it is not.
    """
    text = call.text(1, "the number of digits") if len(call.args) > 1 else "0"
    try:
        return int(text)
    except ValueError:
        raise Refusal("PSK-PORT-024", f"`{call.name}` takes a whole number of digits") from None


def round_whole(call: Call) -> str:
    """A whole number rounded to tens, hundreds and so on."""
    many = digits(call)
    if many >= 0:
        return call.args[0]
    return call.cast(f"ROUND({call.cast(call.args[0], 'decimal(38,0)')}, {many})")


def exactly(template: str) -> Rendering:
    """A decimal (`{0}`) brought to so many digits (`{1}`)."""

    def render(call: Call) -> str:
        many, value = digits(call), call.args[0]
        scale = numbers_of(call.types[0])[1]
        if many >= scale:
            return call.cast(value)
        if many < 0:
            # Rounded up it may have a digit more than its type holds.
            value = call.cast(value, f"decimal(38,{scale})")
        return call.cast(template.format(value, many))

    return render


def of_double(half: str) -> Rendering:
    """Scaled by a power of ten, brought to a whole double, scaled back, as `round` declares."""

    def render(call: Call) -> str:
        many, value = digits(call), call.args[0]
        double = call.engine.type_name("double")
        if not many:
            return half.format(value)
        if abs(many) > _DIGITS:
            raise Refusal(
                "PSK-PORT-024",
                f"`{call.name}` of a double takes up to {_DIGITS} digits",
                "cast it to a decimal first",
            )
        scale = f"CAST({10 ** abs(many)} AS {double})"
        there, back = ("*", "/") if many > 0 else ("/", "*")
        made = f"({half.format(f'({value} {there} {scale})')}) {back} {scale}"
        return (
            f"CASE WHEN ABS({value}) < 1e-290 THEN CAST(0 AS {double})"
            f" WHEN ABS({value}) < 1e290 THEN {made} ELSE {value} END"
        )

    return render


FUNCTIONS: dict[str, dict[str, Rendering]] = {
    "abs": {"number": "ABS({0})"},
    "ceil": {"whole": "{0}", "decimal": "::CEIL({0})", "double": "CEIL({0})"},
    "floor": {"whole": "{0}", "decimal": "::FLOOR({0})", "double": "FLOOR({0})"},
    "round": {
        "whole, whole?": round_whole,
        "decimal, whole?": exactly("ROUND({0}, {1})"),
        "double, whole?": of_double(HALF_AWAY),
    },
    "trunc": {
        "whole": "{0}",
        "decimal, whole?": exactly("TRUNC({0}, {1})"),
        "double": "TRUNC({0})",
    },
}
"""Function → what it takes → its rendering."""
