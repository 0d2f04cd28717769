"""LIKE and ILIKE: `%` is any text, `_` any character (code point), line feeds among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.functions.text_case import lower_sql
from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal
from penstock.letters import tables

if TYPE_CHECKING:
    from penstock.dialects.portable.rendering import Renderer

_ESCAPE = "!"


def like(to: Renderer, node: exp.Expr) -> str:
    """A LIKE without ESCAPE: no character is an escape, a backslash is one like others."""
    return _like(to, node, None)


def escaped(to: Renderer, node: exp.Expr) -> str:
    """A LIKE with ESCAPE."""
    sign = node.expression
    if not (isinstance(sign, exp.Literal) and sign.is_string and len(str(sign.this)) < 2):
        raise _refused(node, "what escapes is one character, written in the SQL")
    return _like(to, node.this, str(sign.this) or None)


def _refused(node: exp.Expr, why: str, hint: str | None = None) -> Refusal:
    offset, length = place(node)
    return Refusal("PSK-PORT-023", f"`{shown(node)}`: {why}", hint, offset, length)


def _like(to: Renderer, node: exp.Expr, escape: str | None) -> str:
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        hint = "use starts_with, ends_with or contains"
        raise _refused(node, "a pattern must be written in the SQL", hint)
    if to.type(node.this) not in ("varchar", "null"):
        raise _refused(node, f"{to.type(node.this)} is no text", "cast it")
    folded = isinstance(node, exp.ILike)
    text = to.sql(node.this)
    if folded:
        text = lower_sql(to.engine, text)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    found = _pattern(node, str(pattern.this), escape, folded=folded)
    made = to.engine.string(found)
    if "\\" not in found and _ESCAPE not in found:
        # Engines look for a text faster where nothing is said of escapes.
        return f"({text} {word} {made})"
    return f"({text} {word} {made} ESCAPE {to.engine.string(_ESCAPE)})"


def _pattern(node: exp.Expr, given: str, escape: str | None, *, folded: bool) -> str:
    """The pattern with an escape that no engine has of itself, only where one must stand."""
    small = dict(zip(*tables("lower"), strict=True)) if folded else {}
    made, at = [], 0
    while at < len(given):
        sign = given[at]
        literal = sign == escape
        if literal:
            at += 1
            if at == len(given):
                raise _refused(node, "the pattern ends with its escape")
            sign = given[at]
        sign = small.get(sign, sign)
        made.append(_ESCAPE + sign if sign == _ESCAPE or (literal and sign in "%_") else sign)
        at += 1
    return "".join(made)
