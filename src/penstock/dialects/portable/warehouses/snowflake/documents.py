"""JSON on Snowflake: in texts, read where it is looked into.

https://docs.snowflake.com/en/sql-reference/functions/parse_json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.json_paths import parse

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.json_paths import Steps

_LISTS = Gap("notimpl", "PSK-PORT-020", "Penstock writes no lists for Snowflake yet")


def _at(engine: Engine, text: str, steps: Steps) -> str:
    """The VARIANT at a path, NULL where nothing is there.

    https://docs.snowflake.com/en/sql-reference/functions/get_path
    """
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if step.isidentifier() and step.isascii() else f'["{step}"]'
    parsed = f"PARSE_JSON({text})"
    return f"GET_PATH({parsed}, {engine.string(path.removeprefix('.'))})" if path else parsed


def text_at(engine: Engine, text: str, steps: Steps) -> str:
    """The value at a path as text.

    `100.0` and `1e2` give `100`; Snowflake keeps the second one as a double. The order of the keys
    of an object is not said, and very large and small numbers are written in a way of their own:
    those fail. https://docs.snowflake.com/en/sql-reference/functions/parse_json
    """
    value = _at(engine, text, steps)
    kind = f"TYPEOF({value})"
    fails = engine.failing("an object, an array or such a number as text", text, "varchar")
    number = f"ABS(CAST({value} AS DOUBLE))"
    return (
        f"CASE WHEN {kind} IN ('OBJECT', 'ARRAY') THEN {fails}"
        f" WHEN {kind} IN ('DECIMAL', 'DOUBLE') AND NOT {number} BETWEEN 0.0001 AND 1e15"
        f" THEN {fails}"
        f" ELSE CAST({value} AS VARCHAR) END"
    )


def _steps(call: Call) -> Steps:
    return parse(call.text(1, "the path")) if len(call.args) > 1 else ()


def _string(call: Call) -> str:
    return text_at(call.engine, call.args[0], _steps(call))


def _length(call: Call) -> str:
    # NULL of what is no array: https://docs.snowflake.com/en/sql-reference/functions/array_size
    return call.cast(f"ARRAY_SIZE({_at(call.engine, call.args[0], _steps(call))})")


def _exists(call: Call) -> str:
    # A JSON null is a value, nothing is NULL.
    found = _at(call.engine, call.args[0], _steps(call))
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN {found} IS NOT NULL END"


FUNCTIONS = {
    "json_extract_string": {"varchar, varchar | json, varchar": _string},
    "json_array_length": {"varchar, varchar? | json, varchar?": _length},
    "json_exists": {"varchar, varchar | json, varchar": _exists},
    "json_keys": {"varchar, varchar? | json, varchar?": _LISTS},
}
"""Function → what it takes → its rendering."""
