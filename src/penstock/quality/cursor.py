"""A place in a list of tokens: what the parser's parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.quality.errors import RuleError
from penstock.quality.lexer import SYNTAX, Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.quality.ast import Place

MAX_DEPTH = 60
KEYWORDS = frozenset(
    {"and", "or", "between", "in", "not", "matches", "where", "with", "labels"}
    | {"null", "empty", "whitespaces_only"}
)


class SyntaxStop(Exception):
    """The rule cannot be read further; its error is recorded. The parser goes on at the next.

    Control flow inside the parser, never seen outside.
    """


class Cursor:
    """The tokens of a text, the one being looked at, and the errors so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens, self.errors = tokenize(text)
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token being looked at; the last one is of kind `end`."""
        return self.tokens[self._at]

    @property
    def next(self) -> Token:
        """The one behind it."""
        return self.tokens[min(self._at + 1, len(self.tokens) - 1)]

    @property
    def previous(self) -> Token:
        """The one before it."""
        return self.tokens[max(self._at - 1, 0)]

    @property
    def index(self) -> int:
        """Number of the token being looked at."""
        return self._at

    def advance(self) -> Token:
        """Take the token."""
        token = self.token
        if token.kind != "end":
            self._at += 1
        return token

    def accept(self, *words: str) -> Token | None:
        """Take the token if it is one of these keywords or symbols."""
        return self.advance() if self.token.says(*words) else None

    def expect(self, word: str, *, after: str) -> Token:
        """Take this keyword or symbol.

        Raises:
            SyntaxStop: something else stands here.
        """
        found = self.accept(word)
        if not found:
            raise self.stop(f"expected `{word}` {after}")
        return found

    def error(
        self, place: Place, message: str, hint: str | None = None, code: str = SYNTAX
    ) -> None:
        """Record an error and go on."""
        self.errors.append(RuleError(place.offset, place.length, code, message, hint))

    def stop(self, message: str, hint: str | None = None) -> SyntaxStop:
        """Record an error at the token, naming what stands there; to be raised."""
        self.error(self.token.place, f"{message}, found {self.found()}", hint)
        return SyntaxStop()

    def found(self) -> str:
        """The token in the reader's words."""
        token = self.token
        if token.kind == "end":
            return "the end"
        first_line = token.text.splitlines()[0]
        shown = first_line if len(first_line) <= 40 else first_line[:39] + "…"
        return f"`{shown}`"

    def deeper(self) -> Depth:
        """One level of nesting: `with cursor.deeper(): …`.

        Raises:
            SyntaxStop: it is nested too deeply to be meant.
        """
        return Depth(self)

    def enter(self) -> None:
        """Begin a level."""
        if self._depth >= MAX_DEPTH:
            self.error(self.token.place, f"this is nested more than {MAX_DEPTH} levels deep")
            raise SyntaxStop
        self._depth += 1

    def leave(self) -> None:
        """End a level."""
        self._depth -= 1

    def folded(self, first: int, last: int) -> str:
        """Tokens `first` to `last` (exclusive) as written, without comments, spaces folded."""
        return "".join(self._pieces(self.tokens[first:last]))

    @staticmethod
    def _pieces(tokens: list[Token]) -> Iterator[str]:
        end = None
        for token in tokens:
            if end is not None and token.place.offset > end:
                yield " "
            yield " ".join(token.text.split()) if "\n" in token.text else token.text
            end = token.place.end


class Depth:
    """A level of nesting."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def __enter__(self) -> None:
        self._cursor.enter()

    def __exit__(self, *_: object) -> None:
        self._cursor.leave()
