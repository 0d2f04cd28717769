"""Rows of a test in their three forms, each value exact and in its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.program import Column
from penstock.proving.delimited import read_csv
from penstock.proving.rows import Reader, Rows
from penstock.proving.typed import Table, Typer
from penstock.spec.yaml import read_yaml

if TYPE_CHECKING:
    from penstock.diagnostics import Diagnostic

TYPES = (
    Column("i", "integer"),
    Column("d", "decimal(8,2)"),
    Column("f", "double"),
    Column("s", "varchar"),
    Column("b", "boolean"),
    Column("day", "date"),
    Column("at", "timestamp"),
    Column("instant", "timestamptz"),
    Column("tags", "varchar[]"),
    Column("point", "struct(x double, y integer)"),
    Column("j", "json"),
)


def read(text: str, root: Path = Path()) -> tuple[Rows | None, list[Diagnostic], dict[str, str]]:
    found: list[Diagnostic] = []
    texts: dict[str, str] = {}
    node = read_yaml(text, "tests/a.yaml").root
    assert node is not None
    return Reader(root, found.append, texts).read(node), found, texts


def typed(text: str, *, exact: bool = True) -> tuple[Table | None, list[Diagnostic]]:
    rows, found, _ = read(text)
    assert rows is not None, found
    return Typer().table(rows, TYPES, "t", found.append, exact=exact), found


def plain(text: str) -> list[dict[str, object]]:
    table, found = typed(text)
    assert table is not None, found
    return [{name: str(v.plain) for name, v in row.items()} for row in table.rows]


def test_values_are_read_as_their_columns_type() -> None:
    assert plain(
        """
        - {i: 12, d: 1.10, f: 1e3, s: 007, b: true, day: 2013-01-01, at: 2013-01-01 05:00}
        - {instant: 2013-01-01T05:00:00Z, s: "2013", at: "2013-01-01T05:00:00"}
        - {instant: "2013-01-01T06:00:00+01:00", i: null, s: ""}
        - {tags: [a, null], point: {x: 1.5, y: 2}, j: {a: [1.50]}}
        """
    ) == [
        {
            "i": "12",
            "d": "1.10",
            "f": "1000.0",
            "s": "007",
            "b": "True",
            "day": "2013-01-01",
            "at": "2013-01-01 05:00:00",
        },
        {"instant": "2013-01-01 05:00:00", "s": "2013", "at": "2013-01-01 05:00:00"},
        {"instant": "2013-01-01 05:00:00", "i": "None", "s": ""},
        {"tags": "['a', None]", "point": "{'x': 1.5, 'y': 2}", "j": '{"a": [1.50]}'},
    ]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("i: late", "`late` is no value of `i`, which is integer"),
        ("i: 1.5", "`1.5` would be rounded: `i` is integer"),
        ("i: 3000000000", "`3000000000` is too large for `i`, which is integer"),
        ("d: 1.555", "`1.555` would be rounded: `d` is decimal(8,2)"),
        ("d: nan", "`nan` is no value of `d`, which is decimal(8,2)"),
        ("b: maybe", "`maybe` is no value of `b`, which is boolean"),
        ("day: 2013-02-30", "`2013-02-30` is no value of `day`, which is date"),
        ('i: ""', "an empty text is no value of `i`, which is integer"),
        ("tags: {a: 1}", '`{"a": 1}` is no value of `tags`, which is varchar[]'),
    ],
)
def test_a_value_that_does_not_fit_is_shown_in_its_place(cell: str, message: str) -> None:
    table, found = typed(f"- {{s: x}}\n- {{{cell}}}\n")
    assert table is None
    (diagnostic,) = found
    assert (diagnostic.code, diagnostic.message) == ("PSK-TEST-007", message)
    assert diagnostic.span is not None
    assert (diagnostic.span.line, diagnostic.span.column) == (
        2,
        4 + len(cell.split(" ", maxsplit=1)[0]) + 1,
    )


def test_a_column_that_is_not_there_has_a_near_name() -> None:
    table, found = typed("- {instnt: 2013-01-01}\n- {Instant: 2013-01-01, x: 1}")
    assert table is None
    assert (found[0].code, found[0].hint) == ("PSK-TEST-006", "did you mean `instant`?")
    assert [str(d.span) for d in found] == ["tests/a.yaml:1:4", "tests/a.yaml:2:25"]


def test_an_expected_number_is_not_rounded_to_what_the_column_holds() -> None:
    table, found = typed("- {d: 1.555}", exact=False)
    assert not found
    assert table is not None
    assert str(table.rows[0]["d"].plain) == "1.555"


def test_rows_from_csv_text_stand_where_they_are_written() -> None:
    rows, found, _ = read('csv: |\n  i,s\n  1,"a,b"\n  ,""\n')
    assert not found
    assert rows is not None
    assert [{k: c.text for k, c in r.items()} for r in rows.rows] == [
        {"i": "1", "s": "a,b"},
        {"i": None, "s": ""},
    ]
    assert str(rows.rows[0]["s"].span) == "tests/a.yaml:3:5"
    rows, found, _ = read('csv: "i,s\\n1,2\\n3\\n"')
    assert rows is None
    assert [d.message for d in found] == ["this record has 1 fields, the header has 2"]


def test_rows_from_files_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("i,s\n1,x\n", encoding="utf-8")
    rows, found, texts = read("file: a.csv", tmp_path)
    assert not found
    assert rows is not None
    assert str(rows.rows[0]["s"].span) == "a.csv:2:3"
    assert texts == {"a.csv": "i,s\n1,x\n"}
    (tmp_path / "a.ndjson").write_text('{"d": 1.10, "tags": ["a"]}\n\n{"i": 5}\n', encoding="utf-8")
    rows, found, _ = read("file: a.ndjson", tmp_path)
    assert not found
    assert rows is not None
    assert rows.rows[0]["d"].text == "1.10"
    assert str(rows.rows[1]["i"].span) == "a.ndjson:3:1"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("file: nowhere.csv", "PSK-TEST-009"),
        ("file: ../out.csv", "PSK-TEST-009"),
        ("file: a.xlsx", "PSK-TEST-009"),
        ("file: [a]", "PSK-TEST-004"),
        ("csv: 5", "PSK-TEST-004"),
        ('csv: ""', "PSK-TEST-004"),
        ("{carrier: UA}", "PSK-TEST-004"),
        ("- 5", "PSK-TEST-004"),
        ("text", "PSK-TEST-004"),
    ],
)
def test_what_is_no_rows_is_a_diagnostic(text: str, code: str, tmp_path: Path) -> None:
    rows, found, _ = read(text, tmp_path)
    assert rows is None
    assert [d.code for d in found] == [code]


fields = st.none() | st.text(st.sampled_from('ab ,"\n\r;'), max_size=5)


@given(st.lists(st.tuples(fields, fields), min_size=1, max_size=5))
def test_csv_gives_back_what_was_written(records: list[tuple[str | None, str | None]]) -> None:
    def quoted(field: str | None) -> str:
        return "" if field is None else '"' + field.replace('"', '""') + '"'

    text = "\n".join(",".join(quoted(f) for f in r) for r in records) + "\n"
    found = read_csv(text)
    assert [tuple(f.text for f in r) for r in found] == records
    for record in found:
        for field in record:
            assert text[field.offset : field.offset + field.length] == quoted(field.text)


@given(st.text(st.sampled_from('ab,"\n\r '), max_size=30))
def test_csv_is_read_whatever_it_holds(text: str) -> None:
    for record in read_csv(text):
        for field in record:
            assert 0 <= field.offset <= field.offset + field.length <= len(text)
