"""Calls that are written with words between their arguments, as calls with commas.

`TRIM(BOTH 'x' FROM s)`, `POSITION('a' IN s)`, `SUBSTRING(s FROM 2 FOR 3)`,
`OVERLAY(s PLACING 'x' FROM 2 FOR 3)`: standard SQL's forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlglot.tokenizer_core import Token

_WORDS = {
    "trim": {"both", "leading", "trailing", "from"},
    "position": {"in"},
    "substring": {"from", "for"},
    "overlay": {"placing"},
}
_SIDES = {"LEADING": "ltrim", "TRAILING": "rtrim"}


def has_words(tokens: Sequence[Token], at: int) -> bool:
    """Whether a call, named by the token at a place, has such a word in its parentheses."""
    words = _WORDS.get(tokens[at].text.lower())
    if words is None:
        return False
    depth = 0
    for token in tokens[at + 1 :]:
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
            if not depth:
                return False
        elif depth == 1 and token.text.lower() in words:
            return True
    return False


def as_calls(tree: exp.Expr, name: Callable[[str], str]) -> exp.Expr:
    """The tree with those nodes as calls.

    Args:
        name: the marked name of a function.
    """

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Trim):
            side = _SIDES.get(str(node.args.get("position") or "").upper(), "trim")
            made = [node.this, node.expression]
        elif isinstance(node, exp.StrPosition):
            side, made = "strpos", [node.this, node.args["substr"]]
        elif isinstance(node, exp.Substring):
            side, made = "substr", [node.this, node.args.get("start"), node.args.get("length")]
            if made[1] is None:
                made[1] = exp.Literal.number(1)
        elif isinstance(node, exp.Overlay):
            side = "overlay"
            made = [node.this, node.expression, node.args["from_"], node.args.get("for_")]
        else:
            return node
        call = exp.Anonymous(this=name(side), expressions=[e for e in made if e is not None])
        call.meta.update(node.meta)
        return call

    return tree.transform(change, copy=False)
