"""How large a query may be: what is larger is refused at the place where it is too much.

Reading a query takes a call for each level of it, and time that grows with the square of a chain
of operators. A person writes none of these; a program that writes SQL is told what to do instead.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot.tokenizer_core import Token

CODE = "PSK-SQL-122"
MOST_LEVELS = 100
"""Brackets in brackets, CASE in CASE, NOT of NOT."""
MOST_TERMS = 500
"""Operators in one chain, such as `a AND b AND …`."""
MOST_QUERIES = 250
"""SELECTs in one query."""
MOST_WORDS = 50_000
_FRAMES = 6_000

_OPEN = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSE = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_OPERATORS = {
    *(TokenType.AND, TokenType.OR, TokenType.PLUS, TokenType.DASH, TokenType.STAR),
    *(TokenType.SLASH, TokenType.DIV, TokenType.MOD, TokenType.DPIPE, TokenType.NOT),
    *(TokenType.TILDE, TokenType.DCOLON, TokenType.AMP, TokenType.PIPE, TokenType.ARROW),
    *(TokenType.DARROW, TokenType.DOT, TokenType.COLLATE),
}
# A chain ends here.
_BETWEEN = {
    *(TokenType.COMMA, TokenType.SELECT, TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY),
    *(TokenType.HAVING, TokenType.ORDER_BY, TokenType.ON, TokenType.JOIN, TokenType.QUALIFY),
    *(TokenType.WHEN, TokenType.THEN, TokenType.ELSE, TokenType.UNION, TokenType.SEMICOLON),
}


@dataclass(frozen=True, slots=True)
class TooLarge:
    """What is too much, and where: `length` characters at `offset` of the text."""

    message: str
    hint: str
    offset: int
    length: int


def words(text: str) -> list[Token]:
    """The words of a text; none where it cannot be cut into words, of which DuckDB says why."""
    try:
        return tokenize(text, read="duckdb")
    except SqlglotError:
        return []


def too_large(tokens: Sequence[Token]) -> TooLarge | None:
    """What of a text is more than is read.

    >>> found = too_large(words("SELECT " + "(" * 200 + "1" + ")" * 200))
    >>> found and (found.message, found.offset)
    ('this is nested 100 levels deep', 106)
    >>> too_large(words("SELECT 1 AS a"))
    """
    if len(tokens) > MOST_WORDS:
        message = f"this is a query of {len(tokens):,} words, and {MOST_WORDS:,} are read at most"
        hint = "put long lists of values into a file, make it a source, and join it"
        return _at(tokens[MOST_WORDS], message, hint)
    return _many_queries(tokens) or _deep(tokens)


def allow_depth() -> None:
    """Let Python go as deep as the largest query that is read needs. Safe to call twice."""
    # Never lowered again: another thread may be deep in a query of its own.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))


def _many_queries(tokens: Sequence[Token]) -> TooLarge | None:
    selects = [t for t in tokens if t.token_type == TokenType.SELECT]
    if len(selects) <= MOST_QUERIES:
        return None
    message = f"these are {len(selects):,} SELECTs in one, and {MOST_QUERIES} are read at most"
    return _at(selects[MOST_QUERIES], message, "make models of its parts, and read those here")


def _deep(tokens: Sequence[Token]) -> TooLarge | None:
    chains = [0]
    for token in tokens:
        kind = token.token_type
        if kind in _OPEN:
            chains.append(0)
            if len(chains) > MOST_LEVELS:
                return _nested(token)
        elif kind in _CLOSE:
            if len(chains) > 1:
                chains.pop()
        elif kind in _BETWEEN:
            chains[-1] = 0
        elif kind in _OPERATORS:
            chains[-1] += 1
            if chains[-1] > MOST_TERMS:
                message = f"this is a chain of more than {MOST_TERMS} operators"
                hint = (
                    "x = 1 OR x = 2 … is x IN (1, 2, …); join a table of values; or compute a part "
                    "of it in a subquery"
                )
                return _at(token, message, hint)
    return None


def _nested(token: Token) -> TooLarge:
    hint = "compute the inner part in a CTE (WITH … AS), or in a model of its own"
    return _at(token, f"this is nested {MOST_LEVELS} levels deep", hint)


def _at(token: Token, message: str, hint: str) -> TooLarge:
    return TooLarge(message, hint, token.start, token.end - token.start + 1)
