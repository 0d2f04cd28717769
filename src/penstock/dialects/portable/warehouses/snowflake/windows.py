"""Snowflake's window functions.

Without a frame FIRST_VALUE, LAST_VALUE and NTH_VALUE look at the whole partition there, not at the
rows up to the row and its peers: https://docs.snowflake.com/en/sql-reference/functions/first_value
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.windows import counted, ignoring, neighbour_arguments

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_FRAMED = re.compile(r" (?:ROWS|RANGE) BETWEEN [^\"]*\)$")
_SO_FAR = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


def _over(call: Call) -> str:
    over = str(call.over)
    return over if _FRAMED.search(over) else f"{over[:-1]} {_SO_FAR})"


def _neighbour(call: Call) -> str:
    return f"{call.name}({neighbour_arguments(call)}){ignoring(call)}{call.tail}"


def _value(call: Call) -> str:
    return f"{call.name}({call.args[0]}){ignoring(call)} OVER {_over(call)}"


def _nth(call: Call) -> str:
    place = counted(call, 1, "the number", 1)
    return f"NTH_VALUE({call.args[0]}, {place}){ignoring(call)} OVER {_over(call)}"


FUNCTIONS = {
    "row_number": {"": "::ROW_NUMBER(){tail}"},
    "rank": {"": "::RANK(){tail}"},
    "dense_rank": {"": "::DENSE_RANK(){tail}"},
    "percent_rank": {"": "PERCENT_RANK(){tail}"},
    "cume_dist": {"": "CUME_DIST(){tail}"},
    "ntile": {
        "whole": lambda call: call.cast(
            f"NTILE({counted(call, 0, 'the number of groups', 1)}){call.tail}"
        )
    },
    "lag": {"any, whole?, any?": _neighbour},
    "lead": {"any, whole?, any?": _neighbour},
    "first_value": {"any": _value},
    "last_value": {"any": _value},
    "nth_value": {"any, whole": _nth},
}
"""Function → what it takes → its rendering."""
