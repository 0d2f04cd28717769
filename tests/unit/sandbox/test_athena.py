"""The sandbox's Athena, asked through boto3, over tables of the catalog made by hand."""

from __future__ import annotations

import io
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena import ENGINE, Asking
from botocore.exceptions import ClientError

IO = "org.apache.hadoop.hive.ql.io"
SERDE = f"{IO}.parquet.serde.ParquetHiveSerDe"
PARQUET = (f"{IO}.parquet.MapredParquetInputFormat", f"{IO}.parquet.MapredParquetOutputFormat")
LISTS = (f"{IO}.SymlinkTextInputFormat", f"{IO}.HiveIgnoreKeyTextOutputFormat")


class Catalogue(Asking):
    def __init__(self, **more):
        super().__init__("contract", **more)
        self.table = f"t{uuid.uuid4().hex[:8]}"
        self.location = f"s3://acme-lake/{self.table}"

    def put(self, path, table):
        out = io.BytesIO()
        pq.write_table(table, out)
        self.s3.put_object(Bucket="acme-lake", Key=f"{self.table}/{path}", Body=out.getvalue())
        return len(out.getvalue())

    def make(self, columns, keys=(), formats=PARQUET, **parameters):
        listed = [{"Name": n, "Type": t} for n, t in columns.items()]
        self.storage = {
            "Columns": listed,
            "Location": self.location,
            "InputFormat": formats[0],
            "OutputFormat": formats[1],
            "SerdeInfo": {"SerializationLibrary": SERDE},
        }
        table = {
            "Name": self.table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in keys],
            "StorageDescriptor": self.storage,
        }
        self.glue.create_table(DatabaseName="contract", TableInput=table)

    def partition(self, folder, *values):
        storage = {**self.storage, "Location": f"{self.location}/{folder}"}
        self.glue.create_partition(
            DatabaseName="contract",
            TableName=self.table,
            PartitionInput={"Values": list(values), "StorageDescriptor": storage},
        )


@pytest.fixture
def ask(sandbox):
    return Catalogue()


def test_a_table_of_files(ask):
    size = ask.put("a.parquet", pa.table({"A": pa.array([1, 2], pa.int32()), "b": ["x", None]}))
    ask.put("_hidden/b.parquet", pa.table({"a": pa.array([9], pa.int32())}))
    ask.make({"a": "int", "b": "string", "new": "double"})
    assert ask.rows(f"SELECT * FROM {ask.table} ORDER BY a") == [
        ["1", "x", None],
        ["2", None, None],
    ]
    done = ask.ended(f"SELECT a / 2 AS half, b FROM contract.{ask.table} ORDER BY a")
    scanned = done["Statistics"]["DataScannedInBytes"]
    # Trino tells what it read: parts of a file, some of them twice.
    assert scanned == size if ENGINE == "duckdb" else 0 < scanned < 2 * size
    url = done["ResultConfiguration"]["OutputLocation"]
    assert url == f"{ask.output}{done['QueryExecutionId']}.csv"
    key = url.removeprefix("s3://acme-lake/")
    content = ask.s3.get_object(Bucket="acme-lake", Key=key)["Body"].read()
    assert content == b'"half","b"\n"0","x"\n"1",\n'


def test_values_as_athena_shows_them(ask):
    found = ask.ended(
        "SELECT true AS t, CAST('2026-01-02 03:04:05.678' AS timestamp) AS ts, DATE '2026-01-02' AS d, "
        "CAST('1.50' AS decimal(5,2)) AS n, ARRAY[1, 2] AS a"
    )
    told = ask.api.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]
    assert [c["VarCharValue"] for c in told["Rows"][1]["Data"]] == [
        "true", "2026-01-02 03:04:05.678", "2026-01-02", "1.50", "[1, 2]",
    ]  # fmt: skip
    assert [c["Type"] for c in told["ResultSetMetadata"]["ColumnInfo"]] == [
        "boolean", "timestamp", "date", "decimal", "array",
    ]  # fmt: skip


def test_partitions_that_the_catalog_lists(ask):
    for day in ("2026-01-01", "2026-01-02"):
        ask.put(f"day={day}/a.parquet", pa.table({"a": pa.array([1], pa.int32())}))
    ask.make({"a": "int"}, [("day", "date")])
    assert ask.rows(f"SELECT * FROM {ask.table}") == []
    ask.partition("day=2026-01-01", "2026-01-01")
    assert ask.rows(f"SELECT * FROM {ask.table}") == [["1", "2026-01-01"]]


def test_partitions_that_are_computed(ask):
    for n, kind in ((1, "x"), (2, "x"), (3, "y")):
        ask.put(f"n={n}/kind={kind}/a.parquet", pa.table({"a": pa.array([n], pa.int32())}))
    told = {
        "projection.enabled": "true", "projection.n.type": "integer", "projection.n.range": "2,9",
        "projection.kind.type": "enum", "projection.kind.values": "x",
    }  # fmt: skip
    ask.make({"a": "int"}, [("n", "int"), ("kind", "string")], **told)
    assert ask.rows(f"SELECT * FROM {ask.table}") == [["2", "2", "x"]]


