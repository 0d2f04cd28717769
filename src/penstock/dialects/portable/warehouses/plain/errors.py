"""A query that fails on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call


def failing(call: Call) -> str:
    """`error(message)`, of the type that its neighbours have."""
    kind = "integer" if call.type == "null" else call.type
    return call.engine.fail.format(call.args[0], call.args[0], call.engine.type_name(kind))
