"""Paths into JSON: the part that means the same on every engine, and `->>`.

A path is keys and places: `$.a."b c"[0]`. Wildcards, places from the end, JSON pointers and keys
with quotes, brackets, backslashes or stars are refused. https://duckdb.org/docs/stable/data/json/json_functions
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import missing

if TYPE_CHECKING:
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.rendering import Renderer

Steps: TypeAlias = "tuple[str | int, ...]"
_STEP = re.compile(r'\.([^."\[\]]+)|\."([^"]*)"|\[(\d+)\]')
_ODD = set("'\"[]*\\\0")
HINT = "a path is keys and places: '$.a.\"b c\"[0]'"


def parse(text: str) -> Steps:
    """The steps of a path; a text without `$` is one key.

    Raises:
        Refusal: it is not portable.

    >>> parse('$.a."b c"[0]'), parse("a.b")
    (('a', 'b c', 0), ('a.b',))
    """
    if not text.startswith(("$", "/")):
        return checked((text,))
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or text.startswith("/"):
            raise Refusal("PSK-PORT-032", f"the path '{text}' into JSON is not portable", HINT)
        plain, quoted, number = found.groups()
        steps.append(int(number) if number is not None else plain if quoted is None else quoted)
        at = found.end()
    return checked(tuple(steps))


def checked(steps: Steps) -> Steps:
    """The same steps.

    Raises:
        Refusal: a key that an engine cannot name.
    """
    for step in steps:
        if isinstance(step, int):
            if step < 0:
                raise Refusal("PSK-PORT-032", "a place from the end of a JSON array", HINT)
        elif not step or set(step) & _ODD:
            raise Refusal("PSK-PORT-032", f"the key '{step}' of a JSON object", HINT)
    return steps


def of_node(node: exp.Expr) -> Steps:
    """The steps that an arrow's right side means.

    Raises:
        Refusal: it is computed, or not portable.
    """
    parts = node.expressions if isinstance(node, exp.JSONPath) else [node]
    steps: list[str | int] = []
    for part in parts:
        value = part.args.get("this")
        if isinstance(part, exp.JSONPathRoot):
            continue
        if not isinstance(part, (exp.JSONPathKey, exp.JSONPathSubscript)) or not isinstance(
            value, (str, int)
        ):
            raise Refusal("PSK-PORT-032", f"the path `{shown(node)}` is not portable", HINT)
        steps.append(value)
    return checked(tuple(steps))


def written(steps: Steps, engine: Engine) -> str:
    """The path as the engine's literal."""
    if engine.name == "postgres":
        items = [engine.string(f"[{s}" if isinstance(s, int) else f".{s}") for s in steps]
        return f"ARRAY[{', '.join(items)}]::text[]"
    if engine.name == "spark":
        return engine.string("$" + spark_steps(steps))
    keys = "".join(f"[{s}]" if isinstance(s, int) else f'."{s}"' for s in steps)
    return engine.string("$" + keys)


def spark_steps(steps: Steps) -> str:
    """The path behind its root, in Spark's form."""
    return "".join(f"[{s}]" if isinstance(s, int) else f"['{s}']" for s in steps)


def quoted_spark(text: str, steps: Steps, engine: Engine) -> str:
    """The value at a path as JSON on Spark: texts in quotes, which `get_json_object` takes off."""
    path = engine.string("$[*]" + spark_steps(steps))
    return f"get_json_object(concat('[', {text}, ']'), {path})"


def checked_duckdb(text: str, made: str, type_name: str) -> str:
    """What is made of a JSON text; fails for what DuckDB alone takes: `[1,]`, `NaN`, `Infinity`.

    The second look, without the texts in quotes, is for those that a first one finds.
    """
    odd = r"',\s*[]}]|[nN][aA][nN]|[iI][nN][fF]'"
    bare = f"""regexp_replace({text}, '"([^"\\\\]|\\\\.)*"', '""', 'g')"""
    return (
        f"CASE WHEN regexp_matches({text}, {odd}) AND regexp_matches({bare}, {odd})"
        f" THEN CAST(error('not JSON') AS {type_name}) ELSE {made} END"
    )


def checked_spark(text: str, made: str, type_name: str) -> str:
    """What is made of a JSON text; fails where it is none, for which Spark would give NULL.

    In brackets it must be one value, also where it closes them itself.
    """
    alone = f"json_array_length(concat('[', {text}, ']')) = 1"
    whole = f"""get_json_object(concat('{{"a":[', {text}, ']}}'), '$.a') IS NOT NULL"""
    return (
        f"CASE WHEN {alone} AND {whole} THEN {made}"
        f" WHEN {text} IS NOT NULL THEN CAST(raise_error('not JSON') AS {type_name}) END"
    )


