"""Reads values of Penstock's types out of JSON text, and tells what is not of its type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one

from penstock.transforms.names import data_type, identifier
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from penstock import types

_WHOLE = "^-?[0-9]+$"
_TIME = "[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
# What a text of the type looks like, so that engines take the same texts for it. A cast follows,
# which sees to the rest: that there is such a day, that the number is not too large.
_FORMS = {
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "double": "^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$",
    "boolean": "^[tf][ra][ul]s?e$",
    "date": f"^{_DAY}$",
    "timestamp": f"^{_DAY}[T ]{_TIME}$",
    "timestamptz": f"^{_DAY}[T ]{_TIME}[Z+-]([0-9]{{2}}:?[0-9]{{2}})?$",
    "time": f"^{_TIME}$",
}
_PATH = re.compile(r'\$(\.[A-Za-z_][A-Za-z0-9_]*|\."[^"\\]+"|\[[0-9]+\])*')


@dataclass(frozen=True)
class Reading:
    """A part of a JSON text.

    Attributes:
        value: of the type asked for; NULL where the part is missing, null or of no such type.
        fine: whether it is missing, null or of the type; never NULL.
    """

    value: exp.Expr
    fine: exp.Expr


def is_path(text: str) -> bool:
    """Whether it names one part of a JSON text.

    >>> is_path("$.a.b[0]"), is_path('$."a b"'), is_path("$.a[*]"), is_path("a.b")
    (True, True, False, False)
    """
    return _PATH.fullmatch(text) is not None


def readable(wanted: types.Type) -> bool:
    """Whether values of a type are read from JSON."""
    if wanted.name in {"struct", "list"}:
        return all(readable(inner) for _, inner in wanted.fields)
    return wanted.name in {*_FORMS, "varchar", "decimal"}


def read(json: exp.Expr, path: str, wanted: types.Type, depth: int = 0) -> Reading:
    """The part of a JSON text at a path, as a type that is readable.

    Args:
        json: valid JSON, as text, or NULL.
        depth: how many lists it lies in.
    """
    text = exp.Paren(this=_at("json_extract_string", json, path))
    if wanted.name == "varchar":
        return Reading(text, exp.Boolean(this=True))
    if wanted.name == "struct":
        return _struct(json, path, wanted, text, depth)
    if wanted.name == "list":
        return _list(json, path, wanted, text, depth)
    value = filled(
        "CASE WHEN regexp_matches($text, $form) THEN $cast END",
        text=text,
        form=_form(wanted),
        cast=exp.TryCast(this=text.copy(), to=data_type(str(wanted))),
    )
    return Reading(value, filled("($text IS NULL OR $value IS NOT NULL)", text=text, value=value))


def _struct(json: exp.Expr, path: str, wanted: types.Type, text: exp.Expr, depth: int) -> Reading:
    inner = [(name, read(json, f"{path}{_step(name)}", t, depth)) for name, t in wanted.fields]
    struct = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=identifier(name), expression=part.value) for name, part in inner
        ]
    )
    value = filled("CASE WHEN substr($t, 1, 1) = '{' THEN $struct END", t=text, struct=struct)
    parts = reduce(lambda a, b: exp.and_(a, b, copy=False), (p.fine for _, p in inner))
    fine = filled(
        "CASE WHEN $t IS NULL THEN TRUE WHEN substr($t, 1, 1) = '{' THEN $parts ELSE FALSE END",
        t=text,
        parts=parts,
    )
    return Reading(value, fine)


def _list(json: exp.Expr, path: str, wanted: types.Type, text: exp.Expr, depth: int) -> Reading:
    name = f"element{depth + 1}"
    element = read(exp.Column(this=identifier(name)), "$", wanted.fields[0][1], depth + 1)
    whole = exp.Cast(this=_at("json_extract", json, path), to=data_type("json[]"))
    value = filled(
        f"CASE WHEN substr($t, 1, 1) = '[' THEN list_transform($l, lambda {name}: $v) END",
        t=text,
        l=whole,
        v=element.value,
    )
    fine = filled(
        "CASE WHEN $t IS NULL THEN TRUE WHEN substr($t, 1, 1) = '[' "
        f"THEN len(list_filter($l, lambda {name}: NOT $f)) = 0 ELSE FALSE END",
        t=text,
        l=whole,
        f=exp.Paren(this=element.fine),
    )
    return Reading(value, fine)


def _form(wanted: types.Type) -> str:
    if wanted.name != "decimal":
        return _FORMS[wanted.name]
    scale = wanted.numbers[1]
    # More digits than the type has would be rounded.
    behind = f"[.][0-9]{{1,{scale}}}0*" if scale else "[.]0+"
    return f"^-?[0-9]+({behind})?$"


def _at(function: str, json: exp.Expr, path: str) -> exp.Expr:
    call = exp.Paren(this=parse_one(f"{function}(x, {exp.Literal.string(path).sql()})", "duckdb"))
    next(iter(call.find_all(exp.Column))).replace(json.copy())
    found: exp.Expr = call.this
    return found


def _step(name: str) -> str:
    return f".{name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f'."{name}"'
