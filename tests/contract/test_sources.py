"""What every source promises to the run loop, for every format of its files.

A new connector joins by one line in `SOURCES`: how files get to it, and how they are removed. A
new format joins by one line in `FORMATS`: its suffix, its options, and how rows are written.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import shutil
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from xml.sax.saxutils import escape

import openpyxl
import pyarrow as pa
import pyarrow.orc as pa_orc
import pyarrow.parquet as pq
import pytest
from werkzeug import Response

from penstock.errors import SourceUnavailable, StepFailed
from penstock.program import Column, Read
from penstock.runtime import registry
from penstock.runtime.sources.webhook.options import built
from penstock.runtime.sources.webhook.receiving import Door, Request, receive
from penstock.runtime.storage import open_store

SCHEMA = (
    Column("id", "integer", required=True),
    Column("name", "varchar"),
    Column("price", "decimal(10,2)"),
)
ROWS = [
    (1, "plain", "1.50"),
    (2, "quoted , ; | é 日本", "-0.01"),
    (3, None, None),
    (4, "x", "99999999.99"),
]
BAD = (None, "nobody", "2.00")
"""A record that no format may take: `id` is required."""


def text_csv(rows, delimiter=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([c.name for c in SCHEMA])
    writer.writerows(rows)
    return out.getvalue().encode()


def records(rows):
    return [{"id": i, "name": n, "price": None if p is None else float(p)} for i, n, p in rows]


def ndjson(rows):
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records(rows)).encode()


def arrow(rows):
    ids, names, prices = zip(*rows, strict=True) if rows else ((), (), ())
    prices = [None if p is None else Decimal(p) for p in prices]
    return pa.table(
        {
            "id": pa.array(ids, pa.int32()),
            "name": pa.array(names, pa.string()),
            "price": pa.array(prices, pa.decimal128(10, 2)),
        }
    )


def zipped(members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return sink.getvalue()


def orc(rows):
    sink = io.BytesIO()
    pa_orc.write_table(arrow(rows), sink)
    return sink.getvalue()


def excel(rows):
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = datetime(2026, 1, 1)  # noqa: DTZ001
    sheet = book.active
    sheet.append([c.name for c in SCHEMA])
    for i, name, price in rows:
        sheet.append([i, name, None if price is None else float(price)])
    sink = io.BytesIO()
    book.save(sink)
    with zipfile.ZipFile(sink) as archive:  # without the time of writing
        return zipped({n: archive.read(n) for n in archive.namelist() if "core" not in n})


def xml(rows, row="row"):
    out = []
    for values in rows:
        pairs = zip([c.name for c in SCHEMA], values, strict=True)
        fields = "".join(f"  <{n}>{escape(str(v))}</{n}>\n" for n, v in pairs if v is not None)
        out.append(f" <{row}>\n{fields} </{row}>\n")
    return f"<rows>\n{''.join(out)}</rows>\n".encode()


def fixed(rows):
    texts = [["" if v is None else str(v) for v in row] for row in rows]
    return "".join(f"{i:<4}{n:<20}{p:>12}\n" for i, n, p in texts).encode()


def parquet(rows):
    sink = io.BytesIO()
    pq.write_table(arrow(rows), sink)
    return sink.getvalue()


@dataclass(frozen=True)
class Format:
    suffix: str
    write: object
    options: dict = field(default_factory=dict)
    format: str | None = None


FORMATS = {
    "csv": Format(".csv", text_csv),
    "tsv": Format(".tsv", lambda rows: text_csv(rows, "\t")),
    "csv.gz": Format(".csv.gz", lambda rows: gzip.compress(text_csv(rows), mtime=0)),
    "csv.zst": Format(".csv.zst", lambda rows: pa.compress(text_csv(rows), "zstd", asbytes=True)),
    "ndjson": Format(".ndjson", ndjson),
    "ndjson.gz": Format(".ndjson.gz", lambda rows: gzip.compress(ndjson(rows), mtime=0)),
    "ndjson.zst": Format(
        ".jsonl.zst", lambda rows: pa.compress(ndjson(rows), "zstd", asbytes=True)
    ),
    "csv.bz2": Format(".csv.bz2", lambda rows: bz2.compress(text_csv(rows))),
    "csv.zip": Format(".csv.zip", lambda rows: zipped({"inner.csv": text_csv(rows)})),
    "csv-utf16": Format(".csv", lambda rows: text_csv(rows).decode().encode("utf-16")),
    "csv-gb18030": Format(
        ".csv", lambda rows: text_csv(rows).decode().encode("gb18030"), {"encoding": "gb18030"}
    ),
    "ndjson.bz2": Format(".ndjson.bz2", lambda rows: bz2.compress(ndjson(rows))),
    "parquet": Format(".parquet", parquet),
    "parquet.gz": Format(".parquet.gz", lambda rows: gzip.compress(parquet(rows), mtime=0)),
    "json": Format(".json", lambda rows: json.dumps(records(rows), indent=1).encode()),
    "json.gz": Format(
        ".json.gz", lambda rows: gzip.compress(json.dumps(records(rows)).encode(), mtime=0)
    ),
    "json-path": Format(
        ".json",
        lambda rows: json.dumps({"n": 1, "data": {"items": records(rows)}, "m": []}).encode(),
        {"row_path": "data.items"},
    ),
    "json-lines": Format(".json", ndjson),
    "orc": Format(".orc", orc),
    "excel": Format(".xlsx", excel),
    "xml": Format(".xml", xml),
    "xml.zst": Format(".xml.zst", lambda rows: pa.compress(xml(rows), "zstd", asbytes=True)),
    "xml-row": Format(
        ".xml", lambda rows: b"<a><meta><x>1</x></meta>" + xml(rows, "r") + b"</a>", {"row": "r"}
    ),
    "fixed_width": Format(
        ".txt", fixed, {"widths": {"id": 4, "name": 20, "price": 12}}, "fixed_width"
    ),
}
ODD_NAMES = [
    "two words",
    "it's",
    'say "x"',
    "a[1]",
    "b*c",
    "q?x",
    "100%20",
    "new\nline",
    "day=1",
    "..x",
    "日本 é",
    "back\\slash",
]


class Local:
    """Files of the local file system."""

    connector = "file"

    def __init__(self, root):
        self.root = root

    def put(self, name, data):
        path = self.root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def remove(self, name):
        (self.root / "data" / name).unlink()

    def path(self, pattern):
        return f"data/{pattern}"


SOURCES = {"file": Local}


class Place:
    """A source's files, how they are written, and an engine to read them."""

    def __init__(self, store, fmt, engine):
        self.store, self.fmt, self.engine = store, fmt, engine

    def put(self, stem, rows):
        name = stem + self.fmt.suffix
        self.store.put(name, self.fmt.write(rows))
        return name

    def open(self, pattern="*", schema=SCHEMA, evolution="add"):
        """A new object each time: a source keeps nothing in memory."""
        options = {"path": self.store.path(pattern + self.fmt.suffix)}
        if self.fmt.options:
            options["options"] = self.fmt.options
        if self.fmt.format:
            options["format"] = self.fmt.format
        read = Read("rows", self.store.connector, options, schema, schema_evolution=evolution)
        return registry.source(self.store.connector)(read, self.store.root)

    def read(self, pattern="*"):
        source = self.open(pattern)
        found = source.extract(source.plan(), self.engine, "rows", keep=True)
        return found, self.rows()

    def rows(self):
        rows = self.engine.rows("SELECT id, name, CAST(price AS VARCHAR) AS price FROM rows")
        return sorted(tuple(r.values()) for r in rows)


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()


