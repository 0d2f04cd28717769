"""JSON in text columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.json_paths import (
    Steps,
    parse,
    quoted_spark,
    text_at,
    written,
)

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_NO_CHECK = Gap(
    "notimpl", "PSK-PORT-020", "Spark has no check of JSON, and each engine allows other errors"
)
_WRITTEN = Gap(
    "never", "PSK-PORT-020", "engines write JSON differently: spaces, order of keys, numbers"
)


def steps_of(call: Call) -> Steps:
    """The steps of the path that a call has, none without one."""
    return parse(call.text(1, "the path")) if len(call.args) > 1 else ()


def _string(call: Call) -> str:
    return text_at(call.engine, call.args[0], steps_of(call))


def _length(call: Call) -> str:
    text, steps, engine = call.args[0], steps_of(call), call.engine
    path = written(steps, engine)
    if engine.name == "duckdb":
        made = call.cast(f"json_array_length({text}, {path})")
        return f"CASE WHEN json_type({text}, {path}) = 'ARRAY' THEN {made} END"
    if engine.name == "spark":
        value = quoted_spark(text, steps, engine) if steps else text
        return call.cast(f"json_array_length({value})")
    return call.cast(f"penstock.json_array_length(CAST({text} AS JSON), {path})")


def _keys(call: Call) -> str:
    text, steps, engine = call.args[0], steps_of(call), call.engine
    path = written(steps, engine)
    if engine.name == "duckdb":
        return f"CASE WHEN json_type({text}, {path}) = 'OBJECT' THEN json_keys({text}, {path}) END"
    if engine.name == "spark":
        value = quoted_spark(text, steps, engine) if steps else text
        return f"json_object_keys({value})"
    return f"penstock.json_keys(CAST({text} AS JSON), {path})"


def _exists(call: Call) -> str:
    text, steps, engine = call.args[0], steps_of(call), call.engine
    path = written(steps, engine)
    if engine.name == "duckdb":
        return f"json_exists({text}, {path})"
    if engine.name == "postgres":
        return f"penstock.json_exists(CAST({text} AS JSON), {path})"
    # A JSON null cannot be told from nothing by its value: the object's keys tell.
    if not steps:
        return f"({text} IS NOT NULL OR NULL)"
    above = quoted_spark(text, steps[:-1], engine) if len(steps) > 1 else text
    last = steps[-1]
    if isinstance(last, int):
        found = f"json_array_length({above}) > {last}"
    else:
        found = f"array_contains(json_object_keys({above}), {engine.string(last)})"
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce({found}, FALSE) END"


FUNCTIONS = (
    function(
        "json_extract_string",
        "json",
        "The value at a path as text, as `->>` gives it: a text without quotes, a whole number with"
        " its digits, another number as the shortest text of a double (`1.5`, `100.0`), true and"
        " false, objects and arrays as JSON without spaces. NULL where nothing is there, or a JSON"
        " null. Of a key that is there twice the first counts. The text must be JSON: where it is"
        " not, DuckDB and PostgreSQL fail, Spark gives NULL or a part. Spark fails on numbers of"
        " 10^16 and more that are written with a point or an exponent and have 16 digits.",
        on("varchar, varchar", every=_string, gives="varchar"),
        on("json, varchar", every=_string, gives="varchar"),
        aliases=("json_extract_path_text",),
        over="t_evt",
        cases=[
            "json_extract_string(js, '$.a')",
            "json_extract_string(js, '$.b.c')",
            "json_extract_string(js, '$.l[1]')",
            "json_extract_string(js, '$.l')",
            "json_extract_string(js, '$.\"a b\"')",
            "json_extract_string(js, 'nope')",
            "json_extract_string(js, '$')",
            "js ->> '$.a'",
            "js ->> 'a'",
            "js -> 'b' ->> 'c'",
            "js ->> 1",
            "CAST(js ->> '$.b.c' AS VARCHAR) || '!'",
            "js -> '$.l[2]' ->> 'k'",
            """SELECT 1 AS k, 'null' ->> '$' AS v""",
            """SELECT 1 AS k, '["null", null]' ->> 0 AS v, '["null", null]' ->> 1 AS w""",
            *(
                f"""SELECT 1 AS k, '{{"a":{value}}}' ->> '$.a' AS v"""
                for value in (
                    "1.50",
                    "1e3",
                    "-0",
                    "-0.0",
                    "12345678.91",
                    "-12345678.91",
                    "1e20",
                    "1.5e21",
                    "1e22",
                    "0.001",
                    "0.00012",
                    "-0.000001",
                    "0.00000012",
                    "123456789012345678901234567890",
                    "0.1234567890123456789",
                    '"1.0E20"',
                    '"1.5E7 x"',
                    '"null"',
                    "null",
                    '"\\u00e9\\ud83d\\ude00\\n\\"\\/"',
                    '{"x": [1, 2.50, "\\u00e9\\u000b/", null, {}], "x": true}',
                    '1,"a":2',
                    '"[1,2]"',
                    '{"x": "SKU3E4 \\"5E6\\"", "y": 3}',
                )
            ),
        ],
    ),
    function(
        "json_array_length",
        "json",
        "Number of elements of the array at a path; NULL where there is no array.",
        on("varchar, varchar?", every=_length, gives="bigint"),
        on("json, varchar?", every=_length, gives="bigint"),
        over="t_evt",
        cases=[
            "json_array_length(js)",
            "json_array_length(js, '$.l')",
            "json_array_length(js, '$.a')",
            """SELECT 1 AS k, json_array_length('{"a":"[1,2]"}', '$.a') AS v""",
            """SELECT 1 AS k, json_array_length('{"a":[[1,2],[3]]}', '$.a') AS v""",
        ],
    ),
    function(
        "json_keys",
        "json",
        "The keys of the object at a path, in its order; NULL where there is no object.",
        on("varchar, varchar?", every=_keys, gives="varchar[]"),
        on("json, varchar?", every=_keys, gives="varchar[]"),
        over="t_evt",
        cases=[
            "json_keys(js)",
            "json_keys(js, '$.b')",
            """SELECT 1 AS k, json_keys('{"b":1,"a":{"é":1, "":2},"b":3}', '$.a') AS v""",
            """SELECT 1 AS k, json_keys('{"b":1,"a":{},"b":3}') AS v""",
        ],
    ),
    function(
        "json_exists",
        "json",
        "Whether something is at a path, a JSON null too.",
        on("varchar, varchar", every=_exists, gives="boolean"),
        on("json, varchar", every=_exists, gives="boolean"),
        over="t_evt",
        cases=[
            "json_exists(js, '$.a')",
            "json_exists(js, '$.b.c')",
            "json_exists(js, '$.l[1]')",
            "json_exists(js, '$.l[2].k')",
            "json_exists(js, '$')",
        ],
    ),
    *(
        function(
            name,
            "json",
            meaning,
            on(takes, every=gap, gives=gives),
            on(takes.replace("varchar", "json", 1), every=gap, gives=gives),
            over="t_evt",
            cases=[f"{name}(js{more})"],
        )
        for name, takes, more, gives, gap, meaning in (
            ("json_valid", "varchar", "", "boolean", _NO_CHECK, "Whether a text is JSON."),
            ("json_type", "varchar, varchar?", "", "varchar", _WRITTEN, "The kind of a value."),
            ("json_extract", "varchar, varchar", ", '$.a'", "json", _WRITTEN, "JSON at a path."),
            ("json_contains", "varchar, varchar", ", '1'", "boolean", _NO_CHECK, "JSON in JSON."),
            ("json_structure", "varchar", "", "json", _WRITTEN, "The types of a value."),
        )
    ),
)
