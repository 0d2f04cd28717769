"""What several declarations need of a call: whole numbers, and an argument that is used twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_SIMPLE = (exp.Column, exp.Literal, exp.Identifier, exp.Null)
_INTEGER = {"smallint", "integer"}


def whole(call: Call, number: int) -> str:
    """An argument as a 32-bit number: beyond that it fails, on every engine."""
    if call.types[number] in _INTEGER:
        return call.args[number]
    return call.cast(call.args[number], "integer")


def literal_number(call: Call, number: int) -> int | None:
    """A whole number that is written in the SQL; None: it is computed."""
    node = call.nodes[number].unnest()
    sign = 1
    if isinstance(node, exp.Neg):
        node, sign = node.this.unnest(), -1
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
        return sign * int(str(node.this))
    return None


def literal_text(call: Call, number: int) -> str | None:
    """A text that is written in the SQL; None: it is computed."""
    node = call.nodes[number].unnest()
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


def once(call: Call, body: str, number: int = 0) -> str:
    """A template that uses `{x}` more than once, with the argument computed and written once.

    A column is simply repeated. Anything longer becomes the variable of a lambda over a list of
    one: repeated, nested calls would double the text at every level. Only where an engine has
    lambdas: not PostgreSQL.
    """
    given = call.args[number]
    if isinstance(call.nodes[number].unnest(), _SIMPLE):
        return body.replace("{x}", given)
    inner = body.replace("{x}", "x__")
    if call.engine.name == "duckdb":
        return f"list_transform([{given}], lambda x__: {inner})[1]"
    return f"element_at(transform(array({given}), x__ -> {inner}), 1)"


def repeated(body: str) -> Rendering:
    """A rendering by `once`: `{x}` is the first argument, `{1}`, `{2}` … are the others."""

    def render(call: Call) -> str:
        made = once(call, body)
        for i in range(1, len(call.args)):
            made = made.replace(f"{{{i}}}", call.args[i])
        return made

    return render
