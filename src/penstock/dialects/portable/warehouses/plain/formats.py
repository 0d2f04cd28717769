"""Dates as text: elements that both warehouses have, and expressions for the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.formats import SHOWN, moment_and_format, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

# Characters that mean nothing in a format.
_PLAIN = re.compile(r"[-/:., ]+")


def shown(
    tokens: Mapping[str, str | Callable[[str], str]],
    clock: Callable[[Call, int], str],
    template: str,
) -> Rendering:
    """A moment by a format: its pieces one after the other.

    Args:
        tokens: token → an element of the warehouse's formats, or an expression over a timestamp.
        clock: an argument as a timestamp.
        template: a timestamp (`{0}`) by a format of elements (`{1}`).
    """

    def render(call: Call) -> str:
        at, form = moment_and_format(call)
        sql = clock(call, at)
        pieces: list[str] = []
        run = ""

        def ended() -> None:
            nonlocal run
            if _PLAIN.fullmatch(run):
                pieces.append(call.string(run))
            elif run:
                pieces.append(template.format(sql, call.string(run)))
            run = ""

        for kind, value in tokens_of(call, call.text(form, "the format"), SHOWN):
            found = tokens[value] if kind else value
            if kind and not isinstance(found, str):
                ended()
                pieces.append(found(sql))
            elif kind or _PLAIN.fullmatch(value):
                # Two elements side by side would be read as another one.
                if kind and re.search("[A-Z0-9]$", run):
                    ended()
                run += str(found)
            else:
                ended()
                pieces.append(call.string(value))
        ended()
        if not any("(" in p for p in pieces):
            pieces = [
                f"CASE WHEN {sql} IS NOT NULL THEN {' || '.join(pieces) or call.string('')} END"
            ]
        return f"({' || '.join(pieces)})" if len(pieces) > 1 else pieces[0]

    return render
