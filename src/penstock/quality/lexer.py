r"""DQDL text as tokens with exact offsets.

Follows the lexer that AWS publishes (https://github.com/awslabs/dqdl, CommonLexerRules.g4),
with one difference: a backslash before anything but `"` and `\` stays, so that `"\d+"` is the
regular expression it looks like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from penstock.quality.ast import Place, Text
from penstock.quality.errors import RuleError

Kind = Literal["name", "number", "string", "symbol", "end"]

SYNTAX = "PSK-DQ-001"

_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"#[^\n]*")
_WORD = re.compile(r"[A-Za-z0-9_.]+")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_LINE_STRING = re.compile(r'"(?:\\[^\n]|[^"\\\n])*"')
_SYMBOL = re.compile(r"!=|>=|<=|[=<>()\[\]{},:+\-*/$]")
_ESCAPE = re.compile(r'\\(["\\])')
# What other languages write → what DQDL writes, and the token that stands for it.
_FOREIGN: dict[str, tuple[str, tuple[Kind, str] | None]] = {
    "==": ("`=`", ("symbol", "=")),
    "<>": ("`!=`", ("symbol", "!=")),
    "&&": ("`and`", ("name", "and")),
    "||": ("`or`", ("name", "or")),
    ";": ("a comma between rules", ("symbol", ",")),
    "//": ("`#` before a comment", None),
    "'": ("double quotes around text", None),
}
_LONG_TEXT_AFTER = frozenset({"CustomSql", "where"})


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `text` is as written; of a string, with its quotes."""

    kind: Kind
    text: str
    place: Place

    def says(self, *words: str) -> bool:
        """Whether this is one of these keywords (in any case) or symbols."""
        if self.kind == "name":
            return self.text.lower() in words
        return self.kind == "symbol" and self.text in words

    def string(self) -> Text:
        """The value of a string token, or of a name that stands for one."""
        if self.kind != "string":
            return Text(self.text, self.place, quoted=False)
        inner = self.text[1:-1]
        escapes = []
        for found, match in enumerate(_ESCAPE.finditer(inner)):
            escapes.append(match.start() - found)
        return Text(_ESCAPE.sub(r"\1", inner), self.place, escapes=tuple(escapes))


def tokenize(text: str) -> tuple[list[Token], list[RuleError]]:
    """Every token of a text, ending with an `end` token, and what is no token. Never raises.

    >>> [t.text for t in tokenize('IsComplete "a" # why')[0]]
    ['IsComplete', '"a"', '']
    """
    tokens, errors, unclosed = _scan(text, one_line=False)
    if unclosed:
        # The opening quote that was never closed is on an earlier line than where the last
        # string starts: strings that need not span lines end at their line's end.
        tokens, errors, _ = _scan(text, one_line=True)
    return tokens, errors


def _scan(text: str, *, one_line: bool) -> tuple[list[Token], list[RuleError], bool]:
    tokens: list[Token] = []
    errors: list[RuleError] = []
    unclosed = False
    at = 0
    while at < len(text):
        skipped = _SPACE.match(text, at) or _COMMENT.match(text, at)
        if skipped:
            at = skipped.end()
            continue
        if text[at] == '"':
            long = bool(tokens) and tokens[-1].text in _LONG_TEXT_AFTER
            pattern = _LINE_STRING if one_line and not long else _STRING
            closed = pattern.match(text, at)
            end = closed.end() if closed else _unclosed_end(text, at)
            if closed:
                tokens.append(Token("string", closed.group(), Place(at, end - at)))
            else:
                unclosed = True
                errors.append(
                    RuleError(at, end - at, SYNTAX, "this text has no closing quote", 'add `"`')
                )
                tokens.append(Token("string", text[at:end] + '"', Place(at, end - at)))
        else:
            end = _other(text, at, tokens, errors)
        at = end
    tokens.append(Token("end", "", Place(len(text), 0)))
    return tokens, errors, unclosed


def _other(text: str, at: int, tokens: list[Token], errors: list[RuleError]) -> int:
    foreign = next((f for f in _FOREIGN if text.startswith(f, at)), None)
    if foreign:
        return _foreign(foreign, text, at, tokens, errors)
    word = _WORD.match(text, at)
    if word:
        kind: Kind = "number" if _NUMBER.fullmatch(word.group()) else "name"
        tokens.append(Token(kind, word.group(), Place(at, word.end() - at)))
        return word.end()
    symbol = _SYMBOL.match(text, at)
    if symbol:
        tokens.append(Token("symbol", symbol.group(), Place(at, symbol.end() - at)))
        return symbol.end()
    message = f"the character {text[at]!r} means nothing in DQDL"
    hint = "names with other characters than letters, digits, `_` and `.` go in double quotes"
    errors.append(RuleError(at, 1, SYNTAX, message, hint))
    return at + 1


def _foreign(word: str, text: str, at: int, tokens: list[Token], errors: list[RuleError]) -> int:
    """What DQDL does not write: an error, and the token that was meant."""
    right, meant = _FOREIGN[word]
    end = at + len(word)
    if word == "'":
        close = text.find("'", end, _line_end(text, at))
        if close > 0:
            end = close + 1
            body = text[at + 1 : close].replace('"', '\\"')
            tokens.append(Token("string", f'"{body}"', Place(at, end - at)))
    elif word == "//":
        end = _line_end(text, at)
    elif meant:
        tokens.append(Token(*meant, Place(at, len(word))))
    errors.append(RuleError(at, len(word), SYNTAX, f"`{word}` is not DQDL", f"DQDL writes {right}"))
    return end


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _unclosed_end(text: str, at: int) -> int:
    """Where text without a closing quote ends: with its line, before a comma or bracket."""
    line = text[at : _line_end(text, at)]
    return at + max(1, len(line.rstrip(" \t\r,])")))
