"""Snowflake's window functions.

Without a frame FIRST_VALUE, LAST_VALUE and NTH_VALUE look at the whole partition there, not at the
rows up to the row and its peers: https://docs.snowflake.com/en/sql-reference/functions/first_value
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.functions.windows import neighbour, tiles, value_of_frame
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_SO_FAR = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


def _value(call: Call) -> str:
    if not call.framed:
        call = replace(call, over=f"{str(call.over)[:-1]} {_SO_FAR})")
    return value_of_frame(call)


_MOST = 1000


def _nth(call: Call) -> str:
    """The value of the n-th row of the frame.

    https://docs.snowflake.com/en/sql-reference/functions/nth_value

    Raises:
        Refusal: n is beyond what Snowflake takes, or the frame is one of distances, which it has
            for `_value`'s functions and some aggregates, not for this one.
    """
    number = call.text(1, "the number")
    if number.isdigit() and int(number) > _MOST:
        raise Refusal(
            "PSK-PORT-020",
            f"`{call.name}` of row {number} cannot run on {call.engine.name}, which counts to"
            f" {_MOST}",
            "take the row by row_number() in a subquery",
        )
    if _by_distance(call):
        raise Refusal(
            "PSK-PORT-020",
            f"`{call.name}` over RANGE with a distance cannot run on {call.engine.name}, which has"
            " such a frame for other functions only",
            "a frame of ROWS, or RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        )
    return _value(call)


def _by_distance(call: Call) -> bool:
    """Whether the frame is of RANGE, and a bound of it is a number or an interval.

    https://docs.snowflake.com/en/sql-reference/functions-window-syntax
    """
    spec = call.window.args.get("spec") if call.window is not None else None
    if spec is None or str(spec.args.get("kind")).upper() != "RANGE":
        return False
    return any(isinstance(spec.args.get(k), exp.Expr) for k in ("start", "end"))


FUNCTIONS = {
    "row_number": {"": "::ROW_NUMBER(){tail}"},
    "rank": {"": "::RANK(){tail}"},
    "dense_rank": {"": "::DENSE_RANK(){tail}"},
    "percent_rank": {"": "PERCENT_RANK(){tail}"},
    "cume_dist": {"": "CUME_DIST(){tail}"},
    "ntile": {"whole": tiles},
    "lag": {"any, whole?, any?": neighbour},
    "lead": {"any, whole?, any?": neighbour},
    "first_value": {"any": _value},
    "last_value": {"any": _value},
    "nth_value": {"any, whole": _nth},
}
"""Function → what it takes → its rendering."""
