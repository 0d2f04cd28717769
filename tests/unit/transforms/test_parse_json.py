"""parse_json: what is refused, what fails, and that what Python writes is read back."""

from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = {"t": "varchar", "n": "integer"}


@pytest.mark.parametrize(
    ("step", "code", "marked"),
    [
        ("parse_json: {column: n, columns: {a: integer}}", "PSK-STEP-061", "n"),
        ("parse_json: {column: tt, columns: {a: integer}}", "PSK-STEP-010", "tt"),
        ("parse_json: {column: t, columns: {n: integer}}", "PSK-STEP-016", "integer"),
        ("parse_json: {column: t, columns: {a: json}}", "PSK-STEP-068", "json"),
        (
            "parse_json: {column: t, into: s, type: 'struct(a map(varchar, integer))'}",
            "PSK-STEP-068",
            "'struct(a map(varchar, integer))'",
        ),
        (
            "parse_json: {column: t, columns: {a: {type: date, path: a.b}}}",
            "PSK-STEP-068",
            "a.b",
        ),
        ("parse_json: {column: t, into: s}", "PSK-STEP-025", "{column: t, into: s}"),
        ("parse_json: {column: t}", "PSK-STEP-025", "{column: t}"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, step, code, marked):
    (error,) = chains.refused(f"- {step}", table(COLUMNS))
    line = f"      - {step}"
    assert (error.code, line[error.span.column - 1 : error.span.end_column - 1]) == (code, marked)


@pytest.mark.parametrize("text", ["{", '{"a": "x"}', '{"a": {"b": 1}}', '{"a": 1.5}'])
def test_a_run_fails_with_the_text(chains, table, text):
    with pytest.raises(duckdb.Error, match="no JSON, or a part is not of its type: "):
        chains.run(
            "- parse_json: {column: t, columns: {a: integer}}",
            table(COLUMNS, [('{"a": 1}', 1), (text, 2)]),
        )


def test_names_with_signs_in_them_and_a_quote(chains, table):
    made = chains.run(
        "- parse_json: {column: t, columns: {a b: varchar, c: {type: varchar, path: '$.\"it''s\"'}}}",
        table(COLUMNS, [(json.dumps({"a b": "x", "it's": "y"}), 1)]),
    )
    assert made.rows == [("x", "y", 1)]


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
documents = st.fixed_dictionaries(
    {},
    optional={
        "i": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
        "s": st.one_of(st.none(), texts),
        "b": st.booleans(),
        "x": st.floats(allow_nan=False, allow_infinity=False),
        "l": st.lists(st.one_of(st.none(), texts), max_size=3),
        "o": st.fixed_dictionaries({"d": st.dates().map(str)}),
    },
)


@settings(max_examples=25)
@given(found=st.lists(documents, min_size=1, max_size=5))
def test_what_python_writes_is_read_back(tmp_path_factory, make_chains, table, found):
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run(
        "- parse_json: {column: t, into: v, type: 'struct(i integer, s varchar, b boolean, "
        "x double, l varchar[], o struct(d varchar))'}",
        table("t varchar, n integer", [(json.dumps(one), i) for i, one in enumerate(found)]),
    )
    read = {n: value for value, n in made.rows}
    for n, one in enumerate(found):
        assert read[n] == {key: one.get(key) for key in ("i", "s", "b", "x", "l", "o")}
