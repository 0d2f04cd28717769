"""Diagnostics on a terminal: the caret stands under the very words."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.render import WIDEST, render_diagnostics
from penstock.diagnostics import Diagnostic, Span

FILES = {"models/delays.sql": "SELECT\n  carrier,\n  arr_dely\nFROM flights\n"}


def finding(span: Span | None = None, **more) -> Diagnostic:
    return Diagnostic("PSK-SQL-102", "no column named `arr_dely`", span, **more)


def at(text: str, start: int, end: int, **more) -> list[str]:
    """The lines of one finding over the characters of a one-line file."""
    span = Span("a.sql", 1, start + 1, 1, end + 1)
    return render_diagnostics([finding(span, **more)], {"a.sql": text}).split("\n")


def test_all_of_it():
    found = finding(
        Span("models/delays.sql", 3, 3, 3, 11), hint="did you mean `arr_delay`?", engines=("spark",)
    )
    assert render_diagnostics([found], FILES) == (
        "error[PSK-SQL-102]: no column named `arr_dely`\n"
        " --> models/delays.sql:3:3\n"
        "  |\n"
        "3 |   arr_dely\n"
        "  |   ^^^^^^^^\n"
        "  = hint: did you mean `arr_delay`?\n"
        "  = engines: spark"
    )


def test_several_are_counted():
    many = [finding(), finding(), finding(severity="warning")]
    assert render_diagnostics(many, {}).split("\n")[-1] == "2 errors, 1 warning"
    assert "errors" not in render_diagnostics([finding()], {})


def test_without_a_place_or_a_file():
    assert render_diagnostics([finding(hint="h")], {}) == (
        "error[PSK-SQL-102]: no column named `arr_dely`\n = hint: h"
    )
    assert render_diagnostics([finding(Span("b.sql", 1, 2, 1, 3))], {}).endswith("\n --> b.sql:1:2")


def test_a_place_behind_the_end_is_only_named():
    shown = render_diagnostics([finding(Span("models/delays.sql", 90, 1, 90, 2))], FILES)
    assert shown.endswith("models/delays.sql:90:1")


def test_several_lines_are_marked_to_the_end_of_the_first():
    lines = render_diagnostics([finding(Span("models/delays.sql", 2, 3, 3, 5))], FILES).split("\n")
    assert lines[-2:] == ["2 |   carrier,", "  |   ^^^^^^^^"]


def test_nothing_at_the_end_of_a_line_has_a_caret():
    assert at("abc", 3, 3)[-2:] == ["1 | abc", "  |    ^"]


def width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [("\tx\tarr", "arr"), ("日本 arr", "arr"), ("arr 日本", "日本"), ("e\u0301e\u0301 arr", "arr"), ("😀😀arr", "arr")],
)  # fmt: skip
def test_tabs_and_wide_characters_keep_the_caret_in_its_place(text: str, word: str):
    start = text.index(word)
    *_, source, caret = at(text, start, start + len(word))
    before, marked = source.partition(word)[0], caret.strip(" |")
    assert width(before) == caret.index("^")
    assert len(marked) == width(word)


def test_a_long_line_is_cut_around_the_words():
    text = "a" * 500 + " arr_dely " + "b" * 500
    *_, source, caret = at(text, 501, 509)
    assert len(source) <= WIDEST + 8
    assert source[caret.index("^") : caret.rindex("^") + 1] == "arr_dely"
    assert source.startswith("1 | …")
    assert source.endswith("…")


def test_a_long_stretch_in_a_long_line():
    *_, source, caret = at("x" * 5000, 10, 4990)
    assert len(caret) <= len(source) <= WIDEST + 8


def test_control_characters_do_not_reach_the_terminal():
    shown = render_diagnostics(
        [Diagnostic("PSK-X-001", "bad \x1b[31m", Span("a.sql", 1, 1, 1, 2), "\x07")],
        {"a.sql": "\x1b]0;title\x07 x\x9b"},
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)


def test_colour_is_only_added():
    found = [finding(Span("models/delays.sql", 3, 3, 3, 11), hint="h")]
    plain = render_diagnostics(found, FILES)
    coloured = render_diagnostics(found, FILES, color=True)
    assert "\x1b[31;1m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@given(st.text(max_size=200), st.integers(1, 5), st.integers(1, 250), st.integers(0, 250))
def test_any_span_of_any_text_is_shown(text: str, line: int, column: int, length: int):
    span = Span("a.sql", line, column, line, column + length)
    shown = render_diagnostics([finding(span)], {"a.sql": text})
    assert shown.startswith("error[PSK-SQL-102]")
