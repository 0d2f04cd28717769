"""CSV of random dirt, read by the engine and by a slow reader of its own: record by record."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.program import Column, Read
from penstock.runtime import registry
from penstock.runtime.engines.duckdb.csv_dialect import Dialect
from penstock.runtime.engines.duckdb.csv_records import Splitter

pytestmark = pytest.mark.hypothesis
HEAD = b"a,b,c\n"
SCHEMA = tuple(Column(n, "varchar") for n in "abc")
PIECES = [b",", b",", b"\n", b'"', b'""', b" ", b"a", b"b1", b"x,y,z\n", b'"q",2,3\n', b"x,y,z,\n"]
ODD = [*PIECES, b"\r\n", b"\x00", b"\xff", "é".encode(), "\ufeff".encode()]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("dirt")
    (root / "data").mkdir()
    engine = registry.engine("duckdb")(work=root / "work", memory_bytes=None, threads=1)
    yield root, engine
    engine.close()


def expected(data):
    """Rows, and (line, text) of rejected records."""
    splitter = Splitter(Dialect())
    rows, rejected = [], []
    for record in list(splitter.records(io.BytesIO(data)))[1:]:
        fields = [] if record.fault else splitter.fields(record.data)
        if len(fields) == 3 and is_text(record.data):
            rows.append(tuple(f or None for f in fields))
        else:
            rejected.append((record.line, record.data.decode(errors="backslashreplace")))
    return rows, rejected


def is_text(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def bodies_of(pieces):
    return st.lists(st.lists(st.sampled_from(pieces), max_size=12).map(b"".join), max_size=3)


@given(bodies_of(PIECES))
def test_every_record_is_a_row_or_rejected(place, bodies):
    look(place, bodies)


@given(bodies=bodies_of(ODD), mark=st.booleans())
@example(bodies=[b"x,y,z,\n\xef\xbb\xbfx,y,z\n", b'",\r\n""q",2,3\n,'], mark=False)
def test_other_line_ends_and_bytes_that_are_no_text(place, bodies, mark):
    look(place, bodies, b"\xef\xbb\xbf" if mark else b"")


def look(place, bodies, mark=b""):
    root, engine = place
    for old in (root / "data").iterdir():
        old.unlink()
    wanted_rows, wanted = [], []
    for i, body in enumerate([*bodies, b"1,2,3\n"]):
        (root / "data" / f"{i}.csv").write_bytes(mark + HEAD + body)
        rows, rejected = expected(mark + HEAD + body)
        wanted_rows += rows
        wanted += [(f"data/{i}.csv", *r) for r in rejected]
    read = Read("rows", "file", {"path": "data/*.csv"}, SCHEMA, schema_evolution="ignore")
    source = registry.source("file")(read, root)
    found = source.extract(source.plan(), engine, "rows", keep=True)
    got = [tuple(r.values()) for r in engine.rows("SELECT a, b, c FROM rows")]
    assert sorted(got, key=str) == sorted(wanted_rows, key=str)
    told = [(r.file, r.line, r.raw.rstrip("\r\n")) for r in found.rejected]
    assert told == [(file, line, raw.rstrip("\r\n")) for file, line, raw in wanted]


def test_a_record_of_many_lines_with_quotes_takes_no_square_of_them():
    inside = b'one ""quoted"", word\n' * 50_000
    data = HEAD + b'1,"' + inside + b'",3\n4,5,6\n7,"' + inside + b'" x,9\n'
    clock = time.monotonic()
    found = list(Splitter(Dialect()).records(io.BytesIO(data)))
    assert time.monotonic() - clock < 20, "it took hours"
    assert found[1].data == b'1,"' + inside + b'",3'
    assert (found[2].line, found[2].data) == (50_003, b"4,5,6")
    assert found[3].fault == "a quote is opened and never closed"


@pytest.mark.parametrize("escape", ['"', "\\"])
@given(st.data())
def test_what_python_writes_is_split_as_it_was(escape, data):
    cell = st.text(st.sampled_from(',"\\\n\r ax'), max_size=8)
    rows = data.draw(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=4))
    out = io.StringIO()
    way = {"doublequote": True} if escape == '"' else {"doublequote": False, "escapechar": escape}
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n", **way).writerows(rows)
    splitter = Splitter(Dialect(escape=escape))
    records = list(splitter.records(io.BytesIO(out.getvalue().encode())))
    assert [r.fault for r in records] == [None] * len(rows)
    assert [tuple(splitter.fields(r.data)) for r in records] == rows
