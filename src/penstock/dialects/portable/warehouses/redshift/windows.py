"""Redshift's window functions: each frame is written, and is one of ROWS.

https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.windows import counted, ignoring
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call


def _neighbour(call: Call) -> str:
    """Lag or lead.

    Raises:
        Refusal: it has a default, which Redshift does not take.
    """
    if len(call.args) > 2:
        raise Refusal(
            "PSK-PORT-020",
            f"`{call.name}` with a default cannot run on {call.engine.name}, which takes none",
            f"coalesce({call.name}(x), default), where x is never NULL",
        )
    rows = counted(call, 1, "the number of rows", 0) if len(call.args) > 1 else 1
    return f"{call.name}({call.args[0]}, {rows}){ignoring(call)}{call.tail}"


def _value(call: Call) -> str:
    return f"{call.name}({call.args[0]}){ignoring(call)}{call.tail}"


def _nth(call: Call) -> str:
    place = counted(call, 1, "the number", 1)
    return f"NTH_VALUE({call.args[0]}, {place}){ignoring(call)}{call.tail}"


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
