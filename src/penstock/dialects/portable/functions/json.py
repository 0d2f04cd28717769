"""JSON in text columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.json_paths import (
    Steps,
    checked_duckdb,
    checked_spark,
    parse,
    quoted_spark,
    text_at,
    written,
)

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_NO_CHECK = Gap("notimpl", "PSK-PORT-020", "Spark has no such function")
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
        found = f"CASE WHEN json_type({text}, {path}) = 'ARRAY' THEN {made} END"
        return checked_duckdb(text, found, "BIGINT")
    if engine.name == "spark":
        value = quoted_spark(text, steps, engine) if steps else text
        made = call.cast(f"json_array_length({value})")
        return checked_spark(text, made, "BIGINT")
    return call.cast(f"penstock.json_array_length(CAST({text} AS JSON), {path})")


def _keys(call: Call) -> str:
    text, steps, engine = call.args[0], steps_of(call), call.engine
    path = written(steps, engine)
    if engine.name == "duckdb":
        made = f"json_keys({text}, {path})"
        found = f"CASE WHEN json_type({text}, {path}) = 'OBJECT' THEN {made} END"
        return checked_duckdb(text, found, "VARCHAR[]")
    if engine.name == "spark":
        value = quoted_spark(text, steps, engine) if steps else text
        return checked_spark(text, f"json_object_keys({value})", "ARRAY<STRING>")
    return f"penstock.json_keys(CAST({text} AS JSON), {path})"


def _exists(call: Call) -> str:
    text, steps, engine = call.args[0], steps_of(call), call.engine
    path = written(steps, engine)
    if engine.name == "duckdb":
        return checked_duckdb(text, f"json_exists({text}, {path})", "BOOLEAN")
    if engine.name == "postgres":
        return f"penstock.json_exists(CAST({text} AS JSON), {path})"
    # A JSON null cannot be told from nothing by its value: the object's keys tell.
    if not steps:
        return checked_spark(text, "TRUE", "BOOLEAN")
    above = quoted_spark(text, steps[:-1], engine) if len(steps) > 1 else text
    last = steps[-1]
    if isinstance(last, int):
        found = f"json_array_length({above}) > {last}"
    else:
        found = f"array_contains(json_object_keys({above}), {engine.string(last)})"
    return checked_spark(text, f"coalesce({found}, FALSE)", "BOOLEAN")


# Two characters of the private area, which stand for a text and for another value.
_TEXT, _VALUE = "\ue000", "\ue001"
_PLAIN = r'[^"\\\x00-\x1f]*+'
_ESCAPE = (
    r'\\(?:["\\/bfnrt]|u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}'
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_STRING = f'"{_PLAIN}(?:{_ESCAPE}{_PLAIN})*+"'
_SCALAR = "-?(?:0|[1-9][0-9]*+)(?:[.][0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null"
_ANY = f"[{_TEXT}{_VALUE}]"
_NESTED = (
    rf"\[(?:{_ANY}(?:,{_ANY})*+)?\]"
    rf"|\{{(?:{_TEXT}:{_ANY}(?:,{_TEXT}:{_ANY})*+)?\}}"
)
_DEEPEST = 64


def _valid(call: Call) -> str:
    text, string = call.args[0], call.string
    if call.types[0] == "json":
        text = f"CAST({text} AS {call.engine.type_name('varchar')})"
    if call.engine.name == "postgres":
        return f"penstock.json_valid({text})"
    if call.engine.name == "duckdb":
        # It allows commas at an end, and NaN and Infinity.
        outside = f"""regexp_replace({text}, '"([^"\\\\]|\\\\.)*"', '', 'g')"""
        wrong = f"regexp_matches({outside}, '(?i),[ \\t\\n\\r]*[\\]}}]|nan|inf')"
        zero = f"contains(replace({text}, '\\\\', ''), '\\u0000')"
        return f"(json_valid({text}) AND NOT {wrong} AND NOT {zero})"
    # Spark has no check. A text is taken to pieces from the inside: texts and other values become
    # one character each, then every array and object of such characters, level by level.
    made = f"translate({text}, {string(_TEXT + _VALUE)}, 'xx')"
    made = f"regexp_replace({made}, {string(_STRING)}, {string(_TEXT)})"
    made = f"regexp_replace({made}, {string(_SCALAR)}, {string(_VALUE)})"
    made = f"regexp_replace({made}, {string('[ ' + chr(9) + chr(10) + chr(13) + ']+')}, '')"
    nested = string(_NESTED)
    deep = call.engine.failing(f"JSON of more than {_DEEPEST} levels", text, "boolean")
    return (
        f"aggregate(sequence(1, {_DEEPEST}), {made},"
        f" (a__, i__) -> regexp_replace(a__, {nested}, {string(_VALUE)}),"
        f" r__ -> CASE WHEN r__ IN ({string(_TEXT)}, {string(_VALUE)}) THEN TRUE"
        f" WHEN r__ RLIKE {nested} THEN {deep} WHEN r__ IS NOT NULL THEN FALSE END)"
    )


_VALID_CASES = [
    "json_valid(js)",
    *(
        f"""SELECT 1 AS k, json_valid('{text}') AS v"""
        for text in (
            '{"a":1,}', "[NaN]", "[Infinity]", "[1,2,]", "[]", "{}", " [ ] ", "", " ", "nul",
            "[01]", "[1.]", "[.5]", "[+1]", "[-]", "[--1]", "-0", "[1e5]", "[1E+5, 2e-3, 0.5]",
            "[1,,2]", "[1 2]", '["a" "b"]', '{"a"}', '{"a":}', '{"a" 1}', "{a:1}", "tRue", "[1] x",
            '{"a":1,"a":2}', '"\\ud83d\\ude00"', '"\\ud800"', '"\\ude00"', '"\\u0000"',
            '"\\\\u0000"', '"\\x"', '"NaN, ]"', '{"a,}":"inf"}', '"\\""', '"', '"a" ',
            '[{"a":[{"b":[[],{}]}]},null,true,false]', '[{"a":[}]', "1 .5", "[tr ue]", "\ue000",
        )
    ),
]  # fmt: skip

FUNCTIONS = (
    function(
        "json_extract_string",
        "json",
        "The value at a path as text, as `->>` gives it: a text without quotes, a whole number with"
        " its digits, another number as the shortest text of a double (`1.5`, `100.0`), true and"
        " false, objects and arrays as JSON without spaces. NULL where nothing is there, or a JSON"
        " null. Of a key that is there twice the first counts. It fails where the text is"
        " not JSON. Snowflake fails where a key is there twice, Spark on numbers of"
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
    function(
        "json_valid",
        "json",
        "Whether a text is JSON, by RFC 8259: no commas at an end, no NaN. Escapes must mean a"
        " character that every engine can hold: not `\\u0000`, no half of a pair. Spark fails on"
        f" more than {_DEEPEST} levels.",
        on("varchar", every=_valid, gives="boolean"),
        on("json", every=_valid, gives="boolean"),
        over="t_evt",
        cases=_VALID_CASES,
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
            ("json_type", "varchar, varchar?", "", "varchar", _WRITTEN, "The kind of a value."),
            ("json_extract", "varchar, varchar", ", '$.a'", "json", _WRITTEN, "JSON at a path."),
            ("json_contains", "varchar, varchar", ", '1'", "boolean", _NO_CHECK, "JSON in JSON."),
            ("json_structure", "varchar", "", "json", _WRITTEN, "The types of a value."),
        )
    ),
)
