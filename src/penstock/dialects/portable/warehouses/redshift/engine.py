"""Redshift's spelling.

Texts that differ only in spaces at their ends are equal there, in comparisons, groups and joins:
https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html. No rendering can mend that:
trim such keys before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.engine import Engine
from penstock.dialects.portable.forms import FORMS
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import READS, WRITES, Numbers, Texts, Times
from penstock.dialects.portable.warehouses.plain import doubles, numbers
from penstock.dialects.portable.warehouses.redshift.dates import (
    PLUS_MICROSECONDS,
    TRY_CAST,
    UTC,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIMMED = "BTRIM({0}, ' ')"
_SIGNED = f"LTRIM({_TRIMMED}, '+')"
_DOUBLE = f"REPLACE(REPLACE(LOWER({_SIGNED}), 'infinity', 'inf'), 'inf', 'Infinity')"
_FAILING = "CAST({0} || ': ' || COALESCE(CAST({1} AS VARCHAR(65535)), '') AS INTEGER)"
_WRITES: Mapping[str, str] = dict.fromkeys(WRITES, "CAST({0} AS {1})") | {
    # Redshift casts no boolean to a text.
    "boolean": "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
    "date": "TO_CHAR({0}, 'YYYY-MM-DD')",
    "timestamp": "REGEXP_REPLACE(TO_CHAR({0}, 'YYYY-MM-DD HH24:MI:SS.US'), '[.]?0+$', '')",
}
_ADDS = {
    "months": "DATEADD(month, {1}, {0})",
    "days": "DATEADD(day, {1}, {0})",
    "microseconds": PLUS_MICROSECONDS,
}
_PLACES = 18


def _exact(whole: str, precision: int) -> str:
    """A whole double as a decimal, by way of a bigint: the cast alone keeps 15 digits.

    Raises:
        Refusal: it may be beyond a bigint.
    """
    if precision > _PLACES:
        raise Refusal(
            "PSK-PORT-020",
            f"a cast of double to a decimal of {precision} digits cannot run on redshift",
            f"cast it to a decimal of {_PLACES} digits or fewer",
            engines=("redshift",),
        )
    return f"CAST(CAST({whole} AS BIGINT) AS DECIMAL(19, 0))"


# https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
REDSHIFT = Engine(
    name="redshift",
    sql="redshift",
    types={
        "boolean": "BOOLEAN",
        "smallint": "SMALLINT",
        "integer": "INTEGER",
        "bigint": "BIGINT",
        "double": "DOUBLE PRECISION",
        # VARCHAR alone is one of 256 bytes.
        "varchar": "VARCHAR(65535)",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMPTZ",
        "time": "TIME",
        "blob": "VARBYTE(1024000)",
        "json": "VARCHAR(65535)",
        "decimal": "DECIMAL({}, {})",
    },
    # Nothing raises an error by its name. A text that is no number does; the value in it keeps it
    # from being reckoned before a row is there.
    fail=f"CAST(CAST({_FAILING} AS VARCHAR) AS {{2}})",
    fail_boolean=f"({_FAILING} = 0)",
    # https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html#r_Window_function_synopsis
    frames=frozenset({"ROWS"}),
    grouping_bits=True,
    truths=True,
    # https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html
    distinct_from=False,
    doubled=True,
    numbers=Numbers(
        doubles={
            "+": "({0} + {1})",
            "-": "({0} - {1})",
            "*": "({0} * {1})",
            "/": "({0} / NULLIF({1}, 0))",
        },
        quotient="({0} / NULLIF({1}, 0))",
        remainder="({0} % NULLIF({1}, 0))",
        power=doubles.power("Infinity", "DOUBLE PRECISION"),
        bits={"&": "({0} & {1})", ">>": "({0} >> {1})"},
        half_even=f"({numbers.half_even(numbers.HALF_AWAY)})",
        half_away=f"({numbers.HALF_AWAY})",
        times_power="({0} * {1})",
        exact=_exact,
    ),
    texts=Texts(
        writes=_WRITES,
        # A text is cast to no boolean there.
        reads=dict.fromkeys((r for r in READS if r != "boolean"), _SIGNED)
        | {
            "double": _DOUBLE,
            "date": _TRIMMED,
            "timestamp": f"REGEXP_REPLACE({_TRIMMED}, '([.][0-9]{{{{6}}}})[0-9]+', '$1', 1, 'p')",
        },
        # The page allows no empty and no blank text in it: what is read has no spaces at its ends,
        # so that a blank one is empty, and is NULL. CAST, which allows none either, never sees one:
        # a text that is not of our grammar goes into it with words before it.
        # https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html
        # https://docs.aws.amazon.com/redshift/latest/dg/r_CAST_function.html
        try_cast=TRY_CAST,
        trim=_TRIMMED,
        full_match="(REGEXP_INSTR({0}, '^(?:{1})\\\\z', 1, 1, 0, 'p') > 0)",
        lower="LOWER(TRANSLATE({0}, 'İΣ', 'iσ'))",  # noqa: RUF001
        any_character="(?s:.)",
        end=r"\z",
        backtracks=True,
    ),
    times=Times(
        naive=UTC,
        instant=UTC,
        days="CAST(DATEDIFF(day, {1}, {0}) AS BIGINT)",
        later="CAST(DATEADD(day, {1}, {0}) AS DATE)",
        earlier="CAST(DATEADD(day, - {1}, {0}) AS DATE)",
        # The day is held to the month's last, unlike by ADD_MONTHS:
        # https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
        # It gives a timestamp, so that an instant is one of UTC meanwhile.
        adds=_ADDS
        | {f"{k} of an instant": UTC.format(t.replace("{0}", UTC)) for k, t in _ADDS.items()},
    ),
    compares={"double": {s: f"({{0}} {s} {{1}})" for s in ("=", "<>", ">", ">=", "<", "<=")}},
    forms=FORMS
    - {
        "EXCEPT ALL",
        "INTERSECT ALL",
        "UNNEST",
        "UNNEST with places",
        "UNION of a recursion",
        "a lateral query",
    },
    gaps={
        "filter": "Redshift has no FILTER",
        "default_frame": "Redshift's frames are of ROWS, and must be written",
        "full_join": "Redshift does a FULL JOIN over equal columns only",
        # https://docs.aws.amazon.com/redshift/latest/dg/r_UNION.html
        "EXCEPT ALL": "Redshift has EXCEPT without ALL",
        "INTERSECT ALL": "Redshift has INTERSECT without ALL",
        "UNNEST": "Redshift has no lists of a type",
        "UNNEST with places": "Redshift has no lists of a type",
        "UNION of a recursion": "Redshift's recursion is by UNION ALL",
        "a lateral query": "Redshift has no LATERAL",
        # https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html
        "correlated": "Redshift joins a subquery by equal columns to one row of an aggregate",
        # Of numbers the page names `&` and the shifts alone; `|`, `~` and `#` another one of bytes.
        # https://docs.aws.amazon.com/redshift/latest/dg/r_OPERATOR_SYMBOLS.html
        # https://docs.aws.amazon.com/redshift/latest/dg/r_VARBYTE_OPERATORS.html
        "|": "Redshift has it of bytes, of numbers `&` and the shifts alone",
        "~": "Redshift has it of bytes, of numbers `&` and the shifts alone",
    },
)
