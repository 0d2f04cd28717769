"""Text files whose mistakes DuckDB passes over: each is told, and no value is lost."""

from __future__ import annotations

import gzip
import json

import pytest

PIPELINE = """\
name: bad
sources:
  rows:
    connector: file
    path: data/*
    schema: {{{schema}}}
    options: {options}
transforms:
  kept: {{from: rows, steps: [{{filter: 1 = 1}}]}}
targets:
  out: {{from: kept, connector: file, path: out/rows.ndjson}}
"""


@pytest.fixture
def read(shop):
    """Run a pipeline over one file; gives the report and the rows that came out."""

    def read(name, data, schema="id: integer, name: varchar", options="{}"):
        for old in (shop.root / "data").iterdir():
            old.unlink()
        shop.write(f"data/{name}", data)
        shop.write("pipeline.yaml", PIPELINE.format(options=options, schema=schema))
        report = shop("run", "--json").document
        if report["status"] == "failed":
            return report, []
        lines = (shop.root / "out" / "rows.ndjson").read_text().splitlines()
        counts = report["datasets"]["rows"]
        assert counts["rows_in"] == len(lines) + counts["rejected"]
        return report, [tuple(json.loads(line).values()) for line in lines]

    return read


@pytest.mark.parametrize(
    ("surplus", "options"),
    [
        (b"2,b,\n", "{}"),
        (b"2,b,,,\r\n", "{}"),
        (b"2,b,", "{}"),
        (b'2,"b", "" \n', "{}"),
        (b'2,"b\nc",\n', "{}"),
        (b"Smith, John,\n", "{}"),
        (b"2,b,NA\n", "{null_values: [NA]}"),
    ],
)
def test_a_surplus_field_that_reads_as_null_rejects_its_record(read, surplus, options):
    end = b"\r\n" if b"\r" in surplus else b"\n"
    report, rows = read("a.csv", end.join([b"id,name", b"1,a", surplus]), options=options)
    assert report["datasets"]["rows"]["rejected"] == 1
    assert rows == [(1, "a")]


def test_delimiters_in_quotes_and_empty_last_fields_are_no_surplus(read):
    _, rows = read("a.csv", b'id,name\n1,"a,,"\n2,\n3,""\n"4","x, ""y"","\n')
    assert rows == [(1, "a,,"), (2, None), (3, None), (4, 'x, "y",')]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize(
    ("lines", "kept", "reasons"),
    [
        (b"1|a|\n2|b|\n", [(1, "a"), (2, "b")], []),
        (b"1|a|\r\n2||", [(1, "a"), (2, None)], []),
        (b'1|"a|"|\n2|"b\nc"|\n', [(1, "a|"), (2, "b\nc")], []),
        (
            b"1|a|\n2|b|more\n3|c||\n4|d\nx|e|\n5|f|\n",
            [(1, "a"), (5, "f")],
            [
                (2, '"more" stands behind the last column'),
                (3, "4 fields where 3 are expected"),
                (4, "2 fields where 3 are expected"),
                (5, 'id: "x" is not an integer'),
            ],
        ),
    ],
)
def test_records_that_all_end_in_a_delimiter(read, shop, name, lines, kept, reasons):
    """As TPC-H's generator writes them: without a header the first record says so."""
    data = gzip.compress(lines) if name.endswith("gz") else lines
    report, rows = read(name, data, options="{header: false, delimiter: '|'}")
    assert rows == kept, report.get("error")
    rejected = shop("quarantine", "show", "--json").document["rows"] if reasons else []
    assert [(r["line"], r["reason"]) for r in rejected] == reasons


@pytest.mark.parametrize(
    ("line", "rejected"),
    [
        ('{"id":2,"name":"b","id":3}', 1),
        ('{"id":2,"id":null}', 1),
        ('{"id":2,"name":"b","NAME":"c"}', 1),
        ('{"id":2,"NAME":"c"}', 1),
        ('{"id":2,"other":1,"more":null}', 0),
        ('{"name":null,"id":2}', 0),
    ],
)
def test_a_key_that_stands_twice_or_in_other_letters_rejects_its_line(read, line, rejected):
    data = '{"id":1,"name":"a"}\n' + line + "\n"
    report, rows = read("a.ndjson", data.encode())
    if report["status"] == "failed":
        pytest.fail(report["error"]["message"])
    assert report["datasets"]["rows"]["rejected"] == rejected
    assert [r[0] for r in rows] == [1, 2][: 2 - rejected]


def test_a_key_that_stands_twice_in_a_nested_object(read):
    data = b'{"id":1,"o":{"x":1,"y":2}}\n{"id":2,"o":{"x":1,"x":2}}\n'
    report, rows = read("a.ndjson", data, "id: integer, o: 'struct(x integer, y integer)'")
    assert report["datasets"]["rows"]["rejected"] == 1
    assert rows == [(1, {"x": 1, "y": 2})]


def test_columns_whose_names_differ_in_letter_case_only_are_told(read):
    report, _ = read("a.csv", b"id,name,NAME\n1,a,b\n")
    assert report["error"]["code"] == "PSK-SRC-032"
    assert "`name` and `NAME`" in report["error"]["message"]


def test_a_file_of_thousands_of_columns_is_looked_at(shop):
    names = [f"c{i}" for i in range(5000)]
    rows = [",".join(str(i * r) for i in range(5000)) for r in range(50)]
    shop.write("data/wide.csv", "\n".join([",".join(names), *rows, ""]).encode())
    shop.write(
        "pipeline.yaml",
        "name: wide\nsources:\n  rows: {connector: file, path: data/wide.csv}\n"
        "transforms:\n  kept: {from: rows, steps: [{filter: c4999 = 0}]}\n"
        "targets:\n  out: {from: kept, connector: file, path: out/rows.ndjson}\n",
    )
    assert shop("validate").code == 0
