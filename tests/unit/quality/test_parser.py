"""DQDL is read as AWS writes it, and every error of a text is found where it stands."""

from __future__ import annotations

from decimal import Decimal

import pytest

from penstock.quality import Composite, Simple, parse_rules
from penstock.quality.ast import Between, Compare, In, Matches, Now, Number, Quantity, Special, Text


def only(text: str) -> Simple:
    parsed = parse_rules(text)
    assert not parsed.errors, parsed.errors
    (rule,) = parsed.rules
    assert isinstance(rule, Simple)
    return rule


def test_every_part_of_a_rule() -> None:
    rule = only('ColumnValues "a b" in ["x", NULL] where "c = \'d\'" with threshold > 0.9')
    assert rule.type == "ColumnValues"
    assert rule.parameters == (Text("a b"),)
    assert rule.condition == In((Text("x"), Special("NULL")))
    assert rule.where == Text("c = 'd'")
    assert rule.threshold == Compare(">", Number(Decimal("0.9")))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("= 5", Compare("=", Number(Decimal(5)))),
        ("!= -5.5", Compare("!=", Number(Decimal("-5.5")))),
        (">= 5", Compare(">=", Number(Decimal(5)))),
        ("<= 5", Compare("<=", Number(Decimal(5)))),
        ("between 1 and 5", Between(Number(Decimal(1)), Number(Decimal(5)))),
        ("not between 1 and 5", Between(Number(Decimal(1)), Number(Decimal(5)), negated=True)),
        ("NOT IN [1]", In((Number(Decimal(1)),), negated=True)),
        (r'matches "\d+\"\\"', Matches(Text('\\d+"\\'))),
        ('not matches "a"', Matches(Text("a"), negated=True)),
        ("= empty", Compare("=", Special("EMPTY"))),
        ("> now()", Compare(">", Now())),
        ("> (now() - 3 days)", Compare(">", Now(Quantity(-3, "days")))),
        ("> now() + 1 hour", Compare(">", Now(Quantity(1, "hours")))),
    ],
)
def test_conditions(text: str, condition: object) -> None:
    assert only(f'ColumnValues "a" {text}').condition == condition


def test_rules_of_a_document_with_comments_and_any_spacing() -> None:
    text = """
    # what must hold
    Rules = [
        IsComplete "a",   # "quotes" in a comment mean nothing, nor does ]
        (RowCount > 0) and ((IsUnique "a" "b") or (IsComplete "a"))
    ]
    """
    parsed = parse_rules(text)
    assert not parsed.errors
    first, second = parsed.rules
    assert first.text == 'IsComplete "a"'
    assert isinstance(second, Composite)
    assert second.text == '(RowCount > 0) and ((IsUnique "a" "b") or (IsComplete "a"))'
    place = first.place
    assert text[place.offset : place.end] == 'IsComplete "a"'


def test_and_binds_tighter_than_or() -> None:
    (rule,) = parse_rules('(IsComplete "a") or (IsUnique "a") and (RowCount > 1)').rules
    assert isinstance(rule, Composite)
    assert rule.operator == "or"
    assert isinstance(rule.rules[1], Composite)
    assert rule.rules[1].operator == "and"


def test_a_column_may_stand_without_quotes_and_behind_of() -> None:
    assert only("Completeness of col_1 > 0.5").parameters == (Text("col_1"),)


def test_an_empty_list_of_rules_is_right() -> None:
    assert parse_rules("Rules = [ ]") == parse_rules("Rules=[]")
    assert not parse_rules("Rules = []").errors


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", [("PSK-DQ-001", "")]),
        ("# only a comment", [("PSK-DQ-001", "")]),
        ("RowCount == 5", [("PSK-DQ-001", "==")]),
        ("RowCount <> 5", [("PSK-DQ-001", "<>")]),
        ("IsComplete 'a'", [("PSK-DQ-001", "'")]),
        ('IsComplete "a', [("PSK-DQ-001", '"a')]),
        ("RowCount > ", [("PSK-DQ-001", "")]),
        ('ColumnValues "a" in []', [("PSK-DQ-001", "]")]),
        ('ColumnValues "a" in [1, ]', [("PSK-DQ-001", ",")]),
        ('ColumnValues "a" in [UA]', [("PSK-DQ-001", "UA")]),
        ('ColumnValues "a" > now', [("PSK-DQ-001", "now")]),
        ('ColumnValues "a" > (now() - 3 fortnights)', [("PSK-DQ-001", "fortnights")]),
        ('ColumnValues "a" not 5', [("PSK-DQ-001", "5")]),
        ('IsComplete "é" §', [("PSK-DQ-001", "§")]),
        ('Rules = [IsComplete "a"', [("PSK-DQ-001", "")]),
        ('rules = [IsComplete "a"]', [("PSK-DQ-001", "rules")]),
        ('iscomplete "a"', [("PSK-DQ-002", "iscomplete")]),
        ('RowCount "a" > 5', [("PSK-DQ-003", '"a"')]),
        ("IsComplete", [("PSK-DQ-003", "IsComplete")]),
        ('IsComplete "a" > 5', [("PSK-DQ-004", "> 5")]),
        ("RowCount", [("PSK-DQ-004", "")]),
        ('IsUnique "a" with threshold > 0.5', [("PSK-DQ-005", "> 0.5")]),
        ('CustomSql "select 1" > 0 where "a"', [("PSK-DQ-006", '"a"')]),
        ('ColumnValues "a" > 1 with threshold > 0.5 where "b"', [("PSK-DQ-001", "where")]),
    ],
)
def test_an_error_stands_where_it_is(found, text: str, errors: list[tuple[str, str]]) -> None:
    assert found(text) == errors


