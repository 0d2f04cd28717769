"""SQL written inside rules: read it, bind it, and say where in the rule it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, SqlglotError

from penstock.diagnostics import did_you_mean

if TYPE_CHECKING:
    from penstock.quality.ast import Place, Text
    from penstock.quality.scope import Scope


def parse_sql(
    text: Text, scope: Scope, *, code: str, into: type[exp.Expr] | None = None
) -> exp.Expr | None:
    """Read SQL; None, with an error at its place in the rule, if it is not SQL."""
    try:
        return parse_one(text.value, read="duckdb", into=into)
    except ParseError as error:
        place, words = _parse_error(error, text)
        scope.error(place, code, f"this is not SQL: {words}")
    except (SqlglotError, RecursionError) as error:
        start = getattr(error, "start", None)
        place = text.inside(start, len(text.value)) if isinstance(start, int) else text.place
        scope.error(place, code, "this is not SQL", "is a quote or a parenthesis missing?")
    return None


def set_variables(tree: exp.Expr, text: Text, scope: Scope) -> exp.Expr | None:
    """The tree with `$NAME` as values; None, with an error, if one is no variable."""
    errors = len(scope.errors)

    def value(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder | exp.Parameter):
            return node
        name = node.name
        if name in scope.variables:
            return exp.convert(scope.variables[name])
        start = max(text.value.find(f"${name}"), 0)
        hint = did_you_mean(name, scope.variables, noun="variables")
        place = text.inside(start, len(name) + 1)
        scope.error(place, "PSK-DQ-012", f"there is no variable `{name}`", hint)
        return node

    filled = tree.transform(value)
    return filled if len(scope.errors) == errors else None


def bind_text(
    text: Text, before: str, after: str, scope: Scope, *, code: str, written: str | None = None
) -> None:
    """Bind a query that holds the SQL of a rule, if there is a binder.

    Args:
        before: the query up to the text.
        after: the query behind it.
        written: the text as bound, if not `text.value`; of the same length.
    """
    if scope.bind is None:
        return
    sql = text.value if written is None else written
    failure = scope.bind(f"{before}{sql}{after}")
    if failure is None:
        return
    at = None if failure.offset is None else failure.offset - len(before)
    if at is not None and at >= len(sql):
        scope.error(text.inside(len(sql), 0), code, "this is not SQL: it ends too early")
        return
    place = text.inside(at, max(failure.length, 1)) if at is not None and at >= 0 else text.place
    scope.error(place, code, failure.message, failure.hint)


def _parse_error(error: ParseError, text: Text) -> tuple[Place, str]:
    if not error.errors:
        return text.place, "it cannot be read"
    first = error.errors[0]
    highlight = str(first.get("highlight") or "")
    lines = text.value.split("\n")
    line = min(max(int(first.get("line") or 1), 1), len(lines))
    # sqlglot's column is that of the last character of the token.
    end = sum(len(part) + 1 for part in lines[: line - 1]) + int(first.get("col") or 0)
    start = max(end - len(highlight), 0)
    words = f"`{highlight}` cannot stand here" if highlight else "it ends too early"
    return text.inside(start, max(len(highlight), 1)), words