CASES = [(c, f) for c in sorted(SOURCES) for f in FORMATS]


@pytest.fixture(params=CASES, ids=["-".join(c) for c in CASES])
def place(request, tmp_path, engine):
    connector, fmt = request.param
    root = tmp_path / "root"
    (root / "data").mkdir(parents=True)
    return Place(SOURCES[connector](root), FORMATS[fmt], engine)


def test_rows_come_in_exactly(place):
    name = place.put("a", ROWS)
    found, rows = place.read()
    assert rows == ROWS
    assert (found.rows_in, found.rows_out, list(found.rejected)) == (4, 4, [])
    assert found.bytes == len(place.fmt.write(ROWS)), name


def test_several_files_are_one_relation(place):
    place.put("b", ROWS[2:])
    place.put("a", ROWS[:2])
    found, rows = place.read()
    assert rows == ROWS
    assert found.rows_in == 4


def test_a_record_that_cannot_be_taken_is_rejected_with_its_place(place):
    place.put("a", ROWS[:1])
    name = place.put("b", [ROWS[1], BAD, ROWS[2]])
    found, rows = place.read()
    assert rows == ROWS[:3]
    assert (found.rows_in, found.rows_out) == (4, 3)
    (rejected,) = found.rejected
    assert rejected.file.startswith(place.store.path(name))
    assert rejected.column == "id"
    assert "required" in rejected.reason
    assert "nobody" in rejected.raw
    assert rejected.line or "row 2" in rejected.reason


def test_no_rows(place):
    place.put("a", [])
    found, rows = place.read()
    assert rows == []
    assert (found.rows_in, found.rows_out) == (0, 0)


def test_the_same_content_is_the_same_slice(place):
    name = place.put("a", ROWS)
    first = place.open().plan()
    assert place.open().plan() == first
    place.put("a", ROWS)  # written anew
    assert place.open().plan().identity == first.identity
    place.store.remove(name)
    place.put("renamed", ROWS)
    assert place.open().plan().identity == first.identity


