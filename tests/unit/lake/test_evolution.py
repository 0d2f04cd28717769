"""A table takes up new columns and wider types, and refuses what would lose values."""

from __future__ import annotations

import duckdb
import pytest

from penstock.errors import Conflict, LoadFailed
from penstock.program import Column
from penstock.runtime.targets.evolution import evolve, widest

C = Column
MODES = [{"mode": "append"}, {"mode": "merge", "keys": ("id",)}]


@pytest.mark.parametrize(
    ("one", "other", "wide"),
    [
        ("smallint", "bigint", "bigint"),
        ("integer", "double", "double"),
        ("bigint", "double", None),
        ("bigint", "decimal(8,2)", "decimal(21,2)"),
        ("decimal(8,2)", "decimal(6,4)", "decimal(10,4)"),
        ("decimal(38,0)", "decimal(38,10)", None),
        ("decimal(8,2)", "double", None),
        ("varchar", "integer", None),
        ("date", "timestamp", None),
        ("timestamp", "timestamptz", None),
        ("struct(a integer)", "struct(a bigint)", None),
        ("integer[]", "integer[]", "integer[]"),
    ],
)
def test_widest(one, other, wide):
    assert widest(one, other) == wide
    assert widest(other, one) == wide


@pytest.mark.parametrize(
    ("kind", "largest"),
    [("smallint", 2**15 - 1), ("integer", 2**31 - 1), ("bigint", 2**63 - 1)],
)
def test_a_wide_decimal_holds_every_integer(kind, largest):
    wide = widest(kind, "decimal(4,3)")
    with duckdb.connect() as con:
        query = f"SELECT CAST(CAST({largest} AS {kind}) AS {wide}) = {largest}"
        assert con.execute(query).fetchone()[0]


def test_evolve_tells_every_column_at_once():
    with pytest.raises(LoadFailed) as told:
        evolve(
            [C("a", "integer"), C("b", "date"), C("p", "integer")],
            [C("a", "varchar"), C("b", "blob"), C("p", "bigint")],
            fixed=["p"],
            name="t",
        )
    assert told.value.code == "PSK-TGT-103"
    for name in "abp":
        assert f"`{name}` is" in told.value.message


@pytest.mark.parametrize("mode", MODES)
def test_new_and_missing_columns_read_as_null(table, mode):
    table.publish("SELECT 1 AS id, 'a' AS gone", schema=(C("id", "integer"), C("gone", "varchar")),
                  **mode)  # fmt: skip
    table.publish("SELECT 2 AS id, DATE '2026-01-01' AS fresh",
                  schema=(C("id", "integer"), C("fresh", "date")), **mode)  # fmt: skip
    assert table.read(columns="id, gone, CAST(fresh AS varchar)") == [
        (1, "a", None),
        (2, None, "2026-01-01"),
    ]
    assert list(table.types().items()) == [
        ("id", "integer"), ("gone", "varchar"), ("fresh", "date"),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_a_type_grows(table, mode):
    for number, kind in enumerate(["integer", "bigint", "smallint"]):
        sql = f"SELECT CAST({number} AS integer) AS id, CAST({number} AS {kind}) AS n"
        table.publish(sql, schema=(C("id", "integer"), C("n", kind)), **mode)
    assert table.types() == {"id": "integer", "n": "bigint"}
    assert table.read() == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("mode", MODES)
def test_a_type_that_changes_is_refused_and_the_table_stands(table, mode):
    table.publish("SELECT 1 AS id, 'x' AS n", schema=(C("id", "integer"), C("n", "varchar")),
                  **mode)  # fmt: skip
    before = table.data_files()
    with pytest.raises(LoadFailed, match="`n` is varchar there and integer in the new rows"):
        table.publish("SELECT 2 AS id, 2 AS n", schema=(C("id", "integer"), C("n", "integer")),
                      **mode)  # fmt: skip
    assert table.read() == [(1, "x")]
    assert table.data_files() == before


def test_overwrite_takes_any_schema(table):
    table.publish("SELECT 1 AS id, 'x' AS n", schema=(C("id", "integer"), C("n", "varchar")))
    table.publish("SELECT 2 AS n", schema=(C("n", "integer"),))
    assert table.types() == {"n": "integer"}
    assert table.read() == [(2,)]


def test_a_new_column_of_no_rows_is_still_there(table):
    table.publish("SELECT 1 AS id", schema=(C("id", "integer"),), mode="append")
    table.publish("SELECT 1 AS id, 'x' AS n WHERE false",
                  schema=(C("id", "integer"), C("n", "varchar")), mode="append")  # fmt: skip
    assert table.read() == [(1, None)]


def test_names_that_differ_in_case_are_one_column(table):
    table.publish("SELECT 1 AS id, 'x' AS n", schema=(C("id", "integer"), C("n", "varchar")),
                  mode="append")  # fmt: skip
    table.publish('SELECT 2 AS "ID", \'y\' AS "N"',
                  schema=(C("ID", "integer"), C("N", "varchar")), mode="append")  # fmt: skip
    assert table.read() == [(1, "x"), (2, "y")]


def test_a_merge_keeps_the_values_of_columns_it_does_not_have(table):
    whole = (C("id", "integer"), C("a", "varchar"), C("b", "varchar"))
    mode = {"mode": "merge", "keys": ("id",)}
    table.publish("SELECT * FROM (VALUES (1, 'a1', 'b1'), (2, 'a2', 'b2')) AS v(id, a, b)",
                  schema=whole, **mode)  # fmt: skip
    table.publish("SELECT * FROM (VALUES (2, 'new'), (3, 'three')) AS v(id, a)",
                  schema=whole[:2], **mode)  # fmt: skip
    assert table.read() == [(1, "a1", "b1"), (2, "new", "b2"), (3, "three", None)]


def test_old_rows_that_are_written_anew_are_not_for_parts(table):
    """Delta's old files are written anew where a column got wider: one process does that."""
    delta = {"options": {"path": "table", "format": "delta"}, "mode": "append"}
    wider = {**delta, "schema": (C("id", "bigint"),)}
    table.publish("SELECT 1 AS id", schema=(C("id", "integer"),), **delta)
    assert table.target(schema=(C("id", "integer"),), **delta).joins_now()
    assert table.target(**{**wider, "mode": "overwrite"}).joins_now()
    target = table.target(**wider)
    assert not target.joins_now()
    table.engine.create("rows", "SELECT CAST(2 AS bigint) AS id", materialize=True)
    with pytest.raises(Conflict, match="a column's type differs"):
        target.stage_part(table.engine, "rows", "k2", "0a", alone=False)
    done = target.commit(target.stage_part(table.engine, "rows", "k2", "0b", alone=True))
    assert done.rows_loaded == 1
    assert duckdb.sql(f"SELECT * FROM {target.relation()} ORDER BY id").fetchall() == [(1,), (2,)]
