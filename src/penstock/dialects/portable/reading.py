"""Reads SQL without sqlglot's ideas of functions: every call is a name and its arguments.

sqlglot turns functions into nodes of its own and merges, reorders and completes their arguments
on the way. Here a name before a parenthesis is marked before it is parsed, so that what is written
is what is looked up. The tokens keep their places.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.syntax import as_calls, has_words

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "__f_"
# What sqlglot raises of texts that it takes for SQL half way.
UNREAD = (SqlglotError, RecursionError, TypeError, ValueError, AttributeError, LookupError)
_MARKED = re.compile(MARK, re.IGNORECASE)
_KEY = re.compile(r"[\w -]+")
# A word before a parenthesis that is no function's name.
_SYNTAX = frozenset(
    """cast try_cast extract exists unnest grouping values in any all some over filter columns as
    and or not when then else case on using where having select distinct from join by sets rollup
    cube within exclude replace interval order group limit offset qualify union except intersect
    with recursive materialized is between like ilike escape array struct map row decimal numeric
    varchar char lateral table pivot unpivot for window partition similar to end null true
    false""".split()  # noqa: SIM905
)
_CLOCKS = frozenset(
    {
        TokenType.CURRENT_DATE,
        TokenType.CURRENT_DATETIME,
        TokenType.CURRENT_TIME,
        TokenType.CURRENT_TIMESTAMP,
        TokenType.LOCALTIME,
        TokenType.LOCALTIMESTAMP,
    }
)
# Also functions: what stands before tells.
_BOTH = frozenset({"replace", "rename"})
# Words without a meaning of their own to the tokenizer that a call may follow.
_BEFORE_CALLS = frozenset({"zone", "to", "lambda"})


class _Written(DuckDB):
    """DuckDB's syntax; the number in `list[1]` stays as it is written."""

    INDEX_OFFSET = 0


def read(sql: str) -> exp.Expr:
    """The tree of one statement; functions are `Anonymous` nodes with `MARK` before their names.

    Raises:
        Refusal: it does not parse.
    """
    dialect = _Written()
    try:
        tokens = dialect.tokenize(sql)
        found = dialect.parser().parse(_marked(tokens), sql)
    except UNREAD as error:
        raise Refusal("PSK-SQL-120", "this is outside the SQL that Penstock reads") from error
    if len(found) != 1 or found[0] is None:
        raise Refusal("PSK-SQL-120", "a model is one SELECT")
    return as_calls(_plain_texts(found[0]), MARK.__add__)


def _plain_texts(tree: exp.Expr) -> exp.Expr:
    """`$$it's$$` is a text as any other."""
    for node in list(tree.find_all(exp.RawString)):
        made = exp.Literal.string(str(node.this))
        made.meta.update(node.meta)
        if node is tree:
            return made
        node.replace(made)
    return tree


def _marked(tokens: Sequence[Token]) -> list[Token]:
    marked = []
    for i, token in enumerate(tokens):
        _check_path(token, tokens[i - 1] if i else None)
        _check_clock(token, tokens[i - 1] if i else None)
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        before = tokens[i - 1] if i else None
        if (
            after is not None
            and after.token_type == TokenType.L_PAREN
            and _is_function(token, before)
            and not _names_columns(tokens, i)
            and not has_words(tokens, i)
        ):
            text = MARK + token.text.lower()
            where = (token.line, token.col, token.start, token.end)
            marked.append(Token(TokenType.VAR, text, *where, token.comments))
        else:
            marked.append(token)
    return marked


def _check_clock(token: Token, before: Token | None) -> None:
    """`current_date` and its kind: functions without parentheses, which sqlglot gives no place."""
    if token.token_type not in _CLOCKS or (before is not None and before.text == "."):
        return
    from penstock.dialects.portable.functions import near

    word = token.text.lower()
    message = f"`{word}` is not a portable function"
    length = token.end - token.start + 1
    raise Refusal("PSK-PORT-022", message, near(word), token.start, length)


def _check_path(token: Token, before: Token | None) -> None:
    """`js ->> 'a.b'`: a key with a point in it, that sqlglot would read as two."""
    if (
        token.token_type == TokenType.STRING
        and before is not None
        and before.text in ("->", "->>")
        and not token.text.startswith(("$", "/"))
        and not _KEY.fullmatch(token.text)
    ):
        raise Refusal(
            "PSK-PORT-032",
            f"the path '{token.text}' into JSON has no root",
            f"""write it from its root: '$."{token.text}"'; a lambda as `lambda x: …`""",
            token.start,
            token.end - token.start + 1,
        )


def _is_function(token: Token, before: Token | None) -> bool:
    word = token.text.lower()
    if not word.isidentifier() or token.token_type in {TokenType.STRING, TokenType.IDENTIFIER}:
        return False
    if word in _BOTH:
        return not (before and (before.token_type == TokenType.STAR or before.text == ")"))
    if before and (before.token_type in {TokenType.ALIAS, TokenType.WITH} or before.text == ")"):
        return False
    return word not in _SYNTAX


def _names_columns(tokens: Sequence[Token], at: int) -> bool:
    """Whether `name (…)` is a table with names for its columns: `t u (a, b)`, `WITH u (a) AS (`."""
    before = tokens[at - 1] if at else None
    if before is not None and before.token_type in (TokenType.VAR, TokenType.IDENTIFIER):
        return before.text.lower() not in _BEFORE_CALLS
    depth = 0
    for i in range(at + 1, len(tokens)):
        kind = tokens[i].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if not depth:
            behind = [t.text.lower() for t in tokens[i + 1 : i + 3]]
            return behind in (["as", "("], ["as", "materialized"], ["as", "not"])
    return False


def shown(node: exp.Expr, most: int = 60) -> str:
    """A node as a model would have it, for messages."""
    try:
        text = plain(node.sql("duckdb", comments=False))
    except ValueError:  # sqlglot reads things that it cannot write
        text = type(node).__name__
    return text if len(text) <= most else f"{text[: most - 1]}…"


def plain(sql: str) -> str:
    """SQL without the marks.

    >>> plain("__F_LPAD(s, 5, '*')")
    "LPAD(s, 5, '*')"
    """
    return _MARKED.sub("", sql)


def called(node: exp.Expr) -> str | None:
    """The name of a marked call, lower case; None: it is none."""
    if isinstance(node, exp.Anonymous) and str(node.this).startswith(MARK):
        return str(node.this)[len(MARK) :]
    return None


def call(name: str, *args: exp.Expr) -> exp.Expr:
    """A marked call, for syntax that means a function.

    >>> called(call("timezone", exp.Literal.string("UTC"), exp.column("ts")))
    'timezone'
    """
    return exp.Anonymous(this=MARK + name, expressions=list(args))


def place(node: exp.Expr) -> tuple[int | None, int]:
    """Where a node stands in the text: offset and length; as near as sqlglot knows.

    Of what has no place and holds nothing that has one, it is where what is around it begins.
    """
    if "start" in node.meta:
        start, end = node.meta["start"], node.meta["end"]
        return start, end - start + 1
    found = [(n.meta["start"], n.meta["end"]) for n in node.walk() if "start" in n.meta]
    if not found:
        return (place(node.parent)[0], 1) if node.parent is not None else (None, 0)
    start, end = min(s for s, _ in found), max(e for _, e in found)
    return start, end - start + 1
