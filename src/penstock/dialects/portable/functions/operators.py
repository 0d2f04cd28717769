"""The operators, for the page and the suite; their renderings are in `portable/operators.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function

if TYPE_CHECKING:
    from penstock.dialects.portable.entry import Function


def _operator(name: str, meaning: str, cases: list[str], over: str = "t_num") -> Function:
    return function(
        f"operator_{name}", "operators", meaning, kind="operator", cases=cases, over=over
    )


FUNCTIONS = (
    _operator(
        "add",
        "`a + b`: whole numbers fail beyond their type, decimals are exact up to 38 digits,"
        " a double goes on to infinity.",
        [
            "j + 1",
            "b + j",
            "i + 1",
            "b + 1",
            "d + hd",
            "d + 0.00001",
            "f + 1",
            "f + d",
            "f + f",
            "CAST(j AS SMALLINT) + CAST(j AS SMALLINT)",
            "CAST(32767 AS SMALLINT) + CAST(j AS SMALLINT)",
            "CAST(1e308 AS DOUBLE) + f * 1e288",
            "i + NULL",
            "hd + hd",
        ],
    ),
    _operator(
        "subtract",
        "`a - b` as `a + b`; `- a` fails for the least value of a whole type.",
        [
            "j - 1",
            "CAST(i AS BIGINT) - j",
            "i - j",
            "d - hd",
            "f - f",
            "- d",
            "- f",
            "- j",
            "- i",
            "f - 1e308",
        ],
    ),
    _operator(
        "multiply",
        "`a * b`: whole numbers fail beyond their type; a decimal has the places of both sides and"
        " is refused where they may be too many; a double goes on to infinity, or to 0.",
        [
            "j * 2",
            "CAST(i AS BIGINT) * j",
            "i * 2",
            "d * j",
            "d * 1.15",
            "d * d",
            "f * 2",
            "f * f",
            "f * 1e300 * 1e300",
            "f * 1e-300 * 1e-300",
            "f * CAST('5e-324' AS DOUBLE) * CAST('1e-308' AS DOUBLE)",
            "f * j",
            "f * 0",
            "hd * 2",
        ],
    ),
    _operator(
        "divide",
        "`a / b` is a double, NULL where b is 0; too large a result is infinite.",
        [
            "j / 2",
            "i / j",
            "d / j",
            "i / 0",
            "f / 0",
            "f / 3",
            "f / f",
            "d / 0.3",
            "f / 1e-308 / 1e-10",
            "1 / hd",
            "f / 1e300 / 1e300",
        ],
    ),
    _operator(
        "whole_division",
        "`a // b` of whole numbers cuts towards zero, NULL where b is 0; fails for the least value"
        " of its type and -1.",
        ["i // j", "b // j", "i // 0", "-7 // 2", "i // -1", "CAST(j AS SMALLINT) // 2"],
    ),
    _operator(
        "modulo",
        "`a % b` has the sign of a, NULL where b is 0; exact for decimals.",
        [
            "i % j",
            "b % j",
            "b % -1",
            "i % 0",
            "-7 % 2",
            "7 % -2",
            "d % 2",
            "d % 0.3",
            "d % j",
            "f % 2",
            "f % j",
            "f % 0",
        ],
    ),
    _operator(
        "power",
        "`a ** b` as `pow(a, b)`: a double.",
        ["i ** 2", "f ** j", "2 ** -1", "d ** 2", "0 ** -1"],
    ),
    _operator(
        "bits",
        "`a & b`, `a | b`, `~ a` of whole numbers. Redshift has `&` alone.",
        ["i & j", "i | j", "b & i", "b | 1", "~ i", "~ b", "~ CAST(j AS SMALLINT)", "i & NULL"],
    ),
    _operator(
        "shift",
        "`a << n` is a times 2 to the n and fails beyond its type; `a >> n` keeps the sign."
        " n is written in the SQL, from 0 to 62.",
        [
            "j << 3",
            "CAST(j AS BIGINT) << 40",
            "j << 31",
            "i >> 1",
            "b >> 2",
            "CAST(j AS SMALLINT) >> 1",
            "i >> 40",
        ],
    ),
    _operator(
        "compare_numbers",
        "Numbers of different types compare by value; NaN equals NaN and is above every other.",
        [
            "i < j",
            "i = d",
            "f > 1",
            "f = CAST('NaN' AS DOUBLE)",
            "f >= d",
            "b <> i",
            "f IS DISTINCT FROM d",
            "i BETWEEN j AND 5",
            "f IN (1, 2.5, CAST('NaN' AS DOUBLE))",
            "i NOT IN (1, 7)",
            "d IN (2.5, NULL)",
            "i IS NULL",
        ],
    ),
)
