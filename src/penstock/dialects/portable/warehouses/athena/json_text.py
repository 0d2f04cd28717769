"""JSON on Athena: https://trino.io/docs/406/functions/json.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.json import steps_of
from penstock.dialects.portable.warehouses.athena.binding import bound, gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.entry import Rendering
    from penstock.dialects.portable.json_paths import Steps


def path(engine: Engine, steps: Steps) -> str:
    """A path as its literal."""
    return engine.string(
        "$" + "".join(f"[{s}]" if isinstance(s, int) else f'["{s}"]' for s in steps)
    )


def _number(x: str) -> str:
    """Java's `1.5E7` as the others write it: with its digits, or as `1.5e22`."""
    split = f"split({x}, 'E')"
    exponent = f"CAST({split}[2] AS INTEGER)"
    digits = f"regexp_replace({split}[1], '[.-]', '')"
    padded = f"rpad({digits}, greatest({exponent} + 1, 0), '0')"
    rest = f"substr({digits}, {exponent} + 2)"
    sign = f"CASE WHEN starts_with({x}, '-') THEN '-' ELSE '' END"
    many = "a number of 10^16 and more with 16 digits: take it as a text in the JSON"
    return (
        # There Java 17 does not always give the shortest digits (JDK-4511638).
        f"CASE WHEN {exponent} > 15 AND length({digits}) > 15 THEN {_failing(many, x)}"
        f" WHEN {exponent} BETWEEN 0 AND 20 THEN concat({sign},"
        f" substr({padded}, 1, {exponent} + 1), '.',"
        f" CASE WHEN {rest} = '' THEN '0' ELSE {rest} END)"
        f" WHEN {exponent} BETWEEN -6 AND -1 THEN concat({sign}, '0.',"
        f" rpad('', - {exponent} - 1, '0'), regexp_replace({digits}, '0$', ''))"
        f" ELSE concat(regexp_replace({split}[1], '[.]0$', ''), 'e', {split}[2]) END"
    )


def _failing(what: str, x: str) -> str:
    return f"CAST(CASE WHEN CAST(concat('{what}: ', {x}) AS BOOLEAN) THEN NULL END AS VARCHAR)"


def text_at(engine: Engine, text: str, steps: Steps) -> str:
    """The value at a path as text."""
    at = path(engine, steps)
    inner = "a large or small number inside a JSON object or array: name the number in the path"
    strings = r'"([^"\\]|\\.)*"'
    body = (
        "CASE WHEN starts_with({x}, '\"') THEN json_extract_scalar({x}, '$')"
        " WHEN {x} = 'null' THEN NULL"
        r" WHEN regexp_like({x}, '^-?[0-9][.][0-9]+E-?[0-9]+$') THEN "
        f"{_number('{x}')}"
        f" WHEN regexp_like(regexp_replace({{x}}, '{strings}', ''), '[0-9]E-?[0-9]')"
        f" THEN {_failing(inner, '{x}')} ELSE {{x}} END"
    )
    return bound(f"json_format(json_extract({text}, {at}))", body)


def _string(call: Call) -> str:
    return text_at(call.engine, call.args[0], steps_of(call))


def _length(call: Call) -> str:
    return f"json_array_length(json_extract({call.args[0]}, {path(call.engine, steps_of(call))}))"


def _exists(call: Call) -> str:
    # A JSON null is one there, and nothing is NULL.
    found = f"json_extract({call.args[0]}, {path(call.engine, steps_of(call))}) IS NOT NULL"
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN {found} END"


_BOTH = "varchar, varchar | json, varchar"
_EITHER = "varchar, varchar? | json, varchar?"

FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    "json_extract_string": {_BOTH: _string},
    "json_array_length": {_EITHER: _length},
    "json_exists": {_BOTH: _exists},
    "json_keys": {_EITHER: gap("Trino keeps no order of an object's keys")},
}
