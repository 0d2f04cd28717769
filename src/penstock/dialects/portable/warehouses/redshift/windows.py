"""Redshift's window functions: each frame is written, and is one of ROWS.

https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.windows import neighbour, tiles, value_of_frame
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
    return neighbour(call)


FUNCTIONS = {
    "row_number": {"": "::ROW_NUMBER(){tail}"},
    "rank": {"": "::RANK(){tail}"},
    "dense_rank": {"": "::DENSE_RANK(){tail}"},
    "percent_rank": {"": "PERCENT_RANK(){tail}"},
    "cume_dist": {"": "CUME_DIST(){tail}"},
    "ntile": {"whole": tiles},
    "lag": {"any, whole?, any?": _neighbour},
    "lead": {"any, whole?, any?": _neighbour},
    "first_value": {"any": value_of_frame},
    "last_value": {"any": value_of_frame},
    "nth_value": {"any, whole": value_of_frame},
}
"""Function → what it takes → its rendering."""
