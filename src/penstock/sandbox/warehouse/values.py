"""Values of `:name` in a statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from penstock.sandbox.warehouse.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACES = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|::|:([A-Za-z_][A-Za-z0-9_]*)")


def bound(sql: str, parameters: Sequence[dict[str, Any]]) -> str:
    """The statement with its values: Redshift gives each the type that its place asks for.

    Raises:
        Refusal: a value is missing.

    >>> bound("SELECT ':a', a::int FROM t WHERE b = :a", [{"name": "a", "value": "it's"}])
    "SELECT ':a', a::int FROM t WHERE b = 'it''s'"
    """
    values = {p["name"]: str(p["value"]) for p in parameters}

    def filled(part: re.Match[str]) -> str:
        if part[1] is None:
            return part[0]
        if part[1] not in values:
            raise Refusal(f"Parameters list has no value for `:{part[1]}`")
        return "'" + values[part[1]].replace("'", "''") + "'"

    return _PLACES.sub(filled, sql)
