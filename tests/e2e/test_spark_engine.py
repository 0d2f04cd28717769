"""Which files Spark reads itself, what it sends to every executor, and what it notices later."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import shutil
import uuid
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.errors import SourceUnavailable, StepFailed
from penstock.program import Column
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.engines.duckdb.engine import DuckDBEngine

# PySpark leaves a socket of each result to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
PARQUET = FileFormat("parquet")
AT = dt.datetime.fromisoformat("2026-01-02 03:04:05.678901")


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """One session for the whole module: it takes seconds to start."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: the engine spark is not tried")
    from penstock.runtime.engines.spark.engine import SparkEngine

    engine = SparkEngine(work=tmp_path_factory.mktemp("spark"), memory_bytes=1 << 30, threads=1)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def duck(tmp_path_factory):
    """What the careful reader makes of the same files."""
    engine = DuckDBEngine(work=tmp_path_factory.mktemp("duckdb"), threads=1)
    yield engine
    engine.close()


def write(path: Path, values, kind=None, **options) -> InputFile:
    table = pa.table({"v": pa.array(values, kind)})
    pq.write_table(table, path, **options)
    return InputFile(str(path), path.name, path.stat().st_size, "1")


def read(engine, relation: str, files, *columns: Column):
    return engine.read_files(relation, files, PARQUET, columns, evolution="add", keep=True)


TAKEN = {
    "whole": ([1, None, 3], pa.int32(), Column("v", "integer")),
    "grown": ([1, None, 3], pa.int32(), Column("v", "bigint")),
    "text": (["a", "", None, "ä\u0000"], pa.string(), Column("v", "varchar")),
    "decimal": ([Decimal("1.50"), None], pa.decimal128(15, 2), Column("v", "decimal(15,2)")),
    "wide": ([Decimal("1.50")], pa.decimal128(38, 10), Column("v", "decimal(38,10)")),
    "day": ([dt.date(1, 1, 1), dt.date(1582, 10, 10)], pa.date32(), Column("v", "date")),
    "wall": (
        [AT, dt.datetime.fromisoformat("1500-01-01")],
        pa.timestamp("us"),
        Column("v", "timestamp"),
    ),
    "moment": ([AT], pa.timestamp("us", "UTC"), Column("v", "timestamptz")),
    "bytes": ([b"\xff", b""], pa.binary(), Column("v", "blob")),
    "special": ([0.5, float("nan"), float("-inf")], pa.float64(), Column("v", "double")),
    "required": ([1, 2], pa.int64(), Column("v", "bigint", required=True)),
    "missing": ([1, 2], pa.int64(), Column("v", "bigint")),
}
LEFT = {
    "nothing in a required column": (
        [1, None],
        pa.int64(),
        Column("v", "bigint", required=True),
        {},
    ),
    "nanoseconds": ([AT], pa.timestamp("ns"), Column("v", "timestamp"), {}),
    "an old timestamp": (
        [AT],
        pa.timestamp("us"),
        Column("v", "timestamp"),
        {"use_deprecated_int96_timestamps": True},
    ),
    "single precision": ([0.1], pa.float32(), Column("v", "double"), {}),
    "a list": ([[1, 2]], pa.list_(pa.int32()), Column("v", "integer[]"), {}),
    "a time of day": ([dt.time(1, 2)], pa.time64("us"), Column("v", "time"), {}),
    "an identifier": ([uuid.UUID(int=7).bytes], pa.uuid(), Column("v", "varchar"), {}),
}


def told(engine, relation: str) -> list[str]:
    """The rows as text, whatever their order."""
    sql = f"SELECT CAST(v AS VARCHAR) AS v, typeof(v) AS kind FROM {relation}"
    return sorted(json.dumps(row) for row in engine.rows(sql))


@pytest.mark.parametrize("name", TAKEN)
def test_spark_reads_what_it_reads_the_same(spark, duck, tmp_path, name):
    values, kind, column = TAKEN[name]
    file = write(tmp_path / f"{name}.parquet", values, kind)
    more = [Column("late", "varchar")] if name == "missing" else []
    found = read(spark, f"taken_{name}", [file], column, *more)
    expected = read(duck, f"taken_{name}", [file], column, *more)
    assert spark.transformer.has(f"taken_{name}")
    assert (found.rows_in, found.rows_out) == (expected.rows_in, expected.rows_out)
    assert told(spark, f"taken_{name}") == told(duck, f"taken_{name}")


