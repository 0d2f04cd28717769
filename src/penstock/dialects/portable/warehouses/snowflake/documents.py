"""JSON on Snowflake: in texts, read where it is looked into.

PARSE_JSON gives NULL for an empty or blank text and takes more than JSON, such as `[1,]` and
`FALSE`: a text is looked at before. Where a key is there twice it fails; elsewhere the first
counts.
https://docs.snowflake.com/en/sql-reference/functions/parse_json
https://docs.snowflake.com/en/sql-reference/functions/try_parse_json
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
_NO_CHECK = Gap(
    "notimpl",
    "PSK-PORT-020",
    "Snowflake's TRY_PARSE_JSON takes more than JSON, such as [1,], and no key that is there twice",
)
# A text, and what a document is where each text is two quotes: values, what opens and closes around
# them, and commas between. That each bracket has its other PARSE_JSON sees.
_QUOTES = '""'
_BLANK = "[ \t\n\r]*"
# For a backslash, which is written in each pattern in another way: a character of the private area.
_ESCAPE = "\ue000"
_TEXT = f'"([^"{_ESCAPE}\t\n\r]|{_ESCAPE}(["{_ESCAPE}/bfnrt]|u[0-9a-fA-F]{{4}}))*"'
_NUMBER = "-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?"
_VALUE = f'(""|{_NUMBER}|true|false|null|\\[{_BLANK}\\]|[{{]{_BLANK}[}}])'
_KEY = f'""{_BLANK}:{_BLANK}'
_HELD = f"(\\[{_BLANK}|[{{]{_BLANK}{_KEY})*{_VALUE}({_BLANK}[]}}])*"
_DOCUMENT = f"{_BLANK}{_HELD}({_BLANK},{_BLANK}({_KEY})?{_HELD})*{_BLANK}"


def _checked(engine: Engine, text: str, made: str, kind: str) -> str:
    """What is made of a JSON text; fails where it is none, which Snowflake may take for one."""
    string = engine.string
    bare = f"REPLACE({text}, {string(chr(92))}, {string(_ESCAPE)})"
    bare = f"REGEXP_REPLACE({bare}, {string(_TEXT)}, {string(_QUOTES)})"
    fails = engine.failing("not JSON", text, kind)
    return f"CASE WHEN NOT REGEXP_LIKE({bare}, {string(_DOCUMENT)}) THEN {fails} ELSE {made} END"


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
    made = (
        f"CASE WHEN {kind} IN ('OBJECT', 'ARRAY') THEN {fails}"
        f" WHEN {kind} IN ('DECIMAL', 'DOUBLE') AND NOT {number} BETWEEN 0.0001 AND 1e15"
        f" THEN {fails}"
        f" ELSE CAST({value} AS VARCHAR) END"
    )
    return _checked(engine, text, made, "varchar")


def _steps(call: Call) -> Steps:
    return parse(call.text(1, "the path")) if len(call.args) > 1 else ()


def _string(call: Call) -> str:
    return text_at(call.engine, call.args[0], _steps(call))


def _length(call: Call) -> str:
    # NULL of what is no array: https://docs.snowflake.com/en/sql-reference/functions/array_size
    text = call.args[0]
    made = call.cast(f"ARRAY_SIZE({_at(call.engine, text, _steps(call))})")
    return _checked(call.engine, text, made, call.type)


def _exists(call: Call) -> str:
    # A JSON null is a value, nothing is NULL.
    text = call.args[0]
    found = _at(call.engine, text, _steps(call))
    made = f"CASE WHEN {text} IS NOT NULL THEN {found} IS NOT NULL END"
    return _checked(call.engine, text, made, "boolean")


FUNCTIONS = {
    "json_extract_string": {"varchar, varchar | json, varchar": _string},
    "json_array_length": {"varchar, varchar? | json, varchar?": _length},
    "json_exists": {"varchar, varchar | json, varchar": _exists},
    "json_keys": {"varchar, varchar? | json, varchar?": _LISTS},
    "json_valid": {"varchar | json": _NO_CHECK},
}
"""Function → what it takes → its rendering."""
