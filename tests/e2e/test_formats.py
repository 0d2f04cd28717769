"""Files in, files out: NDJSON and Parquet beside CSV, packed or not."""

from __future__ import annotations

import gzip
import json

import duckdb
import pytest

PIPELINE = """\
name: formats
sources:
  n:
    connector: file
    path: {path}
    schema: {{id: integer, price: "decimal(10,2)", tags: "varchar[]"}}
transforms:
  m: {{from: n, steps: [{{filter: id > 0}}]}}
targets:
  out: {{from: m, connector: file, path: {out}}}
"""
LINES = """\
{"id": 1, "price": 1.25, "tags": ["a", "b"]}

{"id": 1.5, "price": 1}
{"id": 2, "price": 1.255}
{"id": 3, "tags": null}
broken{
[1]
{"id": "4", "price": "2.50", "other": true}
"""


@pytest.mark.parametrize("packed", [False, True])
def test_every_ndjson_line_is_a_row_or_a_rejected_record(shop, packed):
    name = "data/n.ndjson" + (".gz" if packed else "")
    shop.write(name, gzip.compress(LINES.encode()) if packed else LINES)
    shop.write("pipeline.yaml", PIPELINE.format(path=name, out="out/m.ndjson"))
    report = shop("run", "--json").document
    source = report["datasets"]["n"]
    assert (source["rows_in"], source["rejected"], source["rows_out"]) == (7, 4, 3)
    rows = [json.loads(x) for x in (shop.root / "out/m.ndjson").read_text().splitlines()]
    assert sorted(rows, key=lambda r: r["id"]) == [
        {"id": 1, "price": 1.25, "tags": ["a", "b"], "other": None},
        {"id": 3, "price": None, "tags": None, "other": None},
        {"id": 4, "price": 2.5, "tags": None, "other": True},
    ]
    held = shop("quarantine", "show", "--json").document["rows"]
    assert {(r["file"], r["line"]) for r in held} == {(name, n) for n in (3, 4, 6, 7)}
    assert {r["raw"] for r in held} == {LINES.splitlines()[n - 1] for n in (3, 4, 6, 7)}


@pytest.mark.parametrize("out", ["out/m.parquet", "out/m.csv.gz", "out/m.ndjson.zst"])
def test_parquet_in_and_each_format_out_can_be_queried(shop, out):
    (shop.root / "data").mkdir(exist_ok=True)
    path = shop.root / "data" / "n.parquet"
    duckdb.connect().execute(
        f"COPY (SELECT 1 AS id, 2.50::DECIMAL(10,2) AS price, ['x', 'y'] AS tags) TO '{path}'"
    )
    shop.write("pipeline.yaml", PIPELINE.format(path="data/*.parquet", out=out))
    done = shop("run", "--json")
    assert done.code == 0, done.out
    assert (shop.root / out).is_file()
    rows = shop("query", "SELECT id, price FROM out", "--json").document["rows"]
    assert rows == [{"id": 1, "price": 2.5}]


def test_a_csv_value_that_would_be_rounded_is_rejected(shop):
    shop.write("data/n.csv", "id,price\n1,1.25\n2,1.255\n3,1.2500\n")
    shop.write(
        "pipeline.yaml",
        PIPELINE.format(path="data/n.csv", out="out/m.csv").replace(', tags: "varchar[]"', ""),
    )
    report = shop("run", "--json").document
    assert report["datasets"]["n"]["rejected"] == 1
    (held,) = shop("quarantine", "show", "--json").document["rows"]
    assert (held["line"], held["raw"]) == (3, "2,1.255")


def test_columns_are_found_by_name_not_by_place(shop):
    shop.write("data/a.csv", "id,price\n1,1.00\n")
    shop.write("data/b.csv", "price,id\n2.00,2\n")
    shop.write(
        "pipeline.yaml",
        PIPELINE.format(path="data/[ab].csv", out="out/m.csv").replace(', tags: "varchar[]"', ""),
    )
    assert shop("run").code == 0
    rows = shop("query", "SELECT id, price FROM out ORDER BY id", "--json").document["rows"]
    assert rows == [{"id": 1, "price": 1}, {"id": 2, "price": 2}]


def test_dates_in_an_own_format_are_dates_everywhere(shop):
    """DuckDB prints such a column in its format, but only in the query that reads the file."""
    columns = '{id: integer, day: date, seen: timestamp, amount: "decimal(10,2)"}'
    own = '{date_format: "%d.%m.%Y", timestamp_format: "%d.%m.%Y %H:%M"}'
    shop.write(
        "pipeline.yaml",
        "name: dates\n"
        "sources:\n"
        f"  own: {{connector: file, path: data/own.csv, options: {own}, schema: {columns}}}\n"
        f"  iso: {{connector: file, path: data/iso.csv, schema: {columns}}}\n"
        "transforms: {a: models/a.sql, b: models/b.sql}\n"
        "targets:\n"
        "  a_lake: {from: a, connector: lake, path: lake/a, mode: overwrite}\n"
        "  b_lake: {from: b, connector: lake, path: lake/b, mode: overwrite}\n"
        "  own_file: {from: own, connector: file, path: out/own.csv}\n",
    )
    model = (
        "SELECT id, CAST(day AS varchar) AS d, concat(day, '') AS c, "
        "CAST(seen AS varchar) AS s FROM "
    )
    shop.write("models/a.sql", f"{model} own\n")
    shop.write("models/b.sql", f"{model} iso\n")
    # The last record goes the exact way, which reads the file again.
    shop.write(
        "data/own.csv",
        "id,day,seen,amount\n1,31.12.2026,31.12.2026 10:30,1\n2,,,2\n3,01.02.2026,,1.555\n",
    )
    shop.write("data/iso.csv", "id,day,seen,amount\n1,2026-12-31,2026-12-31 10:30:00,1\n2,,,2\n")
    done = shop("run", "--json")
    assert done.code == 0, done.out
    assert done.document["datasets"]["own"]["rejected"] == 1
    found = shop("query", "FROM a_lake ORDER BY id", "--json").document["rows"]
    assert found == shop("query", "FROM b_lake ORDER BY id", "--json").document["rows"]
    assert (found[0]["d"], found[0]["s"]) == ("2026-12-31", "2026-12-31 10:30:00")
    assert "1,2026-12-31,2026-12-31 10:30:00" in (shop.root / "out/own.csv").read_text()
