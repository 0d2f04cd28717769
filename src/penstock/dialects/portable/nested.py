"""Structs and maps: their types, and how an engine writes them and takes them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import types
from penstock.dialects.portable.families import element, name_of
from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import said

if TYPE_CHECKING:
    from penstock.dialects.portable.rendering import Renderer
    from penstock.dialects.portable.typing import Typer


def struct_type(typer: Typer, node: exp.Struct) -> str:
    """The type of `{'a': 1}`.

    Raises:
        Refusal: a field has no name or no type.
    """
    parts = []
    for name, value in _fields(node):
        kind = typer.type(value)
        if kind == "null":
            raise _refused(node, f"the field `{name}` is NULL of no type", "cast it: NULL::INTEGER")
        quoted = name.replace('"', '""')
        parts.append(f'"{quoted}" {kind}')
    return types.normalize(f"struct({', '.join(parts)})")


def field_type(typer: Typer, node: exp.Dot) -> str:
    """The type of `struct.field`.

    Raises:
        Refusal: it has no such field.
    """
    kind = typer.type(node.this)
    if name_of(kind) != "struct":
        raise _refused(node, f"{kind} has no fields", "a struct has; JSON is read by ->>")
    fields = dict(types.parse(kind).fields)
    name = node.expression.name
    if name not in fields:
        raise _refused(node, f"there is no field `{name}`", f"there are {', '.join(fields)}")
    return str(fields[name])


def map_type(typer: Typer, node: exp.Expr) -> str:
    """The type of `MAP {…}` and of `map(keys, values)`.

    Raises:
        Refusal: its keys or values have no common type, or it is empty.
    """
    if isinstance(node, exp.Map):
        found = [typer.type(node.args[k]) for k in ("keys", "values")]
        if any(name_of(k) != "list" for k in found):
            raise _refused(node, "map takes a list of keys and a list of values")
        key, value = (element(k) for k in found)
    else:
        pairs = _pairs(node)
        if not pairs:
            raise _refused(node, "an empty map has no type", "cast it")
        key = typer.common([typer.type(k) for k, _ in pairs])
        value = typer.common([typer.type(v) for _, v in pairs])
    if "null" in (key, value):
        raise _refused(node, "a map of NULLs has no type", "cast them")
    return types.normalize(f"map({key}, {value})")


def struct(to: Renderer, node: exp.Struct) -> str:
    """`{'a': 1}` in an engine's SQL."""
    spelled = to.engine.type_name(to.type(node))  # refuses where there are none
    item = said(to.engine, to.engine.struct_item, "a struct")
    items = [item.format(to.engine.string(n), to.sql(v)) for n, v in _fields(node)]
    return f"CAST({to.engine.struct_value.format(', '.join(items))} AS {spelled})"


def field(to: Renderer, node: exp.Dot) -> str:
    """`struct.field`; a struct that is only taken apart again is never put together."""
    inner = node.this.unnest()
    if isinstance(inner, exp.Struct):
        found = dict(_fields(inner))
        to.type(node)
        return to.sql(found[node.expression.name])
    to.engine.type_name(to.type(node.this))
    name = to.engine.name_of(node.expression.name)
    return f"({to.sql(node.this)}).{name}"


def map_of(to: Renderer, node: exp.Expr) -> str:
    """`MAP {…}` and `map(keys, values)`; keys that come twice or are NULL fail."""
    kind = to.type(node)
    spelled = to.engine.type_name(kind)
    if isinstance(node, exp.Map):
        keys, values = to.sql(node.args["keys"]), to.sql(node.args["values"])
    else:
        (_, key), (_, value) = types.parse(kind).fields
        made = [(to.coerced(k, str(key)), to.coerced(v, str(value))) for k, v in _pairs(node)]
        keys = to.engine.list_of([k for k, _ in made], f"{key}[]")
        values = to.engine.list_of([v for _, v in made], f"{value}[]")
    template = said(to.engine, to.engine.map_value, "a map")
    return f"CAST({template.format(keys, values)} AS {spelled})"


def _fields(node: exp.Struct) -> list[tuple[str, exp.Expr]]:
    found = []
    for each in node.expressions:
        if not isinstance(each, exp.PropertyEQ):
            raise _refused(node, "a struct's fields need names", "{'a': 1}")
        found.append((each.this.name, each.expression))
    return found


def _pairs(node: exp.Expr) -> list[tuple[exp.Expr, exp.Expr]]:
    inner = node.this
    return [(e.this, e.expression) for e in inner.expressions] if inner is not None else []


def _refused(node: exp.Expr, why: str, hint: str | None = None) -> Refusal:
    offset, length = place(node)
    return Refusal("PSK-PORT-023", f"`{shown(node)}`: {why}", hint, offset, length)
