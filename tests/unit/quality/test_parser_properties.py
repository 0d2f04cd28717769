"""For any text the parser answers; for any rule, its text says the rule again."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from penstock.quality.ast import (
    Arithmetic,
    Between,
    Call,
    Compare,
    Composite,
    In,
    Matches,
    Now,
    Number,
    Quantity,
    Rule,
    Simple,
    Special,
    Text,
)
from penstock.quality.parser import parse_rules, parse_syntax
from penstock.quality.render import render
from penstock.quality.ruletypes import RULE_TYPES

texts = st.text(max_size=12).map(Text)
numbers = st.decimals(
    min_value=Decimal(-10000), max_value=Decimal(10000), places=3, allow_nan=False
).map(Number)
quantities = st.builds(
    Quantity, st.integers(0, 999), st.sampled_from(["minutes", "hours", "days", "B", "MB"])
)
shifts = st.builds(
    Quantity,
    st.integers(-999, 999).filter(bool),
    st.sampled_from(["minutes", "hours", "days"]),
)
atoms = st.one_of(
    texts,
    numbers,
    quantities,
    st.builds(Now, st.none() | shifts),
    st.sampled_from([Special("NULL"), Special("EMPTY"), Special("WHITESPACES_ONLY")]),
)
operands = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(
            Call,
            st.sampled_from(["avg", "last", "index"]),
            st.lists(inner, max_size=2).map(tuple),
        ),
        st.builds(Arithmetic, numbers, st.sampled_from(["+", "-", "*", "/"]), inner),
    ),
    max_leaves=4,
)
conditions = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), operands),
    st.builds(Between, operands, operands, st.booleans()),
    st.builds(In, st.lists(operands, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Matches, texts, st.booleans()),
)
simple = st.builds(
    Simple,
    type=st.sampled_from(sorted(RULE_TYPES)),
    parameters=st.lists(texts, max_size=3).map(tuple),
    condition=st.none() | conditions,
    where=st.none() | texts,
    threshold=st.none() | conditions,
    tags=st.lists(st.tuples(st.sampled_from(["timeZone", "tag1"]), conditions), max_size=1).map(
        tuple
    ),
)
rules = st.recursive(
    simple,
    lambda inner: st.builds(
        Composite,
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=2, max_size=3).map(tuple),
    ),
    max_leaves=4,
)
PIECES = [
    "Rules",
    "=",
    "[",
    "]",
    "(",
    ")",
    ",",
    '"',
    '"a"',
    "and",
    "or",
    "not",
    "in",
    "between",
    "matches",
    "where",
    "with",
    "threshold",
    "now",
    "()",
    "3",
    "days",
    "1.5",
    "-",
    "NULL",
    "labels",
    "#",
    "'",
    "==",
    "$x",
    "{",
    "}",
    "é",
    "\\",
    "avg(last(3))",
]
words = st.sampled_from([*RULE_TYPES, *PIECES, "\n"])
dqdl_like = st.lists(words, max_size=25).map(" ".join) | st.lists(words, max_size=25).map("".join)


@given(rules)
def test_the_text_of_a_rule_says_the_rule(rule: Rule) -> None:
    parsed = parse_syntax(render(rule))
    assert parsed.errors == ()
    assert parsed.rules == (rule,)


@given(st.lists(rules, min_size=1, max_size=3))
def test_so_does_the_text_of_a_document(many: list[Rule]) -> None:
    text = "Rules = [\n  " + ",\n  ".join(render(rule) for rule in many) + "\n]"
    assert parse_syntax(text).rules == tuple(many)


@given(st.text() | dqdl_like)
def test_any_text_is_answered_with_offsets_inside_it(text: str) -> None:
    parsed = parse_rules(text)
    for error in parsed.errors:
        assert 0 <= error.offset <= error.offset + error.length <= len(text)
        assert error.message
    for rule in parsed.rules:
        assert 0 <= rule.place.offset < rule.place.end <= len(text)
    assert parsed.rules or parsed.errors or text.replace(" ", "").startswith("Rules=[")


@given(rules)
def test_the_text_kept_for_the_report_is_the_rule_too(rule: Rule) -> None:
    (parsed,) = parse_syntax(render(rule)).rules
    if "\n" not in render(rule) and "\r" not in render(rule):
        assert parse_syntax(parsed.text).rules == (parsed,)