def test_changed_content_is_another_slice(place):
    place.put("a", ROWS)
    first = place.open().plan().identity
    place.put("a", ROWS[:3])
    changed = place.open().plan().identity
    assert changed != first
    place.put("b", ROWS)
    assert place.open().plan().identity not in {first, changed}


def test_a_file_that_is_gone_at_its_reading_is_told(place):
    place.put("a", ROWS)
    name = place.put("b", ROWS)
    source = place.open()
    part = source.plan()
    place.store.remove(name)
    with pytest.raises(SourceUnavailable) as told:
        source.extract(part, place.engine, "rows", keep=True)
    assert name in told.value.message


def test_a_file_that_changed_since_it_was_planned_is_told(place):
    name = place.put("a", ROWS)
    source = place.open()
    part = source.plan()
    place.put("a", [(7, *ROWS[0][1:]), *ROWS[1:]])  # as long as before, where it is text
    with pytest.raises(SourceUnavailable) as told:
        source.extract(part, place.engine, "rows", keep=True)
    assert name in told.value.message
    assert told.value.hint


def test_nothing_there_is_told(place):
    place.put("a", ROWS)
    for ask in ("check", "plan", "infer"):
        with pytest.raises(SourceUnavailable) as told:
            getattr(place.open("missing"), ask)()
        assert "missing" in told.value.message
    place.open().check()


def test_the_schema_is_found(place):
    place.put("a", [*ROWS, BAD])
    found = place.open(schema=()).infer()
    assert [c.name for c in found.schema] == ["id", "name", "price"]
    kinds = {c.name: c.type for c in found.schema}
    assert kinds["id"] in {"integer", "bigint"}
    assert kinds["name"] == "varchar"
    assert kinds["price"] in {"double", "decimal(10,2)"}
    assert "a" + place.fmt.suffix in found.origin


def test_what_was_found_reads_every_row(place):
    place.put("a", ROWS)
    schema = place.open(schema=()).infer().schema
    source = place.open(schema=schema)
    found = source.extract(source.plan(), place.engine, "rows", keep=True)
    assert (found.rows_out, list(found.rejected)) == (4, [])


def test_odd_names(place):
    """A name is a name: `[` and `*` in it match nothing else."""
    for other in ("a1", "bXc", "qyx"):
        place.put(other, ROWS[2:3])
    for stem in ODD_NAMES:
        name = place.put(stem, [*ROWS[:2], BAD])
        pattern = stem.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
        for asked in {stem, pattern}:
            found, rows = place.read(asked)
            assert rows == ROWS[:2], asked
            assert found.rows_in == 3
            assert [r.file.startswith(place.store.path(name)) for r in found.rejected] == [True]


def test_a_folder_is_not_a_file(place):
    folder = place.store.root / "data" / ("a" + place.fmt.suffix)
    folder.mkdir()
    with pytest.raises(SourceUnavailable) as told:
        place.open("a").plan()
    assert "folder" in told.value.message
    place.put("b", ROWS)
    assert place.read()[1] == ROWS


def test_a_file_cut_short_never_loses_rows_in_silence(place):
    name = place.put("a", ROWS * 50)
    path = place.store.root / "data" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    if place.fmt.suffix in {".csv", ".tsv", ".ndjson", ".txt"} or place.fmt.write is ndjson:
        found, rows = place.read()
        assert found.rows_in == found.rows_out + len(found.rejected)
        assert set(rows) <= {*ROWS, (*ROWS[0][:2], None)}
        return
    with pytest.raises(StepFailed) as told:  # it has an end, or a check of its own
        place.read()
    assert name in told.value.message


@pytest.mark.parametrize("how", ["touch", "copy"])
def test_touching_or_copying_a_large_file_is_known(tmp_path, engine, how):
    """Up to 8 MiB a file is known by its content alone."""
    store = Local(tmp_path)
    path = store.put("a.csv", b"id\n" + b"1\n" * 2_000_000)
    read = Read("rows", "file", {"path": "data/*.csv"}, (Column("id", "integer"),))
    source = registry.source("file")(read, tmp_path)
    first = source.plan().identity
    if how == "touch":
        os.utime(path, ns=(0, 0))
    else:
        shutil.copy(path, tmp_path / "data" / "copy")
        (tmp_path / "data" / "copy").replace(path)
    assert source.plan().identity == first


# -- what holds for sources that are no files, too


class Table:
    """A table of a PostgreSQL server."""

    connector = "postgres"

    def __init__(self, request):
        self.database = request.getfixturevalue("database")

    def put(self, rows):
        """Have these rows there, and no others."""
        self.database("DROP TABLE IF EXISTS rows")
        self.database("CREATE TABLE rows (id integer, name text, price numeric(10,2))")
        for row in rows:
            self.database("INSERT INTO rows VALUES (%s, %s, %s)", *row)

    def options(self, name="rows"):
        return {**self.database.options, "table": name}


