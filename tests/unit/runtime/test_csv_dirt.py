"""CSV of random dirt, read by the engine and by a slow reader of its own: record by record."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.program import Column, Read
from penstock.runtime import registry
from penstock.runtime.engines.duckdb.csv_dialect import Dialect
from penstock.runtime.engines.duckdb.csv_records import Splitter

pytestmark = pytest.mark.hypothesis
HEAD = b"a,b,c\n"
SCHEMA = tuple(Column(n, "varchar") for n in "abc")
PIECES = [b",", b",", b"\n", b'"', b'""', b" ", b"a", b"b1", b"x,y,z\n", b'"q",2,3\n', b"x,y,z,\n"]


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
        if len(fields) == 3:
            rows.append(tuple(f or None for f in fields))
        else:
            rejected.append((record.line, record.data.decode()))
    return rows, rejected


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), max_size=3))
def test_every_record_is_a_row_or_rejected(place, bodies):
    root, engine = place
    for old in (root / "data").iterdir():
        old.unlink()
    wanted_rows, wanted = [], []
    for i, body in enumerate([*bodies, b"1,2,3\n"]):
        (root / "data" / f"{i}.csv").write_bytes(HEAD + body)
        rows, rejected = expected(HEAD + body)
        wanted_rows += rows
        wanted += [(f"data/{i}.csv", *r) for r in rejected]
    read = Read("rows", "file", {"path": "data/*.csv"}, SCHEMA, schema_evolution="ignore")
    source = registry.source("file")(read, root)
    found = source.extract(source.plan(), engine, "rows", keep=True)
    got = [tuple(r.values()) for r in engine.rows("SELECT a, b, c FROM rows")]
    assert sorted(got, key=str) == sorted(wanted_rows, key=str)
    assert [(r.file, r.line, r.raw) for r in found.rejected] == wanted