@pytest.mark.parametrize("name", LEFT)
def test_the_careful_reader_reads_the_rest(spark, duck, tmp_path, name):
    values, kind, column, options = LEFT[name]
    relation = "left_" + name.replace(" ", "_")
    file = write(tmp_path / "file.parquet", values, kind, **options)
    found = read(spark, relation, [file], column)
    expected = read(duck, relation, [file], column)
    assert not spark.transformer.has(relation)
    assert (found.rows_out, found.rejected) == (expected.rows_out, expected.rejected)
    assert told(spark, relation) == told(duck, relation)


@pytest.mark.parametrize(
    "name", ["_hidden.parquet", ".dot.parquet", "a[1].parquet", "{a,b}.parquet"]
)
def test_a_name_that_says_something_to_spark_is_left_too(spark, tmp_path, name):
    relation = f"named_{abs(hash(name))}"
    found = read(spark, relation, [write(tmp_path / name, [1, 2])], Column("v", "bigint"))
    assert found.rows_out == 2
    assert not spark.transformer.has(relation)


def test_a_file_that_was_fetched_for_the_run_is_left(spark):
    folder = spark.work / "fetched"
    folder.mkdir()
    file = write(folder / "a.parquet", [1, 2])
    read(spark, "fetched", [file], Column("v", "bigint"))
    Path(file.path).unlink()
    assert spark.count("fetched") == 2


def test_files_of_several_shapes_are_one_relation(spark, tmp_path):
    files = [
        write(tmp_path / f"{i}.parquet", [i], k) for i, k in enumerate((pa.int32(), pa.int64()))
    ]
    assert read(spark, "shapes", files, Column("v", "bigint")).rows_out == 2
    assert spark.transformer.has("shapes")
    assert [r["v"] for r in spark.rows("SELECT v FROM shapes ORDER BY v")] == [0, 1]


def test_only_what_was_computed_to_be_small_goes_to_every_executor(spark, tmp_path):
    read(spark, "little", [write(tmp_path / "l.parquet", list(range(9)))], Column("v", "bigint"))
    many = list(range(1_200_000))
    for name in ("large", "larger"):
        file = write(tmp_path / f"{name}.parquet", many)
        read(spark, name, [file], Column("v", "bigint"))

    def plan(one: str, other: str) -> str:
        sql = f"SELECT a.v FROM {one} AS a JOIN {other} AS b ON a.v = b.v"
        spark.transformer.create("joined", sql, materialize=False)
        frame = spark.transformer.frame("joined")
        return str(frame._jdf.queryExecution().executedPlan().toString())

    assert "BroadcastHashJoin" in plan("large", "little")
    assert "BroadcastHashJoin" in plan("little", "large")
    assert "BroadcastHashJoin" not in plan("large", "larger")


def test_a_file_that_changes_while_spark_works_ends_the_run(spark, tmp_path):
    file = write(tmp_path / "a.parquet", [1, 2, 3])
    read(spark, "moving", [file], Column("v", "bigint"))
    write(tmp_path / "b.parquet", [4, 5, 6])
    shutil.copyfile(tmp_path / "b.parquet", tmp_path / "a.parquet")
    try:
        with pytest.raises(SourceUnavailable, match="was changed while it was read") as found:
            spark.rows("SELECT * FROM moving")
        assert found.value.code == "PSK-SRC-037"
    finally:
        spark._reader._stamps.clear()


def test_a_flipped_bit_is_no_other_value(spark, tmp_path):
    path = tmp_path / "a.parquet"
    options = {"write_page_checksum": True, "use_dictionary": False, "compression": "none"}
    write(path, list(range(1000)), **options)
    data = bytearray(path.read_bytes())
    at = data.index((500).to_bytes(8, "little"))
    data[at] ^= 1
    path.write_bytes(data)
    file = InputFile(str(path), path.name, len(data), "1")
    read(spark, "flipped", [file], Column("v", "bigint"))  # counts it by its footer
    with pytest.raises(StepFailed):
        spark.rows("SELECT sum(v) FROM flipped")