class Api:
    """An HTTP API with one page of records."""

    connector = "rest"

    def __init__(self, request):
        self.server = request.getfixturevalue("httpserver")
        self.data = b"[]"
        self.server.expect_request("/rows").respond_with_handler(lambda _: Response(self.data))

    def put(self, rows):
        self.data = json.dumps(records(rows)).encode()

    def options(self, name="rows"):
        return {"url": self.server.url_for(f"/{name}"), "retries": 0}


class Resource:
    """A dlt resource: here one that reads a file."""

    connector = "dlt"
    code = """\
import decimal, json, pathlib
def rows(name):
    file = pathlib.Path(name + ".json")
    if not file.is_file():
        raise ConnectionError(f"there is no {name}")
    yield json.loads(file.read_text(), parse_float=decimal.Decimal)
"""

    def __init__(self, request):
        self.root = request.getfixturevalue("tmp_path")
        (self.root / "resource.py").write_text(self.code)

    def put(self, rows):
        (self.root / "rows.json").write_text(json.dumps(records(rows)))

    def options(self, name="rows"):
        return {"source": "resource.py:rows", "arguments": {"name": name}}


class Inbox:
    """An inbox in a bucket, filled by what receives requests."""

    connector = "webhook"
    adds = ("_received_at", "_idempotency_key", "_number")

    def __init__(self, request):
        request.getfixturevalue("aws")
        self.root = request.getfixturevalue("tmp_path")
        self.place = f"s3://acme-lake/{self.root.name}"
        self.store = open_store(self.place, self.root)

    def put(self, rows):
        self.store.delete([e.path for e in self.store.list()])
        door = Door("rows", built(self.options()), self.store, lambda _: None)
        for record in records(rows):
            asked = Request("POST", "/rows", {}, json.dumps(record).encode())
            assert receive([door], asked).status == 200

    def options(self, name="rows"):
        return {"path": "/rows", "inbox": self.place if name == "rows" else f"s3://{name}/in"}


KINDS = {"postgres": Table, "rest": Api, "dlt": Resource, "webhook": Inbox}


@pytest.fixture(params=sorted(KINDS))
def server(request, tmp_path, engine):
    store = KINDS[request.param](request)
    adds = getattr(store, "adds", ())

    def source(name="rows", schema=SCHEMA):
        envelope = tuple(Column(n, "varchar") for n in adds) if schema == SCHEMA else ()
        read = Read("rows", store.connector, store.options(name), (*schema, *envelope))
        return registry.source(store.connector)(read, tmp_path)

    def read():
        made = source()
        found = made.extract(made.plan(), engine, "rows", keep=True)
        rows = engine.rows("SELECT id, name, CAST(price AS VARCHAR) AS price FROM rows")
        return found, sorted(tuple(r.values()) for r in rows)

    store.open, store.read, store.engine, store.adds = source, read, engine, adds
    return store


def test_a_server_gives_rows_exactly(server):
    server.put(ROWS)
    found, rows = server.read()
    assert rows == ROWS
    assert (found.rows_in, found.rows_out, list(found.rejected)) == (4, 4, [])
    assert found.bytes > 0
    server.put([])
    found, rows = server.read()
    assert (rows, found.rows_in, found.rows_out) == ([], 0, 0)


def test_a_row_of_a_server_that_cannot_be_taken_is_rejected(server):
    server.put([*ROWS[:2], BAD, ROWS[2]])
    found, rows = server.read()
    assert rows == ROWS[:3]
    assert (found.rows_in, found.rows_out) == (4, 3)
    (rejected,) = found.rejected
    assert rejected.column == "id"
    assert "required" in rejected.reason
    assert "nobody" in rejected.raw


def test_a_server_in_the_same_state_is_the_same_slice(server):
    server.put(ROWS)
    first = server.open().plan().identity
    assert server.open().plan().identity == first
    server.read()
    assert server.open().plan().identity == first
    server.put(ROWS[:3])
    assert server.open().plan().identity != first


def test_nothing_on_a_server_is_told(server):
    server.put(ROWS)
    for ask in ("check", "plan", "infer"):
        with pytest.raises(SourceUnavailable) as told:
            getattr(server.open("missing"), ask)()
        assert "missing" in told.value.message
    server.open().check()


def test_the_schema_of_a_server_is_found_and_reads_every_row(server):
    server.put(ROWS)
    schema = server.open(schema=()).infer().schema
    assert [c.name for c in schema] == [*server.adds, "id", "name", "price"]
    source = server.open(schema=schema)
    found = source.extract(source.plan(), server.engine, "rows", keep=True)
    assert (found.rows_out, list(found.rejected)) == (4, [])