def _failing(what: str) -> str:
    return f"CAST(raise_error('{what}') AS STRING)"


def _number_spark(value: str, engine: Engine) -> str:
    """Java's `1.5E7` as the others write it: with its digits, or as `1.5e22`."""
    split = f"split({value}, 'E')"
    exponent = f"CAST({split}[1] AS INT)"
    digits = f"regexp_replace({split}[0], '[.-]', '')"
    padded = f"rpad({digits}, {exponent} + 1, '0')"
    rest = f"substr({digits}, {exponent} + 2)"
    sign = f"CASE WHEN startswith({value}, '-') THEN '-' ELSE '' END"
    end = engine.string("0$")
    failing = _failing("a number of 10^16 and more with 16 digits: take it as a text in the JSON")
    return (
        # There Java 17 does not always give the shortest digits (JDK-4511638).
        f"CASE WHEN {exponent} > 15 AND length({digits}) > 15 THEN {failing}"
        f" WHEN {exponent} BETWEEN 0 AND 20 THEN concat({sign},"
        f" left({padded}, {exponent} + 1), '.', CASE WHEN {rest} = '' THEN '0' ELSE {rest} END)"
        f" WHEN {exponent} BETWEEN -6 AND -1 THEN concat({sign}, '0.',"
        f" repeat('0', -{exponent} - 1), regexp_replace({digits}, {end}, ''))"
        f" ELSE concat(regexp_replace({split}[0], {engine.string('[.]0$')}, ''), 'e', {split}[1])"
        " END"
    )


def text_at(engine: Engine, text: str, steps: Steps) -> str:
    """The value at a path as text: what `->>` means, in the engine's SQL."""
    if engine.texts.json_text is None:
        raise missing(engine, "`->>` of JSON")
    return engine.texts.json_text(engine, text, steps)


def postgres_text(engine: Engine, text: str, steps: Steps) -> str:
    """`->>` on PostgreSQL."""
    return f"penstock.json_text(CAST({text} AS JSON), {written(steps, engine)})"


def duckdb_text(engine: Engine, text: str, steps: Steps) -> str:
    """`->>` on DuckDB."""
    made = f"json_extract_string({text}, {written(steps, engine)})"
    return checked_duckdb(text, made, "VARCHAR")


def spark_text(engine: Engine, text: str, steps: Steps) -> str:
    """`->>` on Spark."""
    value = f"get_json_object({text}, {written(steps, engine)})"
    number = engine.string("^-?[0-9][.][0-9]+E-?[0-9]+$")
    quoted = quoted_spark(text, steps, engine)
    strings = engine.string(r'"([^"\\]|\\.)*"')
    # Java writes numbers from 10^7 on, and below 0.001, with an exponent.
    exponent = engine.string("[0-9]E-?[0-9]")
    failing = _failing(
        "a large or small number inside a JSON object or array: name the number in the path"
    )
    inner = (
        f"CASE WHEN startswith({quoted}, '\"') THEN value__"
        " WHEN value__ = 'null' THEN NULL"
        f" WHEN value__ RLIKE {number} THEN {_number_spark('value__', engine)}"
        f" WHEN regexp_replace(value__, {strings}, '') RLIKE {exponent} THEN {failing}"
        " ELSE value__ END"
    )
    # Only in an array, or alone, a JSON null is the text `null`.
    null = "" if steps and isinstance(steps[-1], str) else "|^null$"
    odd = engine.string(f"[0-9]E-?[0-9]{null}")
    made = (
        f"CASE WHEN {value} RLIKE {odd}"
        f" THEN element_at(transform(array({value}), value__ -> {inner}), 1) ELSE {value} END"
    )
    return checked_spark(text, made, "STRING")


def arrow(to: Renderer, node: exp.Expr) -> str:
    """`js ->> 'path'`, also behind `->`."""
    try:
        steps = of_node(node.expression)
        source = node.this.unnest()
        while isinstance(source, exp.JSONExtract):
            steps = (*of_node(source.expression), *steps)
            source = source.this.unnest()
    except Refusal as refused:
        refused.offset, refused.length = place(node)
        raise
    if to.type(source) not in ("varchar", "json", "null"):
        offset, length = place(node)
        raise Refusal(
            "PSK-PORT-023", f"`->>` takes JSON, not {to.type(source)}", None, offset, length
        )
    return f"({text_at(to.engine, to.sql(source), steps)})"


def bare(_: Renderer, node: exp.Expr) -> str:
    """`js -> 'path'` alone: the text of a JSON value differs (spaces, order, numbers)."""
    offset, length = place(node)
    raise Refusal(
        "PSK-PORT-022",
        f"`{shown(node)}` gives JSON, which engines write differently",
        "take the value as text with ->>, and cast it",
        offset,
        length,
    )
