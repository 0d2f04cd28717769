"""What is read from YAML, and what is told of text that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.spec import read_yaml
from penstock.spec.scalars import resolve
from penstock.spec.yaml import MAX_DEPTH


def told(text: str) -> list[tuple[str, str]]:
    """Code and place of everything told."""
    return [(d.code, str(d.span).partition(":")[2]) for d in read_yaml(text, "a.yaml").diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("NA", "NA"), ("y", "y"), ("12:30", "12:30"), ("1_000", "1_000"),
        ("2013-01-01", "2013-01-01"), ("0777", 777), ("0o17", 15), ("0x1F", 31), ("-12", -12),
        ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("true", True), ("FALSE", False), ("~", None),
        ("", None), ("Null", None), ("-.inf", float("-inf")), ("tRue", "tRue"),
        ("9" * 500, "9" * 500),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object):
    found = resolve(text)
    assert (found, type(found)) == (value, type(value))


def test_quotes_make_text_and_tags_make_types():
    data = read_yaml("a: '12'\nb: !!str 12\nc: !!int '12'\nd: ! 12\n", "a.yaml").data
    assert data == {"a": "12", "b": "12", "c": 12, "d": 12}


def test_a_byte_order_mark_moves_nothing():
    document = read_yaml("\ufeffa: 1\n", "a.yaml")
    assert document.data == {"a": 1}
    assert str(document.positions.key(("a",))) == "a.yaml:1:1"


@pytest.mark.parametrize("text", ["", "   \n", "# nothing\n", "---\n"])
def test_an_empty_file_is_nothing(text: str):
    document = read_yaml(text, "a.yaml")
    assert document.root is None
    assert document.diagnostics == ()


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\n\tb: 2\n", "PSK-YAML-002", "2:1"),
        ("a:\n  \t- x\n", "PSK-YAML-002", "2:3"),
        ("a: b: c\n", "PSK-YAML-001", "1:5"),
        ("a: [1, 2\n", "PSK-YAML-001", "1:4"),
        ("a: 'x\n", "PSK-YAML-001", "1:4"),
        ("a: @x\n", "PSK-YAML-001", "1:4"),
        ("a: x\x00y\n", "PSK-YAML-001", "1:5"),
        ("a: 1\nb: 2\na: 3\n", "PSK-YAML-003", "3:1"),
        ("a: {b: 1, b: 2}\n", "PSK-YAML-003", "1:11"),
        ("[" * 200, "PSK-YAML-005", f"1:{MAX_DEPTH + 1}"),
        ("a: 1\n---\nb: 2\n", "PSK-YAML-006", "2:1"),
        ("a: 1\n2: x\n", "PSK-YAML-007", "2:1"),
        ("a: {null: x}\n", "PSK-YAML-007", "1:5"),
        ("? [a]\n: x\n", "PSK-YAML-007", "1:3"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "PSK-YAML-008", "3:3"),
        ("a: *nope\n", "PSK-YAML-009", "1:4"),
        ("a: &x [*x]\n", "PSK-YAML-009", "1:8"),
        ("a: !Ref b\n", "PSK-YAML-010", "1:4"),
        ("a: !!python/object/apply:os.system [x]\n", "PSK-YAML-010", "1:4"),
    ],
)
def test_what_is_wrong_and_where(text: str, code: str, place: str):
    assert told(text) == [(code, place)]


def test_every_duplicate_and_odd_key_is_told():
    text = "a: 1\na: 2\nb: {c: 1, c: 2}\n3: x\nd: *e\n"
    assert [c for c, _ in told(text)] == [
        "PSK-YAML-003", "PSK-YAML-003", "PSK-YAML-007", "PSK-YAML-009",
    ]  # fmt: skip


def test_the_first_of_two_keys_is_kept():
    assert read_yaml("a: 1\na: 2\n", "a.yaml").data == {"a": 1}


def test_anchors_are_expanded():
    data = read_yaml("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n", "a.yaml").data
    assert data["d"] == [{"b": [1]}, {"b": [1]}]


def bomb(levels: int, width: int) -> str:
    lines = ["k0: &k0 [" + ",".join("x" * width) + "]"]
    for i in range(1, levels):
        lines.append(f"k{i}: &k{i} [" + ",".join([f"*k{i - 1}"] * width) + "]")
    return "\n".join(lines) + "\n"


def test_a_bomb_is_not_expanded():
    assert [c for c, _ in told(bomb(9, 9))] == ["PSK-YAML-004"]


def test_aliases_cannot_nest_deeper_than_the_limit():
    text = bomb(MAX_DEPTH + 5, 1)
    assert [c for c, _ in told(text)] == ["PSK-YAML-005"]


def test_a_reference_in_brackets_needs_quotes():
    found = read_yaml("a: {b: ${var.x}}\n", "a.yaml").diagnostics
    assert found[0].message == "within `{ }` and `[ ]`, `${var.x}` needs quotes"
    assert str(found[0].span) == "a.yaml:1:8"


@given(st.text(max_size=60))
def test_any_text_is_read_or_told(text: str):
    document = read_yaml(text, "a.yaml")
    if document.root is None and not document.diagnostics:
        assert not text.strip("\ufeff") or read_yaml(text, "a.yaml").data is None
    for d in document.diagnostics:
        assert d.span
        assert 1 <= d.span.line <= d.span.end_line


@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"#%@` \n\t?,\\<="), max_size=40))
def test_any_punctuation_is_read_or_told(text: str):
    for d in read_yaml(text, "a.yaml").diagnostics:
        assert d.code.startswith("PSK-YAML-0")
