"""Values that name folders come back exactly, and never from anywhere else."""

from __future__ import annotations

import shutil

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.errors import LoadFailed
from penstock.program import Column
from penstock.runtime.targets.lake.options import PARTITION_TYPES

AWKWARD = [
    "a b", "a/b", "a=b", "100%", "%20", "é ü 日本", "", "NULL", "null", "x\ny", ".", "..", "a\\b",
    "'q\"", "#?&+*[x]{y,z}", "A", "a", " lead", "trail ", "007", "1e5", "true",
    "__HIVE_DEFAULT_PARTITION__", "\U0001f600", "e\u0301", "\t", "k=v/w=x", "~", "-", "\x01",
]  # fmt: skip
EXACT = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "7"],
    "integer": ["-1", "2147483647"],
    "bigint": ["-9223372036854775808", "0"],
    "decimal(18,4)": ["1.5", "-0.0001", "0"],
    "decimal(38,10)": ["1234567890123456789012345678.0123456789"],
    "varchar": ["x"],
    "date": ["2013-01-01", "0001-01-01", "9999-12-31"],
    "timestamp": ["2013-01-01 05:00:00.123456", "1969-12-31 23:59:59", "2013-01-01"],
    "timestamptz": ["2013-01-01 05:00:00.123456+02", "1969-12-31 23:59:59-08"],
    "time": ["05:00:00.5", "23:59:59.999999"],
}


def test_every_partition_type_is_tried():
    assert {t.partition("(")[0] for t in EXACT} == PARTITION_TYPES


@pytest.mark.parametrize("kind", EXACT)
def test_typed_values(table, kind):
    schema = (Column("id", "integer"), Column("k", kind))
    rows = ", ".join(f"({i}, '{v}')" for i, v in enumerate(EXACT[kind]))
    sql = (
        f"SELECT CAST(i AS integer) AS id, CAST(v AS {kind}) AS k "
        f"FROM (VALUES {rows}, (99, NULL)) AS x(i, v)"
    )
    table.publish(sql, schema=schema, partition_by=("k",))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        source = table.target(schema=schema, partition_by=("k",)).relation()
        both = f"SELECT id, k FROM {source} AS t"
        assert con.execute(f"({both}) EXCEPT ALL ({sql})").fetchall() == []
        assert con.execute(f"({sql}) EXCEPT ALL ({both})").fetchall() == []
        assert con.execute(f"SELECT DISTINCT typeof(k) FROM ({both})").fetchone()[0].lower() in {
            kind,
            "timestamp with time zone",
        }
    assert len(table.paths()) == len(EXACT[kind]) + 1


