"""What several modules need of a call on Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.base import Gap

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.call import Call

_SIMPLE = (exp.Column, exp.Literal, exp.Identifier, exp.Null)


def bound(given: str, body: str, name: str = "x__") -> str:
    """An expression over a value that is computed and written once: `{x}` in the body.

    A lambda over a list of one: https://trino.io/docs/406/functions/lambda.html
    """
    return f"element_at(transform(ARRAY[{given}], {name} -> {body.replace('{x}', name)}), 1)"


def once(call: Call, body: str, number: int = 0) -> str:
    """A template that uses the argument `{x}` more than once; a column is simply repeated."""
    given = call.args[number]
    if isinstance(call.nodes[number].unnest(), _SIMPLE):
        return body.replace("{x}", given)
    return bound(given, body)


def repeated(body: str) -> Callable[[Call], str]:
    """A rendering by `once`: `{x}` is the first argument, `{1}`, `{2}` … are the others."""

    def render(call: Call) -> str:
        made = once(call, body)
        for i in range(1, len(call.args)):
            made = made.replace(f"{{{i}}}", call.args[i])
        return made

    return render


def failing(call: Call, message: str, value: str | None = None) -> str:
    """SQL that fails the query, for a branch of a CASE."""
    return call.engine.failing(message, value or call.args[0], call.type)


def gap(why: str) -> Gap:
    """Something that cannot be there."""
    return Gap("never", "PSK-PORT-020", why)
