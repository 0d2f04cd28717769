"""A lake table to write to and to look at."""

from __future__ import annotations

import json
from dataclasses import replace

import duckdb
import pytest

from penstock.program import Column, Load
from penstock.runtime import registry
from penstock.runtime.targets.lake.target import LakeTarget

SCHEMA = (Column("id", "integer"), Column("part", "varchar"), Column("note", "varchar"))


class Table:
    def __init__(self, root, engine):
        self.root = root
        self.engine = engine
        self.load = Load("t", "rows", "lake", {"path": "table"}, SCHEMA)
        self.count = 0

    @property
    def folder(self):
        return self.root / self.load.options["path"]

    def target(self, **load):
        return LakeTarget(replace(self.load, **load), self.root)

    def stage(self, sql, key=None, **load):
        self.count += 1
        self.engine.create("rows", sql, materialize=True)
        return self.target(**load).stage(self.engine, "rows", key or f"key-{self.count}")

    def publish(self, sql, key=None, **load):
        return self.target(**load).commit(self.stage(sql, key, **load))

    def read(self, version=None, columns="*"):
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            source = self.target().relation(version)
            return sorted(con.execute(f"SELECT {columns} FROM {source} AS t").fetchall(), key=str)

    def types(self):
        with duckdb.connect() as con:
            rows = con.execute(f"DESCRIBE FROM {self.target().relation()} AS t").fetchall()
        return {r[0]: r[1].lower() for r in rows}

    def manifest(self):
        return json.loads((self.folder / "_penstock" / "current.json").read_text())

    def paths(self):
        return {f["path"] for f in self.manifest()["files"]}

    def data_files(self):
        return {p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*.parquet")}


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=2)
    yield made
    made.close()


@pytest.fixture
def table(tmp_path, engine):
    (tmp_path / "root").mkdir()
    return Table(tmp_path / "root", engine)


def values(*rows):
    """SELECT of rows of the default schema."""
    shown = ", ".join(
        "(" + ", ".join("NULL" if v is None else repr(v) for v in row) + ")" for row in rows
    )
    return (
        "SELECT CAST(id AS integer) AS id, CAST(part AS varchar) AS part, "
        f"CAST(note AS varchar) AS note FROM (VALUES {shown}) AS v(id, part, note)"
    )


@pytest.fixture(name="values")
def _values():
    return values
