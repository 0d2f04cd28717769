"""Units of measure: each with the factor, and for temperatures the offset, to its base unit.

Factors are exact by definition (NIST SP 811, appendix B: international foot, avoirdupois pound,
US liquid gallon).
"""

from __future__ import annotations

from fractions import Fraction

_F = Fraction
# base unit → spelling → factor
_FACTORS: dict[str, dict[str, Fraction]] = {
    "m": {
        "mm": _F(1, 1000), "cm": _F(1, 100), "m": _F(1), "km": _F(1000),
        "in": _F(254, 10000), "ft": _F(3048, 10000), "yd": _F(9144, 10000),
        "mi": _F(1609344, 1000), "nmi": _F(1852),
    },
    "kg": {
        "mg": _F(1, 1_000_000), "g": _F(1, 1000), "kg": _F(1), "t": _F(1000),
        "oz": _F(45359237, 16 * 10**8), "lb": _F(45359237, 10**8),
        "lbs": _F(45359237, 10**8), "st": _F(14 * 45359237, 10**8),
    },
    "l": {
        "ml": _F(1, 1000), "cl": _F(1, 100), "dl": _F(1, 10), "l": _F(1), "hl": _F(100),
        "m3": _F(1000), "gal": _F(3785411784, 10**9), "qt": _F(946352946, 10**9),
        "pt": _F(473176473, 10**9),
    },
    "s": {"ms": _F(1, 1000), "s": _F(1), "sec": _F(1), "min": _F(60), "h": _F(3600),
          "hr": _F(3600), "d": _F(86400), "day": _F(86400), "days": _F(86400)},
    "m/s": {"m/s": _F(1), "km/h": _F(1000, 3600), "kmh": _F(1000, 3600),
            "mph": _F(1609344, 3600 * 1000), "kn": _F(1852, 3600), "kt": _F(1852, 3600)},
    "m2": {"cm2": _F(1, 10000), "m2": _F(1), "ha": _F(10000), "km2": _F(1_000_000),
           "ft2": _F(3048**2, 10**8), "sqft": _F(3048**2, 10**8),
           "ac": _F(43560 * 3048**2, 10**8)},
}  # fmt: skip
_TEMPERATURES = {
    "k": (_F(1), _F(0)),
    "c": (_F(1), _F(27315, 100)),
    "°c": (_F(1), _F(27315, 100)),
    "f": (_F(5, 9), _F(45967, 180)),
    "°f": (_F(5, 9), _F(45967, 180)),
}
_ALL: dict[str, dict[str, tuple[Fraction, Fraction]]] = {
    base: {name: (factor, _F(0)) for name, factor in units.items()}
    for base, units in _FACTORS.items()
} | {"k": _TEMPERATURES}
NAMES = tuple(name for units in _ALL.values() for name in units)


def conversions(unit: str) -> dict[str, tuple[float, float]]:
    """Every spelling of the same dimension → factor and offset to `unit`.

    Raises:
        KeyError: there is no such unit.

    >>> conversions("kg")["lb"], conversions("c")["f"]
    ((0.45359237, 0.0), (0.5555555555555556, -17.77777777777778))
    """
    for units in _ALL.values():
        if unit in units:
            factor, offset = units[unit]
            return {
                name: (float(a / factor), float((b - offset) / factor))
                for name, (a, b) in units.items()
            }
    raise KeyError(unit)
