"""What is wrong with text that is not YAML, in the reader's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic

if TYPE_CHECKING:
    import yaml

    from penstock.spec.text import TextFile

# What YAML 1.2 calls printable, and the byte order mark within the text.
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAB_INDENT = re.compile(r"^[ ]*(\t+)[ \t]*[^\s#]", re.MULTILINE)
_REFERENCE = re.compile(r"(?<![\"'])\$\{[^}\n]*\}?")
_MAX_REPORTED = 20

# libyaml's words → ours, and what to do.
_MEANINGS: tuple[tuple[str, str, str | None], ...] = (
    ("mapping values are not allowed", "a `:` stands where no key can be",
     "put the text in quotes, or check the indentation of this line and the one above"),
    ("could not find expected ':'", "a key without a `:`",
     "write `key: value`; check the quotes and the indentation above"),
    ("did not find expected key", "the indentation does not fit, or a quote is not closed",
     "align the keys of one mapping in one column"),
    ("did not find expected '-' indicator", "the indentation does not fit the list above",
     "align the `-` of one list in one column"),
    ("did not find expected ',' or ']'", "a `[` is not closed, or a comma is missing", None),
    ("did not find expected ',' or '}'", "a `{` is not closed, or a comma is missing", None),
    ("found unexpected end of stream", "a quote is not closed", None),
    ("found character that cannot start any token", "this character cannot start a value",
     "put the text in quotes"),
    ("found unknown escape character", "this backslash escape does not exist",
     "use single quotes, where a backslash is only a backslash"),
    ("did not find expected alphabetic or numeric character", "`*` and `&` have a meaning in YAML",
     "put the text in quotes"),
    ("block sequence entries are not allowed", "a list item cannot start here",
     "put the `-` on a line of its own"),
    ("did not find expected <document start>", "text follows the end of the document", None),
    ("undefined tag handle", "this tag is not defined", "put the text in quotes"),
)  # fmt: skip


def unreadable_characters(file: TextFile) -> list[Diagnostic]:
    """Control characters, and tabs that indent."""
    found = []
    for match in list(_UNPRINTABLE.finditer(file.text))[:_MAX_REPORTED]:
        sign = f"U+{ord(match[0]):04X}"
        found.append(
            Diagnostic(
                "PSK-YAML-001",
                f"the character {sign} may not stand in YAML",
                file.span(match.start(), match.end()),
                "remove it, or write it as an escape in double quotes",
            )
        )
    return found


def syntax_error(file: TextFile, error: yaml.MarkedYAMLError) -> Diagnostic:
    """The YAML library's error, with its place, in the reader's words."""
    mark = error.problem_mark or error.context_mark
    at = mark.index if mark else 0
    line, _ = file.place(at)
    begin = file.starts[line - 1]
    tab = _TAB_INDENT.search(file.text, begin)
    if tab and file.place(tab.start(1))[0] == line and tab.start(1) <= at:
        span = file.span(tab.start(1), tab.end(1))
        hint = "indent with spaces"
        return Diagnostic("PSK-YAML-002", "a tab indents this line", span, hint)
    reference = _REFERENCE.search(file.text, begin)
    if reference and reference.start() <= at and "or '" in (error.problem or ""):
        message = f"within `{{ }}` and `[ ]`, `{reference[0]}` needs quotes"
        span = file.span(reference.start(), reference.end())
        return Diagnostic("PSK-YAML-001", message, span, f'write "{reference[0]}"')
    message, advice = _meaning(error)
    if at >= len(file.text) and error.context_mark:
        at = error.context_mark.index
    end = min(at + 1, len(file.text))
    return Diagnostic("PSK-YAML-001", message, file.span(at, end), advice)


def _meaning(error: yaml.MarkedYAMLError) -> tuple[str, str | None]:
    problem = error.problem or "this is not YAML"
    for words, message, hint in _MEANINGS:
        if words in problem:
            return message, hint
    return problem, None