@given(
    st.lists(
        st.none() | st.sampled_from(AWKWARD) | st.text(st.characters(codec="utf-8"), max_size=20),
        min_size=1,
        max_size=12,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_any_text(table, texts):
    shutil.rmtree(table.folder, ignore_errors=True)
    rows = ", ".join(
        f"({i}, {'NULL' if t is None else 'chr(0)' if t == chr(0) else literal(t)})"
        for i, t in enumerate(texts)
    )
    sql = f"SELECT i AS id, CAST(v AS varchar) AS part, 'n' AS note FROM (VALUES {rows}) AS x(i, v)"
    table.publish(sql, partition_by=("part",))
    found = dict(table.read(columns="id, part"))
    assert found == dict(enumerate(texts))
    assert {f["partition"]["part"] for f in table.manifest()["files"]} == set(texts)


def literal(text):
    parts = text.split("\0")
    return " || chr(0) || ".join("'" + p.replace("'", "''") + "'" for p in parts)


def test_two_columns(table, values):
    load = {"partition_by": ("part", "note")}
    table.publish(values((1, "a/b", None), (2, None, "x=1"), (3, "a/b", None)), **load)
    assert table.read() == [(1, "a/b", None), (2, None, "x=1"), (3, "a/b", None)]
    assert len(table.paths()) == 2
    assert all(p.startswith("part=") and "/note=" in p for p in table.paths())


def test_partition_columns_are_not_in_the_files(table, values):
    table.publish(values((1, "a", "n")), partition_by=("part",))
    (path,) = table.paths()
    with duckdb.connect() as con:
        query = f"SELECT * FROM read_parquet('{table.folder / path}', hive_partitioning=false)"
        assert [d[0] for d in con.execute(query).description] == ["id", "note"]


def test_a_partition_column_with_an_odd_name(table):
    schema = (Column("id", "integer"), Column('my "k"=%/é', "varchar"))
    sql = 'SELECT 1 AS id, \'v w\' AS "my ""k""=%/é"'
    load = {"schema": schema, "partition_by": (schema[1].name,)}
    table.publish(sql, **load)
    with duckdb.connect() as con:
        assert con.execute(f"FROM {table.target(**load).relation()} AS t").fetchall() == [
            (1, "v w")
        ]


@pytest.mark.parametrize("folder", ["we[i]rd*?", "a{b,c}", "it's", 'sp ace "q"', "ü", "100%20"])
def test_an_odd_folder(table, values, folder):
    table.load.options["path"] = f"{folder}/table"
    (table.root / "weird").mkdir()
    for key in ("k1", "k2"):
        table.publish(values((1, "a", "n"), (2, "b", None)), key, mode="merge", keys=("id",),
                      partition_by=("part",))  # fmt: skip
    assert table.read() == [(1, "a", "n"), (2, "b", None)]


def test_a_pattern_in_the_path_reads_only_that_folder(table, values):
    """`we[i]rd` as a pattern would match `weird`."""
    for folder in ("weird", "we[i]rd"):
        table.load.options["path"] = folder
        table.publish(values((1, "a", folder)), "same-key")
    twin = next((table.root / "weird").glob("*.parquet"))
    mine = next((table.root / "we[i]rd").glob("*.parquet"))
    twin.rename(twin.with_name(mine.name))
    assert table.read(columns="note") == [("we[i]rd",)]


def test_a_folder_above_is_not_taken_for_a_value(table, values):
    table.load.options["path"] = "note=outer/table"
    table.publish(values((1, "a", "inner")))  # no partitions: nothing is read from the path
    assert table.read() == [(1, "a", "inner")]


def test_a_folder_above_that_would_be_taken_for_a_value_is_refused(table, values):
    table.load.options["path"] = "Note=outer/table"
    with pytest.raises(LoadFailed, match="folder `Note=outer`") as told:
        table.publish(values((1, "a", "inner")), partition_by=("part",))
    assert told.value.code == "PSK-TGT-105"
    assert not table.folder.exists()


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ({"partition_by": ("nope",)}, "no column `nope`"),
        ({"mode": "merge", "keys": ("nope",)}, "no column `nope`"),
        ({"mode": "merge"}, "needs `keys`"),
        ({"mode": "overwrite_partitions"}, "needs `partition_by`"),
        ({"partition_by": ("id", "part", "note")}, "every column"),
    ],
)
def test_layouts_that_cannot_be(table, values, load, words):
    with pytest.raises(LoadFailed, match=words):
        table.publish(values((1, "a", "n")), **load)
    assert not table.folder.exists()


@pytest.mark.parametrize("kind", ["double", "blob", "json", "integer[]", "struct(a integer)"])
def test_types_that_cannot_name_a_folder(table, kind):
    schema = (Column("id", "integer"), Column("k", kind))
    with pytest.raises(LoadFailed, match="folders cannot be named after `k`"):
        table.publish(f"SELECT 1 AS id, CAST(NULL AS {kind}) AS k", schema=schema,
                      partition_by=("k",))  # fmt: skip


def test_another_layout_is_refused_until_the_table_is_written_anew(table, values):
    table.publish(values((1, "a", "n")), partition_by=("part",))
    for mode in ({"mode": "append"}, {"mode": "merge", "keys": ("id",)}):
        with pytest.raises(LoadFailed, match="partitioned by part, not by nothing"):
            table.publish(values((2, "b", "n")), **mode)
    table.publish(values((2, "b", "n")))
    assert table.read() == [(2, "b", "n")]
