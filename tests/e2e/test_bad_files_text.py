"""Text files as they should not be: every record is a row or rejected, or the file is named."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import zipfile

import pyarrow as pa
import pytest

HEAD = b"id,name\n"
MANY = HEAD + b"".join(b"%d,name %d\n" % (i, i * 7919) for i in range(5000))
PACK = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}
PIPELINE = """\
name: bad
sources:
  rows:
    connector: file
    path: data/*
    schema: {{id: integer, name: varchar}}
    options: {options}
transforms:
  kept: {{from: rows, steps: [{{filter: 1 = 1}}]}}
targets:
  out: {{from: kept, connector: file, path: out/rows.ndjson}}
"""


@pytest.fixture
def read(shop):
    """Run a pipeline over one file; gives the report and the rows that came out."""

    def read(name, data, options="{}"):
        for old in (shop.root / "data").iterdir():
            old.unlink()
        shop.write(f"data/{name}", data)
        shop.write("pipeline.yaml", PIPELINE.format(options=options))
        done = shop("run", "--json")
        report = done.document
        if report["status"] == "failed":
            assert done.code in {1, 3, 4}
            assert f"data/{name}" in report["error"]["message"]
            return report, []
        counts = report["datasets"]["rows"]
        assert counts["rows_in"] == counts["rows_out"] + counts["rejected"]
        lines = (shop.root / "out" / "rows.ndjson").read_text().splitlines()
        rows = [tuple(json.loads(line).values()) for line in lines]
        assert len(rows) == counts["rows_out"]
        return report, rows

    return read


def counted(report):
    found = report["datasets"]["rows"]
    return found["rows_in"], found["rejected"]


@pytest.mark.parametrize("data", [b"", HEAD, HEAD[:-1], b"\xef\xbb\xbf", b"\xef\xbb\xbf" + HEAD])
def test_no_records(read, data):
    report, rows = read("a.csv", data)
    assert (counted(report), rows) == ((0, 0), [])


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("utf-8-sig", "{}"),
        ("utf-16", "{}"),
        ("utf-16", "{encoding: utf-16}"),
        ("utf-16-le", "{encoding: utf-16-le}"),
        ("utf-16-be", "{encoding: utf-16-be}"),
        ("latin-1", "{encoding: latin-1}"),
    ],
)
def test_encodings(read, encoding, options):
    report, rows = read("a.csv", "id,name\n1,é\n2,b\n".encode(encoding), options)
    assert (counted(report), rows) == ((2, 0), [(1, "é"), (2, "b")])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_told_and_no_column_is_made_of_it(read, encoding):
    report, _ = read("a.csv", "id,name\n1,é\n".encode(encoding))
    assert report["error"]["code"] == "PSK-SRC-033"
    assert encoding in report["error"]["hint"]


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize(
    ("data", "rejected", "rows"),
    [
        ("1,é\n".encode() + "2,é\n".encode("latin-1") + b"3,x\n", 1, [(1, "é"), (3, "x")]),
        (b"1,a\n2\n3,c,d\n4,d\n", 2, [(1, "a"), (4, "d")]),
        (b'1,a\n2,"b\n3,c\n4,d\n', 1, [(1, "a"), (3, "c"), (4, "d")]),
        (b'1,a\n2,b\n3,"c', 1, [(1, "a"), (2, "b")]),
        (b'1,"a\nb"\n2,"c\r\nd"\n', 0, [(1, "a\nb"), (2, "c\r\nd")]),
        (b"1,a\x00b\n2\x00,c\n\x00\n3,d\n", 2, [(1, "a\x00b"), (3, "d")]),
        (b"1," + b"x" * 10_000_000 + b"\n2,b\n", 1, [(2, "b")]),
        (b"1,a\n2,b\n3;c\n4;d\n", 2, [(1, "a"), (2, "b")]),
        (b"1,a\nid,name\n2,b\n", 1, [(1, "a"), (2, "b")]),
        (b"1,a\n2,b\nTotal: 2\n", 1, [(1, "a"), (2, "b")]),
        (b"99999999999,a\n2,b\n", 1, [(2, "b")]),
    ],
)
def test_bad_records_of_csv_are_rejected_and_the_others_kept(read, data, rejected, rows, packed):
    report, found = read("a.csv" + packed, PACK[packed](HEAD + data))
    assert (counted(report), found) == ((len(rows) + rejected, rejected), rows)


@pytest.mark.parametrize(
    ("header", "word"), [(b"id,name,name", "two columns"), (b"id,,name", "no name")]
)
def test_headers_that_name_no_column_for_certain(read, header, word):
    report, _ = read("a.csv", header + b"\n1,a,b\n")
    assert word in report["error"]["message"]


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize(
    ("data", "rejected", "rows"),
    [
        (b'{"id":1}\n{"id":2,"na\n{"id":3}\n[1]\nnull\n', 3, [1, 3]),
        (b'{"id":1}\n{"id":2,"name":"a\x00b"}\n\x00\n{"id":3}\x00x\n{"id":4}\n', 3, [1, 4]),
        (b'{"id":1,"name":"\xff"}\n{"id":2}\n', 1, [2]),
        (b'{"id":1,"name":"' + b"x" * 10_000_000 + b'"}\n{"id":2}\n', 1, [2]),
        (b'{"id":99999999999999999999}\n{"id":1e400}\n{"id":NaN}\n{"id":1.0}\n', 3, [1]),
    ],
)
def test_bad_lines_of_ndjson_are_rejected_and_the_others_kept(read, data, rejected, rows, packed):
    report, found = read("a.ndjson" + packed, PACK[packed](data))
    assert counted(report) == (len(rows) + rejected, rejected)
    assert [r[0] for r in found] == rows


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.ndjson"])
def test_a_line_that_duckdb_loses_in_silence_ends_the_run(read, name):
    good = b'{"id":1}\n' if "json" in name else b"1,2345678\n"
    data = (b"" if "json" in name else HEAD) + good * 2_200_000 + b"1," + b"x" * 14_000_000 + b"\n"
    report, _ = read(name, gzip.compress(data, 1) if name.endswith("gz") else data)
    assert report["error"]["code"] == "PSK-SRC-038"


def zipped(members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [  # no time in the data: workers name the tests by it
        ("a.csv.gz", gzip.compress(MANY, mtime=0)[:-3000]),
        ("a.csv.gz", gzip.compress(MANY, mtime=0)[:15]),
        ("a.csv.gz", gzip.compress(MANY, mtime=0) + b"garbage"),
        ("a.csv.bz2", bz2.compress(MANY)[:-3000]),
        ("a.csv.bz2", bz2.compress(MANY) + b"garbage"),
        ("a.csv.bz2", bz2.compress(MANY) + b"BZh9" + bz2.compress(b"1,a\n" * 99)[6:]),
        ("a.csv.zst", pa.compress(MANY, "zstd", asbytes=True)[:-3000]),
        ("a.csv.zst", pa.compress(MANY, "zstd", asbytes=True) + b"garbage"),
        ("a.csv.zip", zipped([("a.csv", MANY)])[:3000]),
        ("a.csv.zip", zipped([])),
    ],
)
def test_packed_files_that_are_not_whole(read, name, data):
    report, _ = read(name, data)
    assert report["status"] == "failed"


def test_several_members_are_all_read(read, shop):
    for suffix, pack in list(PACK.items())[1:]:
        parts = pack(HEAD + b"1,a\n") + pack(b"2,b\n")
        assert read("a.csv" + suffix, parts)[1] == [(1, "a"), (2, "b")]
    members = zipped([("../../x.csv", HEAD + b"1,a\n"), ("b.csv", HEAD + b"2,b\n")])
    assert sorted(read("a.csv.zip", members)[1]) == [(1, "a"), (2, "b")]
    assert not (shop.root.parent / "x.csv").exists()


def test_a_zip_bomb_is_told_before_it_is_unpacked(read):
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w", force_zip64=True) as member,
    ):
        member.write(HEAD)
        for _ in range(1100):
            member.write(b"1,a\n" * 250_000)
    report, _ = read("a.csv.zip", sink.getvalue())
    assert report["error"]["code"] == "PSK-SRC-050"
    assert report["peak_memory_bytes"] < 1 << 30


def test_a_pipe_among_the_files_is_passed_over(shop, read):
    os.mkfifo(shop.root / "data" / "pipe.csv")
    (shop.root / "data" / "loop.csv").symlink_to("loop.csv")
    shop.write("data/orders.csv", HEAD + b"1,a\n")
    (shop.root / "data" / "customers.csv").unlink()
    shop.write("pipeline.yaml", PIPELINE.format(options="{}").replace("data/*", "data/*.csv"))
    assert counted(shop("run", "--json").document) == (1, 0)
