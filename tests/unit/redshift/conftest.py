"""A table of the sandbox's Redshift, to be written to and looked at."""

from __future__ import annotations

import uuid
from dataclasses import replace

import duckdb
import pytest

from penstock.program import Column, Load
from penstock.runtime import registry
from penstock.runtime.storage import open_store
from penstock.runtime.targets.redshift.data_api import DataApi
from penstock.runtime.targets.redshift.options import RedshiftTargetOptions
from penstock.runtime.targets.redshift.target import RedshiftTarget

SCHEMA = (Column("id", "integer"), Column("part", "varchar"), Column("note", "varchar"))


class Table:
    def __init__(self, root, engine):
        self.root, self.engine = root, engine
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.options = {
            "table": self.name,
            "database": "dev",
            "workgroup": "unit",
            "staging": f"s3://acme-lake/{self.name}",
        }
        self.load = Load("warehouse", "rows", "redshift", self.options, SCHEMA)
        self.api = DataApi(RedshiftTargetOptions(**self.options))
        self.store = open_store(self.options["staging"], root)

    def target(self, **load):
        options = {**self.options, **load.pop("options", {})}
        return RedshiftTarget(replace(self.load, options=options, **load), self.root)

    def relation(self, sql):
        self.engine.create("rows", sql, materialize=True)
        return "rows"

    def rows(self, rows, schema=SCHEMA):
        values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
        casts = ", ".join(f'CAST("{c.name}" AS {c.type}) AS "{c.name}"' for c in schema)
        names = ", ".join(f'"{c.name}"' for c in schema)
        return self.relation(f"SELECT {casts} FROM (VALUES {values}) AS v({names})")

    def stage(self, rows, key, **load):
        relation = self.rows(rows, load.get("schema", SCHEMA))
        return self.target(**load).stage(self.engine, relation, key)

    def publish(self, rows, key, **load):
        return self.target(**load).commit(self.stage(rows, key, **load))

    def read(self, **load):
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            found = con.execute(f"SELECT * FROM {self.target(**load).relation()} AS t").fetchall()
        return sorted(found, key=str)

    def columns(self):
        return [
            tuple(row)
            for row in self.api.rows(
                "SELECT column_name, data_type FROM svv_columns WHERE table_name = "
                f"'{self.name}' ORDER BY ordinal_position"
            )
        ]

    def staged(self):
        return [e.path for e in self.store.list()]


def literal(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()


@pytest.fixture
def table(tmp_path, engine, sandbox):
    return Table(tmp_path, engine)
