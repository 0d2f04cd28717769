"""Records of every text format read again, and rows of every type."""

from __future__ import annotations

import json

SOURCES = {
    "latin": ("latin.csv", 'options: {encoding: latin-1, delimiter: ";", skip: 1}', "latin-1"),
    "tabs": ("tabs.tsv", "", "utf-8"),
    "bare": ("bare.csv", "options: {header: false}", "utf-8"),
    "lines": ("lines.ndjson", "", "utf-8"),
    "whole": ("whole.json", "options: {row_path: data.items}", "utf-8"),
    "marked": ("marked.xml", "options: {row: item}", "utf-8"),
    "fixed": ("fixed.txt", "format: fixed_width\n    options: {widths: {id: 4, name: 8}}", "utf-8"),
}
FILES = {
    "latin": 'first line\n"n""ame";id\né;1\n"x;\nü";bad\n',
    "tabs": "id\tname\n1\ta\nbad\tx\n",
    "bare": 'bad,"x,y"\n1,a\n',
    "lines": '{"id": 1, "name": "a"}\n{"id": "bad", "name": "x"}\n',
    "whole": '{"data": {"items": [{"id": 1, "name": "a"},\n {"id": "bad",\n  "name": "x"}]}}\n',
    "marked": "<all><item><id>1</id><name>a</name></item><item><id>bad</id><name>x</name></item></all>",
    "fixed": "1   a\nbad x\n",
}


def test_records_of_every_text_format_are_read_again(shop):
    parts = ["name: many\nsources:"]
    for name, (file, more, encoding) in SOURCES.items():
        shop.write(f"data/{file}", FILES[name].encode(encoding))
        column = "'n\"ame'" if name == "latin" else "name"
        parts.append(
            f"  {name}:\n    connector: file\n    path: data/{file}\n    incremental: files\n"
            f"    schema: {{id: integer, {column}: varchar}}\n    {more}".rstrip()
        )
    parts.append("targets:")
    parts += [
        f"  {n}_out: {{from: {n}, connector: lake, path: lake/{n}, mode: append}}" for n in SOURCES
    ]
    shop.write("pipeline.yaml", "\n".join(parts) + "\n")
    ran = shop("run", "--json")
    assert ran.code == 0, ran.out
    assert {d["rejected"] for d in ran.document["datasets"].values()} == {1}
    lines = []
    for line in shop("quarantine", "export").out.splitlines():
        row = json.loads(line)
        assert "bad" in row["raw"], row
        row["raw"] = row["raw"].replace("bad ", "2   ").replace('"bad"', "2").replace("bad", "2")
        lines.append(json.dumps(row))
    assert len(lines) == len(SOURCES)
    unchanged = shop("quarantine", "replay", "--json")
    assert unchanged.code == 0, unchanged.out
    assert shop("quarantine", "list", "--json").document["total"] == len(SOURCES)
    shop.write("fixed.ndjson", "\n".join(lines) + "\n")
    done = shop("quarantine", "replay", "--file", "fixed.ndjson", "--json")
    assert done.code == 0, done.out
    left = shop("quarantine", "show", "--state", "held", "--json").document["rows"]
    assert left == []
    for name, expected in (
        ("latin", ["é", "x;\nü"]),
        ("bare", ["a", "x,y"]),
        *((n, ["a", "x"]) for n in ("tabs", "lines", "whole", "marked", "fixed")),
    ):
        found = shop("query", f"FROM {name}_out ORDER BY id", "--json").document["rows"]
        assert [tuple(r.values()) for r in found] == [(1, expected[0]), (2, expected[1])], name


TYPES = {
    "flag": ("boolean", "true"),
    "small": ("smallint", "-7"),
    "big": ("bigint", "9007199254740993"),
    "price": ("decimal(38,10)", "1234567890123456789012345678.0123456789"),
    "share": ("double", "0.1"),
    "infinite": ("double", "'inf'::double"),
    "day": ("date", "date '2024-02-29'"),
    "moment": ("timestamp", "timestamp '2024-02-29 23:59:59.123456'"),
    "instant": ("timestamptz", "timestamptz '2024-02-29 23:59:59.5+02:00'"),
    "clock": ("time", "time '23:59:59.25'"),
    "bytes": ("blob", "'\\x00\\xFFa'::blob"),
    "tags": ("varchar[]", "['a\"b', 'c\nd', NULL]"),
    "nested": ("struct(a integer, b varchar[])", "{'a': 1, 'b': ['x']}"),
    "pairs": ("map(varchar, integer)", "map(['k'], [1])"),
    "text": ("varchar", "'ünï \\ \"q\" {'"),
    "empty": ("varchar", "''"),
    "none": ("integer", "NULL"),
}


def test_a_row_of_every_type_comes_back_as_it_was(shop):
    import duckdb

    (shop.root / "data").mkdir(exist_ok=True)
    path = shop.root / "data" / "all.parquet"
    columns = ", ".join(f"CAST({v} AS {t}) AS {n}" for n, (t, v) in TYPES.items())
    duckdb.connect().execute(f"COPY (SELECT 1 AS id, {columns}) TO '{path}' (FORMAT parquet)")
    schema = "".join(f'      {n}: "{t}"\n' for n, (t, _) in TYPES.items())
    shop.write(
        "pipeline.yaml",
        "name: types\nsources:\n  rows:\n    connector: file\n    path: data/*.parquet\n"
        f"    incremental: files\n    schema:\n      id: integer\n{schema}"
        'quality:\n  rows:\n    quarantine:\n      - ColumnValues "id" > 5\n'
        "targets:\n  out: {from: rows, connector: lake, path: lake/out, mode: append}\n",
    )
    assert shop("run").code == 0
    shop.edit('"id" > 5', '"id" > 0')
    done = shop("quarantine", "replay", "--json")
    assert done.code == 0, done.out
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    file = next((shop.root / "lake/out").glob("*.parquet"))
    back = con.execute(f"SELECT * FROM read_parquet('{shop.root}/lake/out/*.parquet')").fetchall()
    assert back == con.execute(f"SELECT * FROM '{path}'").fetchall(), file


COLUMN = """\
name: late
sources:
  events:
    connector: file
    path: data/events.csv
    incremental: {{column: at}}
    schema: {{id: integer, at: timestamp}}
targets:
  out: {{from: events, connector: lake, path: lake/out, mode: {mode}}}
"""


def test_a_correction_goes_in_with_the_rows_of_its_window_only(shop):
    """A file read by a column is read each time; the correction counts where its row would."""
    shop.write("pipeline.yaml", COLUMN.format(mode="append"))
    first = "id,at\n1,2026-01-01 00:00:00\nbad,2026-01-01 12:00:00\n3,2026-01-02 00:00:00\n"
    shop.write("data/events.csv", first)
    assert shop("run").code == 0
    row = json.loads(shop("quarantine", "export").out)
    row["raw"] = row["raw"].replace("bad", "2")
    shop.write("fixed.ndjson", json.dumps(row) + "\n")
    assert shop("quarantine", "replay", "--file", "fixed.ndjson").code == 0
    shop.write("data/events.csv", first + "4,2026-01-03 00:00:00\n")
    done = shop("run", "--json")
    assert done.code == 0, done.out
    found = shop("query", "SELECT id FROM out ORDER BY id", "--json").document["rows"]
    assert [r["id"] for r in found] == [1, 2, 3, 4]
