"""Conditionals, windows, and which casts and operators there are on Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.conditionals import as_result, coalesced
from penstock.dialects.portable.functions.numbers import widened
from penstock.dialects.portable.functions.windows import neighbour, tiles, value_of_frame
from penstock.dialects.portable.operators import compare
from penstock.dialects.portable.warehouses.declaring import spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering


def _coalesce(call: Call) -> str:
    return call.args[0] if len(call.args) == 1 else coalesced(call)


def _if(call: Call) -> str:
    condition = call.cast(call.args[0], "boolean")
    return f"CASE WHEN {condition} THEN {as_result(call, 1)} ELSE {as_result(call, 2)} END"


def _nvl2(call: Call) -> str:
    there = f"{call.args[0]} IS NOT NULL"
    return f"CASE WHEN {there} THEN {as_result(call, 1)} ELSE {as_result(call, 2)} END"


def _nullif(call: Call) -> str:
    """Its own knows no NaN."""
    if "double" not in call.types:
        return f"NULLIF({call.args[0]}, {call.args[1]})"
    a, b = (
        x if t == "double" else call.cast(x, "double")
        for x, t in zip(call.args, call.types, strict=True)
    )
    return (
        f"CASE WHEN {compare(call.engine, '=', a, b, 'double')} THEN NULL ELSE {call.args[0]} END"
    )


def _error(call: Call) -> str:
    # A type of its own has it not: whatever it stands beside decides.
    message = f"concat('error: ', coalesce({call.args[0]}, 'error'))"
    return f"CASE WHEN CAST({message} AS BOOLEAN) THEN NULL END"


FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    **spelled(
        *("operator_add", "operator_subtract", "operator_multiply", "operator_divide"),
        *("operator_whole_division", "operator_modulo", "operator_power", "operator_bits"),
        *("operator_shift", "operator_compare_numbers", "cast_between_numbers"),
        *("cast_boolean_and_numbers", "cast_between_times", "cast_to_text"),
        *("cast_text_to_whole", "cast_text_to_decimal", "cast_text_to_double"),
        *("cast_text_to_boolean", "cast_text_to_date", "cast_text_to_timestamp"),
        "cast_text_to_timestamptz",
    ),
    "coalesce": {"any…": _coalesce},
    "ifnull": {"any, any": widened("coalesce({0}, {1})")},
    "if": {"boolean, any, any": _if},
    "nvl2": {"any, any, any": _nvl2},
    "nullif": {
        " | ".join(f"{f}, {f}" for f in ("number", "varchar", "boolean", "naive", "timestamptz")): (
            _nullif
        )
    },
    "error": {"varchar": _error},
    # https://trino.io/docs/406/functions/window.html
    "row_number": {"": "row_number(){tail}"},
    "rank": {"": "rank(){tail}"},
    "dense_rank": {"": "dense_rank(){tail}"},
    "percent_rank": {"": "percent_rank(){tail}"},
    "cume_dist": {"": "cume_dist(){tail}"},
    "ntile": {"whole": tiles},
    "lag": {"any, whole?, any?": neighbour},
    "lead": {"any, whole?, any?": neighbour},
    "first_value": {"any": value_of_frame},
    "last_value": {"any": value_of_frame},
    "nth_value": {"any, whole": value_of_frame},
}
