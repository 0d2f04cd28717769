"""Snowflake's window functions.

Without a frame FIRST_VALUE, LAST_VALUE and NTH_VALUE look at the whole partition there, not at the
rows up to the row and its peers: https://docs.snowflake.com/en/sql-reference/functions/first_value
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.windows import neighbour, tiles, value_of_frame

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_FRAMED = re.compile(r" (?:ROWS|RANGE) BETWEEN [^\"]*\)$")
_SO_FAR = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


def _value(call: Call) -> str:
    over = str(call.over)
    if not _FRAMED.search(over):
        call = replace(call, over=f"{over[:-1]} {_SO_FAR})")
    return value_of_frame(call)


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
    "nth_value": {"any, whole": _value},
}
"""Function → what it takes → its rendering."""
