"""Every reported span is where the words stand."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.spec import TextFile, read_yaml

if TYPE_CHECKING:
    from penstock.diagnostics import Span
    from penstock.spec.positions import Positions

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\ufeff")
WORDS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.text(st.sampled_from("ab é日😀:#-'\"\\{}[],&*!|>%@`\n\t ${}"), max_size=16),
    st.sampled_from(
        ["on", "no", "NA", "~", "null", "12", "1e3", "0x1F", "a: b", "- x", "arr_delay > 15"]
    ),
)
SCALARS = st.one_of(
    WORDS, st.integers(-(10**20), 10**20), st.booleans(), st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda x: st.lists(x, max_size=4) | st.dictionaries(WORDS, x, max_size=4),
    max_leaves=12,
)
STYLES = st.fixed_dictionaries(
    {
        "default_style": st.sampled_from([None, "'", '"', "|", ">"]),
        "default_flow_style": st.sampled_from([True, False, None]),
        "allow_unicode": st.booleans(),
        "width": st.sampled_from([10, 40, 1000]),
        "indent": st.sampled_from([2, 4]),
        "line_break": st.sampled_from(["\n", "\r\n"]),
    }
)


class Plain(yaml.SafeDumper):
    """Writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def written(tree: Any, style: dict[str, Any]) -> str:
    return yaml.dump({"top": tree}, Dumper=Plain, **style)


def paths(data: Any, path: tuple[Any, ...] = ()):
    yield path, data
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data if isinstance(data, list) else ())
    )
    for key, value in items:
        yield from paths(value, (*path, key))


def cut(text: str, span: Span) -> str:
    file = TextFile(span.file, text)
    return text[file.offset(span.line, span.column) : file.offset(span.end_line, span.end_column)]


def counted(there: str) -> bool:
    """Whether it is a block that counts its indentation from the line it was taken from."""
    return re.match(r"[|>][-+]?\d", there) is not None


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b or math.isclose(a, b)
    if isinstance(a, str) and isinstance(b, str):
        return a.rstrip("\n") == b.rstrip("\n")  # `|+` keeps line ends that no span holds
    return type(a) is type(b) and a == b


@settings(max_examples=300, deadline=None)
@given(TREES, STYLES)
def test_the_text_at_each_span_is_the_value(tree: Any, style: dict[str, Any]):
    text = written(tree, style)
    document = read_yaml(text, "a.yaml")
    data = document.data
    assert data is not None, document.diagnostics
    for path, value in paths(data):
        span = document.positions.value(path)
        there = cut(text, span)
        if isinstance(value, (dict, list)):
            again = read_yaml(" " * (span.column - 1) + there, "b.yaml").data
            assert again == value or repr(again) == repr(value) or "|" in there or ">" in there
        elif (value is None and not there.strip()) or counted(there):
            continue
        elif path and isinstance(path[-1], str) and span == document.positions.key(path):
            assert value is None
        else:
            assert same(read_yaml(f"x: {there}\n", "b.yaml").data["x"], value)


@settings(max_examples=300, deadline=None)
@given(TREES, STYLES)
def test_the_text_at_each_key_is_the_key(tree: Any, style: dict[str, Any]):
    text = written(tree, style)
    document = read_yaml(text, "a.yaml")
    for path, _ in paths(document.data):
        if path and isinstance(path[-1], str):
            there = cut(text, document.positions.key(path))
            if counted(there):
                continue
            again = list(read_yaml(f"? {there}\n: 1\n", "b.yaml").data)
            assert [k.rstrip("\n") for k in again] == [path[-1].rstrip("\n")]


@settings(max_examples=300, deadline=None)
@given(WORDS, STYLES, st.data())
def test_inside_points_at_the_very_character(word: str, style: dict[str, Any], data: st.DataObject):
    text = written(word, style)
    document = read_yaml(text, "a.yaml")
    value = document.data["top"]
    if not isinstance(value, str) or not value:
        return
    at = data.draw(st.integers(0, len(value) - 1))
    whole = document.positions.value(("top",))
    there = cut(text, document.positions.inside(("top",), at, 1))
    if value[at].isspace() or document.positions.inside(("top",), at, 1) == whole:
        return
    assert there in {value[at], value[at] * 2} or there.startswith("\\")


def example(text: str) -> tuple[str, Positions]:
    return text, read_yaml(text, "pipeline.yaml").positions


def test_inside_a_plain_scalar():
    text, positions = example("steps:\n  - filter: distnce > 0\n")
    span = positions.inside(("steps", 0, "filter"), 0, 7)
    assert (str(span), cut(text, span)) == ("pipeline.yaml:2:13", "distnce")


def test_inside_a_block_scalar():
    text, positions = example("sql: |\n    SELECT\n      carier\n    FROM x\n")
    span = positions.inside(("sql",), len("SELECT\n  "), 6)
    assert (str(span), cut(text, span)) == ("pipeline.yaml:3:7", "carier")


def test_inside_a_folded_scalar():
    text, positions = example("sql: >-\n  SELECT a,\n  carier FROM x\n")
    assert cut(text, positions.inside(("sql",), len("SELECT a, "), 6)) == "carier"


def test_inside_quotes_with_escapes():
    text, positions = example("""a: 'it''s x'\nb: "a\\tb\\u00e9 x"\n""")
    assert cut(text, positions.inside(("a",), 5, 1)) == "x"
    assert cut(text, positions.inside(("a",), 2, 1)) == "''"
    assert cut(text, positions.inside(("b",), 3, 1)) == "\\u00e9"


def test_columns_count_characters():
    _, positions = example("é😀: {日本: x}\n")
    assert str(positions.value(("é😀", "日本"))) == "pipeline.yaml:1:10"


def test_a_path_that_is_not_there_is_its_nearest_ancestor():
    _, positions = example("a:\n  b: 1\nc: [x]\n")
    assert positions.value(("a", "nope", 3)) == positions.key(("a",))
    assert positions.key(("c", 5)) == positions.key(("c",))
    assert str(positions.value(("nope",))) == "pipeline.yaml:1:1"
    assert positions.inside(("nope",), 3, 4) == positions.value(("nope",))


def test_an_empty_value_is_shown_at_its_key():
    _, positions = example("a:\nb: 1\n")
    assert positions.value(("a",)) == positions.key(("a",))


def test_an_offset_outside_the_text_is_the_whole_value():
    _, positions = example("a: text\n")
    assert positions.inside(("a",), 99, 1) == positions.value(("a",))


def test_crlf_and_a_lone_carriage_return_end_lines():
    _, positions = example("a: 1\r\nb: 2\rc: 3\n")
    assert [positions.key((k,)).line for k in "abc"] == [1, 2, 3]
