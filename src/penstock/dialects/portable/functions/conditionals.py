"""Choosing between values: the first that is there, one of two, NULL for a sentinel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.numbers import widened

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call


def coalesced(call: Call) -> str:
    """`coalesce` of the arguments in their common type."""
    places = ", ".join(f"{{{i}}}" for i in range(len(call.args)))
    return widened(f"coalesce({places})")(call)


def as_result(call: Call, number: int) -> str:
    """An argument in the type of the result."""
    if call.types[number] == call.type:
        return call.args[number]
    return call.cast(call.args[number])


FUNCTIONS = (
    function(
        "coalesce",
        "conditionals",
        "The first argument that is not NULL, in the type that all of them meet in.",
        on(
            "any…",
            every=coalesced,
            gives="common",
        ),
        cases=[
            "coalesce(i, j)",
            "coalesce(i, d)",
            "coalesce(i, f, 0)",
            "coalesce(NULL, i)",
            "coalesce(NULL, NULL)",
            "coalesce(d)",
            "coalesce(CAST(NULL AS DATE), DATE '2024-02-29')",
        ],
        over="t_num",
    ),
    function(
        "ifnull",
        "conditionals",
        "The second argument where the first is NULL.",
        on("any, any", every=widened("coalesce({0}, {1})"), gives="common"),
        aliases=["nvl"],
        cases=["ifnull(i, -9)", "nvl(i, 0.5)", "ifnull(f, d)", "ifnull(NULL, NULL)"],
        over="t_num",
    ),
    function(
        "nvl2",
        "conditionals",
        "The second argument where the first is not NULL, the third where it is.",
        on(
            "any, any, any",
            every=lambda call: (
                f"CASE WHEN {call.args[0]} IS NOT NULL THEN {as_result(call, 1)}"
                f" ELSE {as_result(call, 2)} END"
            ),
            gives="common 1",
        ),
        cases=["nvl2(i, j, -1)", "nvl2(d, 1, 0.5)", "nvl2(i, NULL, 'none')"],
        over="t_num",
    ),
    function(
        "nullif",
        "conditionals",
        "The first argument, NULL where it equals the second; it keeps its type. NaN equals NaN.",
        *(
            on(
                f"{family}, {family}",
                every="nullif({0}, {1})",
                # PostgreSQL's own has the type in which both meet: a bigint would be a double.
                postgres="CASE WHEN {0} = {1} THEN NULL ELSE {0} END",
                gives="{0}",
            )
            for family in ("number", "varchar", "boolean", "naive", "timestamptz")
        ),
        cases=[
            "nullif(i, 0)",
            "nullif(i, j)",
            "nullif(d, 2.5)",
            "nullif(f, CAST('NaN' AS DOUBLE))",
            "nullif(f, 0)",
            "nullif('a', 'A')",
            "nullif(i, NULL)",
            "nullif(b, f)",
            "nullif(NULL, DATE '2024-01-01')",
        ],
        over="t_num",
    ),
    function(
        "if",
        "conditionals",
        "The second argument where the first is true, the third where it is false or NULL;"
        " also CASE, whose branches meet in one type in the same way.",
        on(
            "boolean, any, any",
            every=lambda call: (
                f"CASE WHEN {call.cast(call.args[0], 'boolean')} THEN {as_result(call, 1)}"
                f" ELSE {as_result(call, 2)} END"
            ),
            gives="common 1",
        ),
        aliases=["iff"],
        cases=[
            "if(i > 0, i, 0.5)",
            "iff(NULL, 1, 2)",
            "if(f > 1, 'large', NULL)",
            "CASE WHEN NULL OR i > 0 THEN 1 WHEN NULL THEN 2 ELSE 3 END",
            "CASE WHEN i > 0 THEN 1 WHEN i < 0 THEN 0.5 END",
            "CASE i WHEN 0 THEN 'zero' WHEN 1 THEN 'one' ELSE 'more' END",
            "CASE d WHEN 2.5 THEN f ELSE i END",
            "CASE WHEN i = 7 THEN NULL ELSE j END",
        ],
        over="t_num",
    ),
    function(
        "error",
        "conditionals",
        "Fails the query with a message, also a NULL, where it is reached: in a branch of a CASE.",
        on(
            "varchar",
            # DuckDB's gives NULL for one.
            duckdb="error(coalesce({0}, 'error'))",
            spark="raise_error({0})",
            postgres="penstock.error({0})",
            gives="null",
        ),
        cases=[
            "CASE WHEN id < 0 THEN error('no ' || s) ELSE s END",
            "error('no')",
            "error(NULL)",
            "CASE WHEN s IS NULL THEN error(s) ELSE s END",
        ],
    ),
)