def test_every_error_of_a_text_is_found_and_the_right_rules_are_kept() -> None:
    text = """Rules = [
        IsComplete "a",
        IsCompleat "b",
        RowCount > ,
        ColumnValues "c" in ["x", y],
        IsUnique "d" IsUnique "e",
        Completeness "f" > 0.5
    ]"""
    parsed = parse_rules(text)
    assert [text[e.offset : e.offset + e.length] for e in parsed.errors] == [
        "IsCompleat",
        ",",
        "y",
        "",
    ]
    assert parsed.errors[0].hint == "did you mean `IsComplete`?"
    assert parsed.errors[3].message == "expected a comma between rules"
    assert [r.text for r in parsed.rules] == [
        'IsComplete "a"',
        'IsUnique "e"',
        'Completeness "f" > 0.5',
    ]


def test_reading_goes_on_behind_a_bracket_that_is_never_closed(found) -> None:
    assert found(
        '(RowCount > , IsComplete "a", ColumnValues "b" in ["x", IsUnique "c", RowCount'
    ) == [
        ("PSK-DQ-001", ","),
        ("PSK-DQ-001", "IsUnique"),
        ("PSK-DQ-004", ""),
    ]


def test_a_missing_quote_does_not_hide_the_lines_below(found) -> None:
    assert found('Rules = [\nIsComplete "a,\nIsCompleat "b",\nRowCount > 5\n]') == [
        ("PSK-DQ-001", '"a'),
        ("PSK-DQ-002", "IsCompleat"),
    ]


def test_joined_rules_need_parentheses(found) -> None:
    text = 'IsComplete "a" and IsUnique "b"'
    assert found(text) == [("PSK-DQ-001", 'IsComplete "a"'), ("PSK-DQ-001", 'IsUnique "b"')]
    assert parse_rules(text).errors[0].hint == 'write `(IsComplete "a")`'


def test_nesting_beyond_reason_is_an_error_not_a_crash(found) -> None:
    assert [code for code, _ in found("(" * 5000)] == ["PSK-DQ-001"]
    assert found("RowCount > " + "(" * 5000 + "1")[0][0] == "PSK-DQ-001"


@pytest.mark.parametrize(
    "text",
    [
        'Mean "a" > 5',
        'ColumnCorrelation of a and "b" > 0.5',
        'DataFreshness "a" <= 3 days',
        "FileSize between 1 B and 1 GB",
        'ReferentialIntegrity "a" "r.a" = 1',
        'DetectAnomalies "RowCount"',
        "RowCount > avg(last(3))",
        'RowCount > 1 labels=["team"="x"]',
        'Rules = [] Analyzers = [RowCount, ColumnLength "a"]',
        'ColumnValues "a" in ["x"] with ignoreCase = "true"',
        'x = "select 1" Rules = []',
    ],
)
def test_dqdl_that_is_right_but_not_evaluated_is_a_gap_of_its_own(found, text: str) -> None:
    assert {code for code, _ in found(text)} == {"PSK-DQ-020"}


def test_offsets_inside_text_count_its_escapes() -> None:
    rule = only(r'IsComplete "a" where "\"odd name\" = id"')
    assert rule.where is not None
    place = rule.where.inside(rule.where.value.index("id"), 2)
    text = r'IsComplete "a" where "\"odd name\" = id"'
    assert text[place.offset : place.end] == "id"
