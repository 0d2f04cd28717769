"""Names and values as DuckDB SQL text."""

from __future__ import annotations

from typing import Any


def name(text: str) -> str:
    """A quoted identifier.

    >>> name('a "b" c')
    '"a ""b"" c"'
    """
    return '"' + text.replace('"', '""') + '"'


def names(texts: Any) -> str:
    """A list of quoted identifiers.

    >>> names(["a", "b"])
    '"a", "b"'
    """
    return ", ".join(name(t) for t in texts)


def literal(value: Any) -> str:
    """A constant: text, number, boolean, NULL, a list, or a mapping (as a struct).

    >>> literal({"a": "it's", "b": [1, True, None]})
    "{'a': 'it''s', 'b': [1, true, NULL]}"
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(str(k))}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    raise TypeError(f"no DuckDB constant for {type(value).__name__}")
