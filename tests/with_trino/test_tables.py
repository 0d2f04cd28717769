"""Penstock's tables and Trino: every type read back, and both of them writing to one table."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from athena import Asking

from penstock.program import Column, Load
from penstock.runtime.targets.athena.target import AthenaTarget

# Type → an expression of DuckDB's, and what Athena shows of it.
VALUES = {
    "boolean": ("true", "true"),
    "smallint": ("-7", "-7"),
    "integer": ("2147483647", "2147483647"),
    "bigint": ("9007199254740993", "9007199254740993"),
    "decimal(38,3)": (
        "'12345678901234567890123456789012345.678'",
        "12345678901234567890123456789012345.678",
    ),
    "double": ("1e21", "1.0E21"),
    "varchar": ("'naïve, \"quoted\" 日本'", 'naïve, "quoted" 日本'),
    "date": ("'1582-10-15'", "1582-10-15"),
    "timestamp": ("'2024-02-29 23:59:59.123'", "2024-02-29 23:59:59.123"),
    "blob": ("'\\x00\\xFFa'::blob", "00 ff 61"),
    "integer[]": ("[1, NULL, 3]", "[1, null, 3]"),
    "struct(a integer, b varchar)": ("{'a': 1, 'b': 'x'}", "{a=1, b=x}"),
    "map(varchar, integer)": ("MAP {'k': 1}", "{k=1}"),
}
SCHEMA = (Column("id", "integer"), *(Column(f"c{n}", kind) for n, kind in enumerate(VALUES)))


class Table:
    def __init__(self, root, engine, form, schema):
        self.root, self.engine = root, engine
        self.name = f"t{uuid.uuid4().hex[:10]}"
        options = {
            "table": self.name, "database": "contract", "format": form,
            "path": f"s3://acme-lake/{self.name}",
        }  # fmt: skip
        self.load = Load("shown", "rows", "athena", options, schema, mode="append")
        self.ask = Asking("contract")

    def publish(self, sql, key, **load):
        target = AthenaTarget(replace(self.load, **load), self.root)
        self.engine.create("rows", sql, materialize=True)
        return target.commit(target.stage(self.engine, "rows", key))

    def rows(self, sql):
        return self.ask.rows(sql.replace("TABLE", self.name))


@pytest.mark.parametrize("form", ["parquet", "orc", "iceberg"])
def test_every_type_is_read_as_it_was_written(sandbox, tmp_path, engine, form):
    # Iceberg's timestamps have microseconds, and Athena shows them.
    shown = [s + "000" * (form == "iceberg" and k == "timestamp") for k, (_, s) in VALUES.items()]
    table = Table(tmp_path, engine, form, SCHEMA)
    casts = ", ".join(f"CAST({e} AS {k}) AS c{n}" for n, (k, (e, _)) in enumerate(VALUES.items()))
    nothing = ", ".join(f"CAST(NULL AS {k})" for k in VALUES)
    table.publish(
        f"SELECT CAST(1 AS integer) AS id, {casts} UNION ALL SELECT CAST(2 AS integer), {nothing}",
        "k1",
    )
    assert table.rows("SELECT * FROM TABLE ORDER BY id") == [
        ["1", *shown],
        ["2", *[None] * len(shown)],
    ]


@pytest.mark.parametrize("form", ["parquet", "orc"])
@pytest.mark.parametrize("part", [(), ("note",)])
def test_rows_cannot_be_written_past_penstock_into_a_table_of_files(
    sandbox, tmp_path, engine, form, part
):
    schema = (Column("id", "integer"), Column("note", "varchar"))
    table = Table(tmp_path, engine, form, schema)
    made = "SELECT CAST(1 AS integer) AS id, CAST('penstock' AS varchar) AS note"
    table.publish(made, "k1", partition_by=part)
    done = table.ask.ended(f"INSERT INTO {table.name} VALUES (2, 'athena')")
    assert done["Status"]["State"] == "FAILED", "its lists of files would not know them"
    assert table.rows("SELECT id, note FROM TABLE") == [["1", "penstock"]]


@pytest.mark.parametrize("schema", ["contract.", ""])
def test_rows_that_athena_writes_into_an_iceberg_table_stay(sandbox, tmp_path, engine, schema):
    table = Table(tmp_path, engine, "iceberg", (Column("id", "integer"), Column("note", "varchar")))
    made = "SELECT CAST({} AS integer) AS id, CAST('{}' AS varchar) AS note"
    table.publish(made.format(1, "penstock"), "k1")
    name = schema + table.name
    done = table.ask.ended(f"INSERT INTO {name} VALUES (2, 'athena'), (3, 'athena')")
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"].get("StateChangeReason")
    told = table.ask.api.get_query_results(QueryExecutionId=done["QueryExecutionId"])
    assert told["UpdateCount"] == 2
    table.rows(
        f"MERGE INTO {name} t USING (VALUES (3, 'merged'), (4, 'merged')) s (id, note) "
        "ON t.id = s.id WHEN MATCHED THEN UPDATE SET note = s.note "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.note)"
    )
    table.rows(f"DELETE FROM {name} WHERE id = 2")
    table.publish(made.format(5, "penstock again"), "k2")
    wanted = [["1", "penstock"], ["3", "merged"], ["4", "merged"], ["5", "penstock again"]]
    assert table.rows("SELECT id, note FROM TABLE ORDER BY id") == wanted
    table.publish(made.format(3, "last"), "k3", mode="merge", keys=("id",))
    assert table.rows("SELECT note FROM TABLE WHERE id = 3") == [["last"]]
