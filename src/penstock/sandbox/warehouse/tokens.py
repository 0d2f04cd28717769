"""SQL cut into words, so that words can be replaced without touching texts, names and comments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.sandbox.warehouse.refusal import SqlError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTS = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<text>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*")
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
  | (?P<word>[^\W0-9][\w$]*)
  | (?P<sign>::|->>|->|<=|>=|<>|!=|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL.

    Attributes:
        kind: `text`, `name` (in double quotes), `number`, `word`, `sign`.
        sql: as it is written.
    """

    kind: str
    sql: str

    @property
    def word(self) -> str:
        """A bare word in capitals, a sign as it is; empty for everything else."""
        return self.sql.upper() if self.kind in {"word", "sign"} else ""

    @property
    def value(self) -> str:
        """What a text, a name or a word stands for; Redshift folds the letters A to Z of names."""
        if self.kind == "text":
            return self.sql[1:-1].replace("''", "'")
        found = self.sql[1:-1].replace('""', '"') if self.kind == "name" else self.sql
        return "".join(c.lower() if c.isascii() else c for c in found)


def tokens(sql: str) -> list[Token]:
    r"""The pieces of a statement, without spaces and comments, and without the last semicolon.

    Raises:
        SqlError: a text or name is not closed, or there are several statements.

    >>> [t.sql for t in tokens("SELECT 'a;b' -- why\n FROM t;")]
    ['SELECT', "'a;b'", 'FROM', 't']
    """
    found = [
        Token(str(part.lastgroup), part.group())
        for part in _PARTS.finditer(sql)
        if part.lastgroup != "space"
    ]
    while found and found[-1].sql == ";":
        found.pop()
    for token in found:
        if token.sql in {"'", '"'}:
            raise SqlError(f"unterminated quoted string or name: {sql[:80]}")
        if token.sql == ";":
            raise SqlError("one statement at a time: BatchExecuteStatement takes several")
    return found


def written(found: Sequence[Token]) -> str:
    """The statement, names folded as Redshift folds them."""
    return " ".join(
        '"' + t.value.replace('"', '""') + '"' if t.kind == "name" else t.sql for t in found
    )


def closing(found: Sequence[Token], at: int) -> int:
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for place in range(at, len(found)):
        depth += {"(": 1, ")": -1}.get(found[place].sql, 0)
        if depth == 0:
            return place
    raise SqlError("a bracket is not closed")
