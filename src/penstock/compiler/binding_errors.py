"""What DuckDB says when a query does not bind, in our codes and in the reader's words.

With `errors_as_json` DuckDB gives a message, and often a name, candidates and a byte offset. Each
kind of message has one line in `_KINDS`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.transforms.base import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNKNOWN_NAMES = {"PSK-SQL-102", "PSK-SQL-103", "PSK-SQL-107", "PSK-SQL-117"}
"""Codes after which binding can go on with the name put out of the way."""

Said = tuple[str, str | None]


def read_error(error: Exception, sql: str, shift: int, known: Sequence[str] = ()) -> Failure:
    """A DuckDB error as a failure.

    Args:
        sql: the query, without what was put in front of it.
        shift: bytes that were put in front of it.
        known: column names to suggest.
    """
    found = _details(error)
    message = str(found.get("exception_message", error)).strip()
    offset, length = _place(found, sql, shift)
    for pattern, code, say in _KINDS:
        match = pattern.search(message)
        if match:
            text, hint = say(match, found, known)
            if offset is None and code not in UNKNOWN_NAMES:
                offset, length = _named(message, sql)
            return Failure(code, text, hint or None, offset, length)
    if offset is None:
        offset, length = _named(message, sql)
    return Failure("PSK-SQL-109", _first_line(message), _rest(message), offset, length)


def _details(error: Exception) -> dict[str, Any]:
    text = str(error)
    start = text.find("{")
    try:
        found = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        found = {}
    if isinstance(found, dict) and "exception_message" in found:
        return found
    return {"exception_message": text.partition(": ")[2] or text}


def _place(found: dict[str, Any], sql: str, shift: int) -> tuple[int | None, int]:
    """Offset and length in characters; DuckDB counts bytes."""
    try:
        start, length = json.loads(found["location"])
    except (KeyError, ValueError, TypeError):
        if not str(found.get("position", "")).isdigit():
            return None, 0
        start, length = int(found["position"]), 0
    raw = sql.encode()
    start -= shift
    if not 0 <= start <= len(raw):
        return None, 0
    before = len(raw[:start].decode(errors="ignore"))
    size = len(raw[start : start + length].decode(errors="ignore"))
    if not size:
        word = re.match(r"\w+|\S", sql[before:])
        size = word.end() if word else 0
    return before, size


def _named(message: str, sql: str) -> tuple[int | None, int]:
    """Where the first thing stands that a message without a place names: `"x"`, `%Q`, `(->)`."""
    for name in re.findall(r'"([^"]+)"|\'([^\']+)\'|(%\w)|\((->)\)', message.partition("\n")[0]):
        word = next(filter(None, name))
        there = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", sql, re.IGNORECASE)
        if there:
            return there.start(), len(word)
    return None, 0


def _unknown_column(match: re.Match[str], found: dict[str, Any], known: Sequence[str]) -> Said:
    name = str(found.get("name") or match["name"])
    if "FROM clause is missing" in match.string:
        return f"no column named `{name}`", "there is no FROM to take it from"
    names = [*known, *_candidates(found)]
    if name in names:  # of an input, which a query between does not hand on
        return f"no column named `{name}` here", "the query that it is read from does not select it"
    return f"no column named `{name}`", did_you_mean(name, names, noun="columns")


def _unknown_in_table(match: re.Match[str], _: dict[str, Any], known: Sequence[str]) -> Said:
    near = re.findall(r'"([^"]+)"', match.string.partition("Candidate")[2])
    hint = did_you_mean(match["name"], near or known, noun="columns")
    return f"`{match['table']}` has no column `{match['name']}`", hint


def _unknown_field(match: re.Match[str], _: dict[str, Any], __: Sequence[str]) -> Said:
    near = re.findall(r'"([^"]+)"', match.string.partition("Candidate")[2])
    return (
        f"the struct has no field `{match['name']}`",
        did_you_mean(match["name"], near, noun="fields"),
    )


def _unknown_table(match: re.Match[str], _: dict[str, Any], known: Sequence[str]) -> Said:  # noqa: ARG001
    near = re.findall(r'"([^"]+)"', match.string.partition("Candidate tables")[2])
    hint = did_you_mean(match["name"], near, noun="names in FROM")
    return f"nothing in FROM is named `{match['name']}`", hint


def _unknown_function(match: re.Match[str], found: dict[str, Any], _: Sequence[str]) -> Said:
    name = str(found.get("name") or match["name"])
    near = _candidates(found)
    return f"no function named `{name}`", f"did you mean `{near[0]}`?" if near else None


def _unknown_type(match: re.Match[str], _: dict[str, Any], __: Sequence[str]) -> Said:
    from penstock import types

    return f"no type named `{match['name']}`", did_you_mean(match["name"], types.ALL, noun="types")


def _ambiguous(match: re.Match[str], _: dict[str, Any], __: Sequence[str]) -> Said:
    ways = re.findall(r'"?([\w.]+\.[\w]+)"?', match.string.partition("(use:")[2])
    hint = "write " + " or ".join(f"`{w}`" for w in dict.fromkeys(ways)) if ways else None
    return f"`{match['name']}` is in more than one table of this FROM", hint


def _ungrouped(match: re.Match[str], _: dict[str, Any], __: Sequence[str]) -> Said:
    return (
        f"`{match['name']}` is neither grouped by nor inside an aggregate",
        f"add it to GROUP BY, or write any_value({match['name']}) if any of its values will do",
    )


def _no_overload(match: re.Match[str], _: dict[str, Any], __: Sequence[str]) -> Said:
    name, _paren, arguments = match["call"].partition("(")
    shown = arguments.rstrip(")").lower().replace("_literal", "")
    signatures = [s.strip() for s in match.string.partition("Candidate functions:")[2].splitlines()]
    takes = [s for s in signatures if s]
    if re.fullmatch(r"\W+", name):
        hint = "cast one side to the other's type, such as CAST(x AS varchar)"
    elif takes:
        hint = "it is called as: " + "; ".join(_plain(s) for s in takes[:3])
    else:
        hint = "cast the argument"
    return f"`{name}` does not take ({shown})", hint


def _syntax(match: re.Match[str], _: dict[str, Any], __: Sequence[str]) -> Said:
    near = match["near"]
    if not near:
        return "the SQL ends too early", "something is missing at the end"
    return f"this is not SQL: `{near}` is not expected here", None


def _arrow(_: re.Match[str], __: dict[str, Any], ___: Sequence[str]) -> Said:
    return "`x -> …` is no longer a lambda", "write lambda x: …, of several lambda x, y: …"


def _plain(signature: str) -> str:
    return re.sub(r", /|\s*::\s*", "", signature)


def _candidates(found: dict[str, Any]) -> list[str]:
    return [c.strip() for c in str(found.get("candidates") or "").split(",") if c.strip()]


def _first_line(message: str) -> str:
    line = message.splitlines()[0].rstrip("!. ")
    return line[:1].lower() + line[1:] if line[:2].istitle() else line


def _rest(message: str) -> str | None:
    lines = [line.strip() for line in message.splitlines()[1:] if line.strip()]
    return " ".join(lines[:3]) or None


_KINDS: tuple[
    tuple[re.Pattern[str], str, Callable[[re.Match[str], dict[str, Any], Sequence[str]], Said]], ...
] = (
    (re.compile("deprecated lambda arrow", re.IGNORECASE), "PSK-SQL-109", _arrow),
    (re.compile(r'syntax error at or near "(?P<near>.*)"'), "PSK-SQL-101", _syntax),
    (re.compile(r"syntax error at end of (?P<near>)input"), "PSK-SQL-101", _syntax),
    (
        re.compile(r'Table "(?P<table>.+?)" does not have a column named "(?P<name>.+?)"'),
        "PSK-SQL-102",
        _unknown_in_table,
    ),
    (re.compile(r'Referenced column "(?P<name>.+?)"'), "PSK-SQL-102", _unknown_column),
    (re.compile(r'Could not find key "(?P<name>.+?)" in struct'), "PSK-SQL-102", _unknown_field),
    (re.compile(r'Referenced table "(?P<name>.+?)" not found'), "PSK-SQL-108", _unknown_table),
    (re.compile(r"Function with name (?P<name>\S+) does not"), "PSK-SQL-103", _unknown_function),
    (re.compile(r"Type with name (?P<name>.+?) does not exist"), "PSK-SQL-107", _unknown_type),
    (re.compile(r"argument types '(?P<call>.+?\))'"), "PSK-SQL-104", _no_overload),
    (re.compile(r'function call "(?P<call>.+?)"\.'), "PSK-SQL-104", _no_overload),
    (
        re.compile(r'Ambiguous reference to column name "(?P<name>.+?)"'),
        "PSK-SQL-106",
        _ambiguous,
    ),
    (
        re.compile(r'column "(?P<name>.+?)" must appear in the GROUP BY', re.IGNORECASE),
        "PSK-SQL-105",
        _ungrouped,
    ),
)
