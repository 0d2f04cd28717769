"""Binary files and documents as they should not be: every row is exact, or the file is named."""

from __future__ import annotations

import io
import json
from datetime import date, datetime

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_files import Folder, flipped, parquet, rows, table, zipped
from pyarrow import orc
from pyarrow.parquet import encryption

from penstock.runtime.sources.file.source import FileSource


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "bad")


def refused(told, name, *words):
    """The run failed, and says which file it is about, and why."""
    assert told.code in {1, 4}
    for word in (f"`data/{name}", *words):
        assert word in told.error["message"]
    assert told.error["hint"]


# -- Parquet

PLAIN = {"compression": "none", "use_dictionary": False}
MANY = 2000
GOOD = parquet(table(MANY), **PLAIN)


class Keys(encryption.KmsClient):
    """Keeps no secret."""

    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key, _):
        return key

    def unwrap_key(self, key, _):
        return key


def encrypted(**options):
    given = encryption.EncryptionConfiguration(
        footer_key="f", uniform_encryption=True, double_wrapping=False, **options
    )
    made = encryption.CryptoFactory(Keys).file_encryption_properties(
        encryption.KmsConnectionConfig(), given
    )
    return parquet(table(), encryption_properties=made)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "not a whole Parquet file"),
        (b"PAR1", "not a whole Parquet file"),
        (GOOD[: len(GOOD) // 2], "not a whole Parquet file"),
        (GOOD[:-8] + b"\xff\xff\xff\x00PAR1", "Footer"),
        (flipped(GOOD, len(GOOD) - 8, 4), "Footer"),
        (flipped(GOOD, 4), "cut off or damaged"),
        (flipped(parquet(table(MANY), compression="gzip"), 300), "cut off or damaged"),
        (b"id,name\n0,name 0\n", "not a whole Parquet file"),
        (zipped(("x.csv", "id,name\n")), "/x.csv` is cut off"),
        (b"PARE" + GOOD[4:-4] + b"PARE", "encrypted"),
        (parquet(pa.table({})), "column"),
    ],
)
def test_a_parquet_file_that_is_none(folder, data, word):
    folder.put("good.parquet", parquet(table()))
    folder.put("a.parquet", data)
    told = folder.run()
    refused(told, "a.parquet", word)
    assert "\\x" not in told.error["message"]
    assert told.rows == []
    assert folder.mended("a.parquet", GOOD) == sorted([*rows(), *rows(MANY)], key=str)


@pytest.mark.parametrize("plaintext_footer", [False, True])
def test_an_encrypted_parquet_file(folder, plaintext_footer):
    folder.put("a.parquet", encrypted(plaintext_footer=plaintext_footer))
    told = folder.run()
    refused(told, "a.parquet", "is encrypted")
    assert told.error["code"] == "PSK-SRC-039"
    assert folder.mended("a.parquet", GOOD) == rows(MANY)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("column", ["id", "name"])
def test_a_flipped_bit_in_a_page_with_a_checksum(folder, compression, version, column):
    """DuckDB does not look at checksums: it was another value."""
    options = {
        "compression": compression, "use_dictionary": column == "name", "row_group_size": 1000,
        "data_page_version": version, "write_page_checksum": True,
    }  # fmt: skip
    data = parquet(table(MANY), **options)
    at = ["id", "name"].index(column)
    chunk = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1).column(at)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    folder.put("a.parquet", data)
    assert folder.run().rows == rows(MANY)
    folder.put("a.parquet", flipped(data, start + chunk.total_compressed_size - 9, 1))
    told = folder.run()
    refused(told, "a.parquet", "checksum", f"column `{column}` in row group 2")
    assert told.rows == rows(MANY), "as they were published before"


