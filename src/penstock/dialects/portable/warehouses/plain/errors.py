"""A query that fails on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.binding import literal_text

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call


def failing(call: Call) -> str:
    """`error(message)`, of the type that its neighbours have."""
    kind = "integer" if call.type == "null" else call.type
    boolean = kind == "boolean" and call.engine.fail_boolean
    # A message that is written would be reckoned before it is reached: it is made to differ.
    message = call.args[0]
    if literal_text(call, 0) is None:
        message = f"COALESCE({message}, 'error')"
    value = "RANDOM()" if literal_text(call, 0) is not None else "NULL"
    return (boolean or call.engine.fail).format(message, value, call.engine.type_name(kind))
