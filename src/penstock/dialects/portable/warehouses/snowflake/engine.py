"""Snowflake's spelling.

Whole numbers are NUMBERs of 5, 10 and 19 digits there: a sum that is beyond 32 or 64 bits but has
no more digits is given, where other engines fail. Casts to them hold the bounds.
"""

from __future__ import annotations

from penstock.dialects.portable.engine import Engine
from penstock.dialects.portable.forms import FORMS
from penstock.dialects.portable.spelling import READS, WRITES, Numbers, Texts, Times
from penstock.dialects.portable.warehouses.plain import doubles, numbers
from penstock.dialects.portable.warehouses.snowflake.dates import INSTANT, NAIVE
from penstock.dialects.portable.warehouses.snowflake.documents import text_at

_INTO = "CAST({} AS {{2}})"
_SIGNED = "LTRIM(TRIM({0}), '+')"
# 2 to the number of bits, and what is left of a number below the next one of those.
_BITS = "CAST(POWER(2, {1}) AS NUMBER(38, 0))"
_REST = f"MOD(MOD({{0}}, {_BITS}) + {_BITS}, {_BITS})"
_SIXTH = "REGEXP_REPLACE(TRIM({0}), '([.][0-9]{{6}})[0-9]+', '\\\\1')"

# https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
SNOWFLAKE = Engine(
    name="snowflake",
    sql="snowflake",
    types={
        "boolean": "BOOLEAN",
        "smallint": "NUMBER(5, 0)",
        "integer": "NUMBER(10, 0)",
        "bigint": "NUMBER(19, 0)",
        "double": "DOUBLE",
        "varchar": "VARCHAR",
        "date": "DATE",
        # TIMESTAMP alone is what the session's TIMESTAMP_TYPE_MAPPING says.
        "timestamp": "TIMESTAMP_NTZ(6)",
        "timestamptz": "TIMESTAMP_LTZ(6)",
        "time": "TIME(6)",
        "blob": "BINARY",
        "json": "VARCHAR",
        "decimal": "NUMBER({}, {})",
    },
    # Nothing raises an error by its name. A text that is no number does; the value in it keeps it
    # from being reckoned before a row is there.
    fail="CAST(TO_VARCHAR(CAST({0} || ': ' || COALESCE(TO_VARCHAR({1}), '') AS NUMBER(38, 0)))"
    " AS {2})",
    # https://docs.snowflake.com/en/sql-reference/functions-window-syntax
    frames=frozenset({"ROWS", "RANGE"}),
    frame_interval="INTERVAL '{0} {1}'",
    # Names are not told apart by case unless they stand in quotes; those without are capital ones.
    capital_names=True,
    numbers=Numbers(
        doubles={
            "+": "({0} + {1})",
            "-": "({0} - {1})",
            "*": "({0} * {1})",
            "/": "({0} / NULLIF({1}, 0))",
        },
        # A quotient has six places more than what is divided, up to twelve, and is rounded: so the
        # rest goes first.
        # https://docs.snowflake.com/en/sql-reference/operators-arithmetic
        quotient="CAST(({0} - {0} % NULLIF({1}, 0)) / NULLIF({1}, 0) AS {2})",
        remainder="({0} % NULLIF({1}, 0))",
        double_remainder="({0} % NULLIF({1}, 0))",
        power=doubles.power("inf", "DOUBLE"),
        bits={
            "&": _INTO.format("BITAND({0}, {1})"),
            "|": _INTO.format("BITOR({0}, {1})"),
            "~": _INTO.format("BITNOT({0})"),
            ">>": f"(({{0}} - {_REST}) / {_BITS})",
        },
        half_even=f"({numbers.half_even('ROUND({0}, 0)')})",
        half_away="ROUND({0}, 0)",
        times_power="({0} * {1})",
        exact=lambda whole, _: f"CAST({whole} AS NUMBER(38, 0))",
        loose_wholes=True,
        most_product_places=12,
        # https://docs.snowflake.com/en/sql-reference/data-types-numeric
        infinity="inf",
    ),
    texts=Texts(
        reads=dict.fromkeys(READS, _SIGNED)
        | {
            "double": f"REPLACE(LOWER({_SIGNED}), 'infinity', 'inf')",
            "date": "TRIM({0})",
            "timestamp": _SIXTH,
        },
        # Of texts only: https://docs.snowflake.com/en/sql-reference/functions/try_cast
        try_cast="TRY_CAST({0} AS {1})",
        # A cast follows the session's formats.
        writes=dict.fromkeys(WRITES, "CAST({0} AS {1})")
        | {
            "date": "TO_CHAR({0}, 'YYYY-MM-DD')",
            "timestamp": "REGEXP_REPLACE("
            "TO_CHAR(CAST({0} AS TIMESTAMP_NTZ(6)), 'YYYY-MM-DD HH24:MI:SS.FF6'), '[.]?0+$', '')",
        },
        trim="TRIM({0})",
        full_match="REGEXP_LIKE({0}, '{1}')",
        lower="LOWER(TRANSLATE({0}, 'İΣ', 'iσ'))",  # noqa: RUF001
        any_character=".",
        longest_match=True,
        json_text=text_at,
    ),
    times=Times(
        naive=NAIVE,
        instant=INSTANT,
        days="CAST(DATEDIFF('DAY', {1}, {0}) AS NUMBER(19, 0))",
        later="DATEADD('DAY', {1}, {0})",
        earlier="DATEADD('DAY', - {1}, {0})",
        # The day is held to the month's last: https://docs.snowflake.com/en/sql-reference/functions/dateadd
        adds={
            "months": "DATEADD('MONTH', {1}, {0})",
            "days": "DATEADD('DAY', {1}, {0})",
            "microseconds": "DATEADD('MICROSECOND', {1}, {0})",
        },
    ),
    # NaN equals NaN and is above all: https://docs.snowflake.com/en/sql-reference/data-types-numeric
    compares={"double": {s: f"({{0}} {s} {{1}})" for s in ("=", "<>", ">", ">=", "<", "<=")}},
    forms=FORMS
    - {"EXCEPT ALL", "INTERSECT ALL", "UNNEST", "UNNEST with places", "UNION of a recursion"},
    gaps={
        "filter": "Snowflake has no FILTER",
        "EXCEPT ALL": "https://docs.snowflake.com/en/sql-reference/operators-query",
        "INTERSECT ALL": "https://docs.snowflake.com/en/sql-reference/operators-query",
        "UNNEST": "Penstock writes no lists for Snowflake yet",
        "UNNEST with places": "Penstock writes no lists for Snowflake yet",
        "UNION of a recursion": "Snowflake's recursion is by UNION ALL",
        # https://docs.snowflake.com/en/user-guide/querying-subqueries
        "correlated": "Snowflake joins a subquery by equal columns to one row of an aggregate",
    },
)