def test_names_that_tell_another_format(folder):
    folder.put("a.csv", GOOD)
    told = folder.run()
    refused(told, "a.csv", "is a Parquet file")
    assert told.error["code"] == "PSK-SRC-039"
    assert folder.run(form="parquet").rows == rows(MANY)
    for name, data in {
        "a.ndjson": GOOD,
        "a.json": GOOD,
        "a.xml": zipped(("xl/workbook.xml", "x")) + b"x",
        "a.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    }.items():
        folder.clear()
        folder.put(name, data)
        refused(folder.run(), name)


STRANGE = {
    "INTERVAL": "INTERVAL 3 MONTH",
    "TIME WITH TIME ZONE": "'10:00:00+01'::TIMETZ",
    "STRUCT(a INTERVAL)": "{'a': INTERVAL 1 DAY}",
}


def written(tmp_path, sql):
    path = tmp_path / "written.parquet"
    duckdb.sql(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


@pytest.mark.parametrize("kind", STRANGE)
def test_a_column_of_a_type_without_a_name_is_told(folder, tmp_path, kind):
    """It hid the other new columns of its file, and nothing told of any."""
    sql = f"SELECT 0::INTEGER AS id, 'name 0' AS name, {STRANGE[kind]} AS odd, 7 AS later"
    data = written(tmp_path, sql)
    folder.put("a.parquet", data)
    told = folder.run()
    assert told.rows == [(0, "name 0", 7)]
    assert told.changes == [("odd", "ignored", kind.lower()), ("later", "added", "integer")]
    refused(folder.run(rule="strict"), "a.parquet", "`odd`")
    declared = "{id: integer, odd: varchar}"
    refused(folder.run(schema=declared), "a.parquet", "column `odd`")
    code, out, err = folder.command("validate")
    assert (code, "later" in out + err) == (0, True)
    folder.run(schema="{id: integer, name: varchar, later: integer}")
    (folder.root / "pipeline.yaml").write_text(
        (folder.root / "pipeline.yaml").read_text().replace("    schema: {", "    # {")
    )
    code, _, err = folder.command("validate")
    assert (code, "column `odd` of `data/a.parquet`" in err) == (3, True)


def test_a_column_of_a_type_without_a_name_that_comes_after_compiling(
    folder, tmp_path, monkeypatch
):
    folder.put("a.parquet", parquet(table()))
    sql = "SELECT 2::INTEGER AS id, 'name 2' AS name, INTERVAL 3 MONTH AS odd"
    late = written(tmp_path, sql)
    comes_late(monkeypatch, lambda: folder.put("b.parquet", late))
    refused(folder.run(), "b.parquet", "`odd`")
    monkeypatch.undo()
    told = folder.run()
    assert (told.rows, told.changes) == (rows(3), [("odd", "ignored", "interval")])


def comes_late(monkeypatch, change):
    """Change files after the pipeline is compiled, and before its run is planned."""
    plan = FileSource.plan

    def late(self):
        change()
        return plan(self)

    monkeypatch.setattr(FileSource, "plan", late)


def test_types_of_other_programs_keep_their_values(folder, tmp_path):
    sql = (
        "SELECT 0::INTEGER AS id, 'name 0' AS name, 18446744073709551615::UBIGINT AS big, "
        "'00000000-0000-0000-0000-00000000000a'::UUID AS uuid, 'y'::ENUM('x', 'y') AS kind, "
        "{'a': 1, 'b': [1, 2]} AS nested, map(['k'], [1]) AS pairs, [1, 2]::INTEGER[2] AS two"
    )
    folder.put("a.parquet", written(tmp_path, sql))
    assert folder.run().rows == [
        (
            0, "name 0", 18446744073709551615, "00000000-0000-0000-0000-00000000000a", "y",
            {"a": 1, "b": [1, 2]}, {"k": 1}, [1, 2],
        )
    ]  # fmt: skip
    told = folder.run(schema="{id: integer, big: bigint}")
    refused(told, "a.parquet", "column `big`", "decimal(20,0)")


def test_arrow_types_are_exact_or_told(folder):
    half = pa.array([1.5, 2.5], pa.float32()).cast(pa.float16())
    fixed = pa.array([b"ab", b"cd"], pa.binary(2))
    words = pa.array(["x", "y"]).dictionary_encode()
    folder.put("a.parquet", parquet(table(half=half, fixed=fixed, words=words)))
    found = folder.run()
    assert found.rows == [(0, "name 0", 1.5, "ab", "x"), (1, "name 1", 2.5, "cd", "y")]
    wide = pa.array([1, 2], pa.decimal256(50, 0))
    folder.put("a.parquet", parquet(table(wide=wide)))
    told = folder.run()
    if told.code == 0:
        assert any(column == "wide" for column, *_ in told.changes)
        assert [row[-1] for row in told.rows] == [1, 2]
    else:
        refused(told, "a.parquet")
    nanos = pa.array([1_000, 1], pa.timestamp("ns"))
    folder.put("a.parquet", parquet(table(at=nanos)))
    told = folder.run()
    assert [row[0] for row in told.rows] == [0]
    assert "nanoseconds" in told.rejected[0]


S = "{id: integer, who: 'struct(a integer, b varchar)'}"
WHO = pa.struct([("a", pa.int32()), ("b", pa.string()), ("c", pa.int32())])


@pytest.mark.parametrize("rule", ["add", "ignore", "strict"])
def test_a_new_field_in_a_declared_struct_is_told(folder, rule):
    one = {"id": 1, "who": {"a": 1, "b": "x"}}
    more = {"id": 2, "who": {"a": 1, "b": "x", "c": 9}}
    folder.put("a.ndjson", "".join(json.dumps(r) + "\n" for r in (one, more)))
    told = folder.run(schema=S, rule=rule)
    assert told.rows == [(1, {"a": 1, "b": "x"})]
    assert "who" in told.rejected[0]
    folder.clear()
    xml = "<r><o><id>1</id><who><a>1</a><b>x</b></who></o><o><id>2</id><who><a>1</a><c>9</c></who></o></r>"
    folder.put("a.xml", xml)
    told = folder.run(schema=S, rule=rule)
    assert told.rows == [(1, {"a": 1, "b": "x"})]
    assert "`c`" in told.rejected[0]
    folder.clear()
    who = pa.array([more["who"]], WHO)
    folder.put("a.parquet", parquet(pa.table({"id": pa.array([2], pa.int32()), "who": who})))
    refused(folder.run(schema=S, rule=rule), "a.parquet", "column `who`", "c integer")


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_wider_values_that_come_after_compiling_wait_for_the_next_run(folder, form, monkeypatch):
    big = pa.array([3_000_000_000, 2], pa.int64())
    late = pa.table({"id": big, "name": ["b", "c"]})
    write = {
        "parquet": parquet,
        "ndjson": lambda t: "".join(json.dumps(r) + "\n" for r in t.to_pylist()),
    }[form]
    folder.put(f"a.{form}", write(table(1)))
    comes_late(monkeypatch, lambda: folder.put(f"b.{form}", write(late)))
    told = folder.run(rule="widen")
    if form == "ndjson":
        assert told.rows == [(0, "name 0"), (2, "c")]
        assert "3000000000" in told.rejected[0]
    else:
        refused(told, "b.parquet", "column `id`", "bigint")
    monkeypatch.undo()
    told = folder.run(rule="widen")
    assert told.rows == [(0, "name 0"), (2, "c"), (3_000_000_000, "b")]
    assert told.changes == [("id", "widened", "bigint")]


# -- ORC


def orc_bytes(**options):
    sink = io.BytesIO()
    orc.write_table(table(MANY), sink, **options)
    return sink.getvalue()


ORC = orc_bytes(compression="zlib")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ORC",
        ORC[: len(ORC) // 2],
        flipped(ORC, len(ORC) - 60, 30),
        flipped(ORC, len(ORC) - 10, 9),
        flipped(ORC, 200),
        flipped(orc_bytes(compression="snappy"), 5000),
        b"id,name\n1,a\n",
    ],
)
def test_an_orc_file_that_is_none(folder, data):
    folder.put("a.orc", data)
    refused(folder.run(), "a.orc", "cut off or damaged")
    assert folder.mended("a.orc", ORC) == rows(MANY)


# -- Excel


def book(*sheets, change=None):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for i, values in enumerate(sheets):
        sheet = made.create_sheet(f"sheet {i + 1}")
        for row in values:
            sheet.append(row)
    if change:
        change(made)
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


HEAD = ["id", "name"]
AT = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a sheet knows no zones
BOOK = book([HEAD, *([i, f"name {i}"] for i in range(50))])


def with_part(data, name, change):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    parts[name] = change(parts[name])
    return zipped(*parts.items())


SHEET = "xl/worksheets/sheet1.xml"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet'


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "not a whole .xlsx workbook"),
        (b"id,name\n1,a\n", "not a whole .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "protected with a password"),
        (GOOD, "is a Parquet file"),
        (zipped(("a.csv", "id,name\n")), "not a whole .xlsx workbook"),
        (BOOK[: len(BOOK) // 2], "not a whole .xlsx workbook"),
        (flipped(BOOK, len(BOOK) // 2, 10), "not a whole .xlsx workbook"),
        (with_part(BOOK, SHEET, lambda x: x[: len(x) // 2]), "cannot be read as .xlsx"),
        (with_part(BOOK, SHEET, lambda x: x.replace(b"<worksheet", BOMB, 1)), ""),
    ],
)
def test_a_workbook_that_is_none(folder, data, word):
    folder.put("a.xlsx", data)
    told = folder.run()
    refused(told, "a.xlsx", word)
    assert "\n" not in told.error["message"]
    assert folder.mended("a.xlsx", BOOK) == rows(50)


def test_cells_that_hold_no_plain_value(folder):
    def change(made):
        sheet = made.worksheets[0]
        sheet.merge_cells("B3:B4")
        sheet.row_dimensions[2].hidden = True

    values = [
        HEAD, [0, "hidden"], [1, "merged"], [2, None], ["=1+1", "no saved result"],
        [4, "#DIV/0!"], [5, date(2026, 1, 2)], [6, 46024], [7, AT],
        [date(2026, 1, 2), "a day is no integer"], [9, "wide", "more"],
    ]  # fmt: skip
    folder.put("a.xlsx", book(values, [HEAD, [10, "other sheet"]], [], change=change))
    told = folder.run()
    assert told.rows == [
        (0, "hidden"), (1, "merged"), (2, None), (5, "2026-01-02"), (6, "46024"),
        (7, "2026-01-02 03:04:05"),
    ]  # fmt: skip
    words = " | ".join(told.rejected)
    for word in ("A5 holds a formula", "B6 holds the error #DIV/0!", "2026-01-02", "3 cells"):
        assert word in words
    assert folder.run(options='{sheet: "sheet 2"}').rows == [(10, "other sheet")]
    assert folder.run(options="{sheet: 3}").rows == []
    refused(folder.run(options="{sheet: 4}"), "a.xlsx", "no sheet `4`")


def test_the_saved_result_of_a_formula_is_its_value(folder):
    data = book([HEAD, ["=1+1", "two"]])
    saved = with_part(
        data,
        SHEET,
        lambda x: (
            x.replace(b"<v></v>", b"<v>2</v>")
            .replace(b"<v />", b"<v>2</v>")
            .replace(b"<v/>", b"<v>2</v>")
        ),
    )
    folder.put("a.xlsx", saved)
    assert folder.run().rows == [(2, "two")]


# -- XML, JSON and fields of fixed width

ONE = "<row><id>0</id><name>name 0</name></row>"
XML = f"<rows>\n{ONE}\n<row><id>1</id><name>name 1</name></row></rows>"
SECRET = "not to be read"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", ("line 1",)),
        ("id,name\n", ("line 1",)),
        (f"<rows>\n{ONE}\n<row><id>1</id>", ("line 3", "no element found")),
        (f"<rows>\n{ONE}\n<row><id>1</name></row>\n{ONE}</rows>", ("line 3", "mismatched tag")),
        (f"{XML}{XML}", ("junk after document element",)),
        (XML.replace("name 1", "a\x00b"), ("line 3",)),
        (
            '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + XML.replace("name 1", "&b;"),
            ("entities",),
        ),
        (
            '<!DOCTYPE r [<!ENTITY a SYSTEM "SECRET">]>' + XML.replace("name 1", "&a;"),
            ("entities",),
        ),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "SECRET"> %p;]>' + XML, ("entities",)),
        ('<!DOCTYPE r SYSTEM "SECRET">' + XML.replace("name 1", "&a;"), ("entities",)),
        ('<?xml version="1.0" encoding="klingon"?>' + XML, ("klingon",)),
        ('<?xml version="1.0" encoding="utf-16"?>' + XML, ("encoding",)),
        (XML.replace("name 1", "é").encode("latin-1"), ("line 3",)),
    ],
)
def test_a_document_that_is_none(folder, data, words):
    secret = folder.root / "secret"
    secret.write_text(SECRET)
    if isinstance(data, str):
        data = data.replace("SECRET", secret.as_uri())
    folder.put("a.xml", data)
    told = folder.run()
    refused(told, "a.xml", *words)
    assert SECRET not in json.dumps(told.report)
    assert folder.mended("a.xml", XML) == rows()


def test_elements_are_values_or_told(folder):
    folder.put(
        "a.xml",
        '<a:rows xmlns:a="urn:a" xmlns:b="urn:b">'
        "<a:row><a:id>0</a:id><b:name>of another space</b:name></a:row>"
        "<a:row><a:id>1</a:id><a:name>twice</a:name><b:name>x</b:name></a:row>"
        "<a:row><a:id>2</a:id><a:name><![CDATA[<a> & b]]></a:name></a:row>"
        '<a:row><a:id>3</a:id><a:name lang="en">with an attribute</a:name></a:row>'
        "<a:row><a:id>4</a:id><a:name>x<b>y</b>z</a:name></a:row>"
        f"<a:row><a:id>5</a:id>{'<x>' * 500}{'</x>' * 500}</a:row>"
        "</a:rows>",
    )
    told = folder.run(rule="ignore")
    assert told.rows == [(0, "of another space"), (2, "<a> & b")]
    assert len(told.rejected) == 4


LINES = '[{"id":0,"name":"name 0"},\n{"id":1,"name":"name 1"}'


@pytest.mark.parametrize("rest", ["", ",", ",\n]", ',\n{"id":2,"na', ',\n{"id":2}', "]x", "}"])
def test_an_array_that_is_cut_off(folder, rest):
    folder.put("a.json", LINES + rest)
    refused(folder.run(), "a.json", "line ")
    assert folder.mended("a.json", LINES + "]") == rows()


def test_lines_of_another_width(folder):
    folder.put(
        "a.txt",
        "0   name 0\n1\n2   longer than that\n3\tab\n4   日本語\n5   é     \n\n   \n"
        '6   a\tb   \n7   "a,b"  \r\n8   a\x85b\u2028c\n'.encode()
        + b"9   \xe9     \n",
    )
    told = folder.run(form="fixed_width", options="{widths: {id: 4, name: 6}}")
    assert told.rows == [
        (0, "name 0"), (4, "日本語"), (5, "é"), (6, "a\tb"), (7, '"a,b"'), (8, "a\x85b\u2028c"),
    ]  # fmt: skip
    assert len(told.rejected) == 4
    assert any("not UTF-8 text" in reason for reason in told.rejected)
    assert any("1 character where 10 are expected" in reason for reason in told.rejected)