def test_files_that_a_list_names(ask):
    ask.put("data/a.parquet", pa.table({"a": pa.array([1], pa.int32())}))
    ask.put("data/b.parquet", pa.table({"a": pa.array([2], pa.int32())}))
    ask.s3.put_object(
        Bucket="acme-lake",
        Key=f"{ask.table}/_lists/manifest",
        Body=f"{ask.location}/data/b.parquet\n".encode(),
    )
    ask.location += "/_lists"
    ask.make({"a": "int"}, formats=LISTS)
    assert ask.rows(f"SELECT a FROM {ask.table}") == [["2"]]


@pytest.mark.parametrize("kind", ["string", "double", *["bigint"][: ENGINE == "duckdb"]])
def test_a_file_of_another_type_is_bad_data(ask, kind):
    ask.put("a.parquet", pa.table({"a": pa.array([1], pa.int32())}))
    ask.make({"a": kind})
    done = ask.ended(f"SELECT * FROM {ask.table}")
    assert done["Status"]["State"] == "FAILED"
    said = {"duckdb": "HIVE_BAD_DATA", "trino": "HIVE_CURSOR_ERROR"}[ENGINE]
    assert said in done["Status"]["StateChangeReason"]


def test_a_workgroup_limits_what_is_scanned(sandbox):
    ask = Catalogue(limit=10_000_000)
    ask.put("a.parquet", pa.table({"a": pa.array(range(10), pa.int64())}))
    ask.make({"a": "bigint"})
    assert ask.rows(f"SELECT count(*) FROM {ask.table}") == [["10"]]
    import random

    dice = random.Random(1)
    ask.put("b.parquet", pa.table({"a": [dice.getrandbits(62) for _ in range(1_500_000)]}))
    done = ask.ended(f"SELECT sum(a % 10) FROM {ask.table}")
    assert done["Status"]["State"] == "CANCELLED"
    assert "limit was exceeded" in done["Status"]["StateChangeReason"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM nothing_there", "TABLE_NOT_FOUND"),
        ("SELECT 1::int", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT FROM WHERE", "SYNTAX_ERROR"),
        ("DROP TABLE x", "does not know"),
        ("CREATE TABLE x AS SELECT 1 AS a", "does not know"),
        (
            "SELECT * FROM other.contract.x",
            {"duckdb": "does not know", "trino": "CATALOG_NOT_FOUND"}[ENGINE],
        ),
        ("SELECT a FROM (SELECT 1 AS a) QUALIFY row_number() OVER () = 1", "SYNTAX_ERROR"),
        ("SELECT no_such_function(1)", "no_such_function"),
    ],
)
def test_what_is_wrong_or_not_known_fails(ask, sql, said):
    done = ask.ended(sql)
    assert done["Status"]["State"] == "FAILED"
    assert said.lower() in done["Status"]["StateChangeReason"].lower()


def test_a_table_that_is_no_files_is_not_known(ask):
    ask.make({"a": "int"})
    table = {"Name": ask.table, "StorageDescriptor": {**ask.storage, "SerdeInfo": {}}}
    ask.glue.update_table(DatabaseName="contract", TableInput=table)
    assert "SerDe" in ask.ended(f"SELECT * FROM {ask.table}")["Status"]["StateChangeReason"]


def test_requests_that_are_refused(ask):
    with pytest.raises(ClientError, match="not found"):
        ask.api.start_query_execution(QueryString="SELECT 1", WorkGroup="nowhere")
    with pytest.raises(ClientError, match="does not do ExecutionParameters"):
        ask.ended("SELECT ?", ExecutionParameters=["1"])
    with pytest.raises(ClientError, match="was not found"):
        ask.api.get_query_execution(QueryExecutionId=str(uuid.uuid4()))
    done = ask.ended("SELECT * FROM nothing_there")
    with pytest.raises(ClientError, match="FAILED"):
        ask.api.get_query_results(QueryExecutionId=done["QueryExecutionId"])


def test_many_rows_come_in_pages(ask):
    ask.put("a.parquet", pa.table({"a": pa.array(range(2500), pa.int32())}))
    ask.make({"a": "int"})
    assert len(ask.rows(f"SELECT a FROM {ask.table}")) == 2500


def test_an_update_of_an_old_version_is_refused(ask):
    ask.make({"a": "int"})
    seen = ask.glue.get_table(DatabaseName="contract", Name=ask.table)["Table"]["VersionId"]
    table = {"Name": ask.table, "StorageDescriptor": ask.storage}
    ask.glue.update_table(DatabaseName="contract", TableInput=table, VersionId=seen)
    with pytest.raises(ClientError) as told:
        ask.glue.update_table(DatabaseName="contract", TableInput=table, VersionId=seen)
    assert told.value.response["Error"]["Code"] == "ConcurrentModificationException"
