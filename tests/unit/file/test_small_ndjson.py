"""Small NDJSON files are looked at without DuckDB: what is found is the same."""

from __future__ import annotations

import gzip

import pytest

from penstock.program import Column
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.engines.duckdb import ndjson_keys
from penstock.runtime.engines.duckdb.shape_looking import look

SCHEMA = (Column("id", "integer"), Column("name", "varchar"))


@pytest.mark.parametrize(
    "data",
    [
        b'{"id": 1}\n{"name": "a", "id": 2}\n', b'{"id": 1, "new": [1]}\n', b"", b"\n\n",
        b'{"ID": 1}\r\n{"id": 2}\r\n', b'{"id": 1}\nbroken\n', b"7\n", b'"text"\n[1]\n',
        b'{"id": NaN}\n', b'\xef\xbb\xbf{"id": 1}\n', b'{"id": "\xff"}\n', b'{"a b.c": {"d": 1}}\n',
        '{"id": 1}\n'.encode("utf-16"), gzip.compress(b'{"id": 1}\n', mtime=0), b'{"id": 1, "id": 2}\n',
    ],
)  # fmt: skip
def test_what_is_found_is_the_same(tmp_path, monkeypatch, data):
    path = tmp_path / "a.ndjson"
    path.write_bytes(data)

    def shape():
        (found,) = look(
            [InputFile(str(path), "a", len(data), "")], FileFormat("ndjson"), SCHEMA, grow=False
        )
        return sorted((c.name, c.type) for c in found.columns), found.unread, found.unnamed

    quick = shape()
    monkeypatch.setattr(ndjson_keys, "SMALL", -1)
    assert quick == shape()


def test_large_files_are_left_to_duckdb(tmp_path):
    files = []
    for number in range(1000):
        path = tmp_path / f"{number}.ndjson"
        path.write_text('{"id": 1, "name": "a"}\n')
        files.append(InputFile(str(path), path.name, 23, ""))
    assert ndjson_keys.keys_of_small(files[0].path, 23) == {"id", "name"}
    assert ndjson_keys.keys_of_small(files[0].path, ndjson_keys.SMALL + 1) is None
    found = list(look(files, FileFormat("ndjson"), SCHEMA, grow=False))
    assert {tuple(c.name for c in s.columns) for s in found} == {("id", "name")}
