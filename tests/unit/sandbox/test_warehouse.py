"""The sandbox's Redshift Data API, asked through boto3: what runs, what fails, what is refused."""

from __future__ import annotations

import io
import json
import threading
import time
import uuid

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError


class Asking:
    """Runs SQL in a workgroup of this test alone."""

    def __init__(self):
        self.api = boto3.client("redshift-data")
        self.where = {"WorkgroupName": f"w{uuid.uuid4().hex[:8]}", "Database": "dev"}
        self.s3 = boto3.client("s3")

    def ended(self, id_):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = self.api.describe_statement(Id=id_, WaitTimeSeconds=10)
            if found["Status"] in {"FINISHED", "FAILED", "ABORTED"}:
                return found
        pytest.fail("the statement did not end")

    def one(self, sql, **more):
        return self.ended(self.api.execute_statement(Sql=sql, **self.where, **more)["Id"])

    def batch(self, *sqls, **more):
        return self.ended(self.api.batch_execute_statement(Sqls=sqls, **self.where, **more)["Id"])

    def rows(self, sql):
        done = self.one(sql)
        assert done["Status"] == "FINISHED", done.get("Error")
        found = self.api.get_statement_result(Id=done["Id"])
        return [[None if "isNull" in f else next(iter(f.values())) for f in row]
                for row in found["Records"]]  # fmt: skip

    def put(self, key, table):
        out = io.BytesIO()
        pq.write_table(table, out)
        self.s3.put_object(Bucket="acme-lake", Key=key, Body=out.getvalue())
        return {"url": f"s3://acme-lake/{key}", "mandatory": True,
                "meta": {"content_length": len(out.getvalue())}}  # fmt: skip

    def manifest(self, *entries):
        key = f"{self.where['WorkgroupName']}/manifest.json"
        body = json.dumps({"entries": entries}).encode()
        self.s3.put_object(Bucket="acme-lake", Key=key, Body=body)
        return f"s3://acme-lake/{key}"


@pytest.fixture
def ask(sandbox):
    return Asking()


def copy(table, url, more=" MANIFEST"):
    return f"COPY {table} FROM '{url}' IAM_ROLE default FORMAT AS PARQUET{more}"


def test_values_come_back_as_the_data_api_gives_them(ask):
    found = ask.one(
        "SELECT 1::smallint, 2.50::decimal(5,2), 1.5::float8, true, NULL, 'ä', "
        "CAST('2026-01-31' AS VARCHAR(MAX)), JSON_PARSE('{\"a\": 1}')"
    )
    (row,) = ask.api.get_statement_result(Id=found["Id"])["Records"]
    assert row == [
        {"longValue": 1},
        {"stringValue": "2.50"},
        {"doubleValue": 1.5},
        {"booleanValue": True},
        {"isNull": True},
        {"stringValue": "ä"},
        {"stringValue": "2026-01-31"},
        {"stringValue": '{"a": 1}'},
    ]
    assert found["HasResultSet"]


def test_words_about_storage_are_left_out_and_types_are_redshifts(ask):
    done = ask.one(
        'CREATE TABLE IF NOT EXISTS "T" ("Id" INTEGER ENCODE az64 NOT NULL, j SUPER, b VARBYTE(100), '
        "v VARCHAR(MAX), n DECIMAL(10,2)) DISTSTYLE KEY DISTKEY (id) COMPOUND SORTKEY (id, n)"
    )
    assert done["Status"] == "FINISHED", done.get("Error")
    assert ask.rows(
        "SELECT column_name, data_type, character_maximum_length FROM svv_columns "
        "WHERE table_schema = 'public' AND table_name = 't' ORDER BY ordinal_position"
    ) == [
        ["id", "integer", None],
        ["j", "super", None],
        ["b", "binary varying", None],
        ["v", "character varying", 65535],
        ["n", "numeric", None],
    ]


def test_a_batch_is_one_transaction(ask):
    assert ask.one("CREATE TABLE t (a int)")["Status"] == "FINISHED"
    done = ask.batch("INSERT INTO t VALUES (1)", "INSERT INTO nowhere VALUES (1)", "SELECT 1")
    assert done["Status"] == "FAILED"
    assert "nowhere" in done["Error"]
    assert [s["Status"] for s in done["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert ask.rows("SELECT count(*) FROM t") == [[0]]


def test_the_result_of_a_batch_is_that_of_its_parts(ask):
    done = ask.batch("SELECT 1", "SELECT 2")
    assert ask.api.get_statement_result(Id=f"{done['Id']}:2")["Records"] == [[{"longValue": 2}]]
    with pytest.raises(ClientError, match="several results"):
        ask.api.get_statement_result(Id=done["Id"])


def test_many_rows_come_in_pages(ask):
    ask.one("CREATE TABLE t (a int)")
    ask.one("INSERT INTO t VALUES " + ", ".join(f"({i})" for i in range(2500)))
    done = ask.one("SELECT a FROM t ORDER BY a")
    pages = ask.api.get_paginator("get_statement_result").paginate(Id=done["Id"])
    assert [r[0]["longValue"] for p in pages for r in p["Records"]] == list(range(2500))


def test_copy_takes_what_the_manifest_names(ask):
    prefix = ask.where["WorkgroupName"]
    one = ask.put(f"{prefix}/a.parquet", pa.table({"a": pa.array([1, 2], pa.int32())}))
    ask.put(f"{prefix}/b.parquet", pa.table({"a": pa.array([3], pa.int32())}))
    url = ask.manifest(one)
    done = ask.batch("CREATE TEMP TABLE s (a int)", copy("s", url), "SELECT sum(a) FROM s")
    assert done["Status"] == "FINISHED", done.get("Error")
    assert done["SubStatements"][1]["ResultRows"] == 2
    found = ask.api.get_statement_result(Id=f"{done['Id']}:3")
    assert found["Records"] == [[{"longValue": 3}]]


def test_copy_of_nested_columns_into_super(ask):
    prefix = ask.where["WorkgroupName"]
    entry = ask.put(f"{prefix}/a.parquet", pa.table({"j": [[{"x": 1}], None]}))
    url = ask.manifest(entry)
    ask.one("CREATE TABLE t (j super)")
    assert "incompatible" in ask.one(copy("t", url))["Error"]
    done = ask.one(copy("t", url, " MANIFEST SERIALIZETOJSON"))
    assert done["Status"] == "FINISHED", done.get("Error")
    assert ask.rows("SELECT JSON_SERIALIZE(j) FROM t") == [['[{"x": 1}]'], [None]]


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        (pa.table({"a": pa.array([1], pa.int64())}), "a int", "incompatible Parquet schema"),
        (pa.table({"a": [1], "b": [2]}), "a bigint", "2 columns, the table 1"),
        (pa.table({"a": ["äää"]}), "a varchar(5)", "6 > 5"),
        (pa.table({"a": pa.array([1], pa.timestamp("us", "UTC"))}), "a timestamptz", "does not know"),
    ],
)  # fmt: skip
def test_copy_is_as_strict_as_redshift(ask, table, columns, said):
    entry = ask.put(f"{ask.where['WorkgroupName']}/a.parquet", table)
    ask.one(f"CREATE TABLE t ({columns})")
    done = ask.one(copy("t", ask.manifest(entry)))
    assert done["Status"] == "FAILED"
    assert said in done["Error"]
    assert ask.rows("SELECT count(*) FROM t") == [[0]]


def test_a_copy_that_fails_in_its_second_file_leaves_nothing(ask):
    prefix = ask.where["WorkgroupName"]
    good = ask.put(f"{prefix}/a.parquet", pa.table({"a": pa.array([1], pa.int32())}))
    gone = {**good, "url": f"s3://acme-lake/{prefix}/gone.parquet"}
    ask.one("CREATE TABLE t (a int)")
    done = ask.one(copy("t", ask.manifest(good, gone)))
    assert "gone.parquet does not exist" in done["Error"]
    assert ask.rows("SELECT count(*) FROM t") == [[0]]


def test_merge_and_delete_using(ask):
    done = ask.batch(
        "CREATE TABLE t (id int, n varchar(9))",
        "CREATE TEMP TABLE s (id int, n varchar(9))",
        "INSERT INTO t VALUES (1, 'old'), (2, 'stays'), (3, 'goes')",
        "INSERT INTO s VALUES (1, 'new'), (4, 'more')",
        'MERGE INTO "t" USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n '
        "WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n)",
        "DELETE FROM t USING (SELECT 3 AS id) AS d WHERE t.id = d.id",
    )
    assert done["Status"] == "FINISHED", done.get("Error")
    assert ask.rows("SELECT id, n FROM t ORDER BY id") == [[1, "new"], [2, "stays"], [4, "more"]]


@pytest.mark.parametrize(
    "sql",
    [
        "MERGE INTO t x USING s ON x.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)",
        "MERGE INTO t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)",
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "SELECT a FROM t WHERE a IS NOT DISTINCT FROM 1",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS b int",
        "ALTER TABLE t ADD COLUMN b int, ADD COLUMN c int",
        "ALTER TABLE t ALTER COLUMN a TYPE bigint",
        "CREATE TABLE u (a int) DISTKEY (b)",
        "UNLOAD ('SELECT 1') TO 's3://b/p'",
        "COPY t FROM 's3://acme-lake/x' IAM_ROLE default FORMAT CSV",
        "COPY t FROM 's3://acme-lake/x' FORMAT PARQUET",
        "LOCK t",
        "CREATE EXTENSION x",
        "SELECT 1; SELECT 2",
        "SELECT 'open",
    ],
)
def test_what_redshift_or_the_sandbox_does_not_know_fails(ask, sql):
    ask.batch("CREATE TABLE t (a int)", "CREATE TABLE s (a int)")
    done = ask.one(sql)
    assert done["Status"] == "FAILED"
    assert done["Error"]


@pytest.mark.parametrize(
    "sql", ["TRUNCATE t", "ALTER TABLE t ALTER COLUMN v TYPE VARCHAR(9)"]
)  # fmt: skip
def test_what_cannot_be_in_a_transaction(ask, sql):
    ask.one("CREATE TABLE t (v varchar(5))")
    assert ask.batch(sql)["Status"] == "FAILED"
    assert ask.one(sql)["Status"] == "FINISHED"


def test_a_lock_makes_the_second_see_what_the_first_did(ask):
    ask.batch("CREATE TABLE m (n int)", "CREATE TABLE t (n int)")
    done = []

    def add(value):
        done.append(
            ask.batch("LOCK m", f"INSERT INTO t SELECT {value} + count(*) FROM t",
                      "INSERT INTO m VALUES (1)")["Status"]
        )  # fmt: skip

    threads = [threading.Thread(target=add, args=(10 * i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert done == ["FINISHED"] * 4
    assert sorted(r[0] % 10 for r in ask.rows("SELECT n FROM t")) == [0, 1, 2, 3]


def test_the_same_token_runs_once(ask):
    ask.one("CREATE TABLE t (a int)")
    asked = {"Sql": "INSERT INTO t VALUES (1)", "ClientToken": uuid.uuid4().hex, **ask.where}
    ids = {ask.api.execute_statement(**asked)["Id"] for _ in range(3)}
    assert len(ids) == 1
    ask.ended(*ids)
    assert ask.rows("SELECT count(*) FROM t") == [[1]]
    with pytest.raises(ClientError, match="another request"):
        ask.api.execute_statement(**{**asked, "Sql": "SELECT 1"})


def test_statements_are_listed_by_their_name(ask):
    ask.one("SELECT 1", StatementName="load/a/1")
    done = ask.one("SELECT nothing", StatementName="load/a/2")
    ask.one("SELECT 1", StatementName="other")
    found = ask.api.list_statements(StatementName="load/a/", **ask.where)["Statements"]
    assert [(s["StatementName"], s["Status"]) for s in found] == [
        ("load/a/2", "FAILED"),
        ("load/a/1", "FINISHED"),
    ]
    failed = ask.api.list_statements(StatementName="load/a/", Status="FAILED", **ask.where)
    assert [s["Id"] for s in failed["Statements"]] == [done["Id"]]


def test_a_cancelled_statement_leaves_nothing(ask):
    ask.batch("CREATE TABLE m (n int)", "CREATE TABLE t (n int)")
    wait = ask.api.batch_execute_statement(
        Sqls=["INSERT INTO t VALUES (1)", "SELECT pg_sleep(30)"], **ask.where
    )["Id"]
    while ask.api.describe_statement(Id=wait)["SubStatements"][1]["Status"] != "STARTED":
        time.sleep(0.05)
    assert ask.api.cancel_statement(Id=wait)["Status"]
    assert ask.ended(wait)["Status"] == "ABORTED"
    assert ask.rows("SELECT count(*) FROM t") == [[0]]
    with pytest.raises(ClientError, match="ABORTED"):
        ask.api.cancel_statement(Id=wait)


def test_an_event_tells_of_the_end(ask):
    name = f"q{uuid.uuid4().hex[:8]}"
    sqs, events = boto3.client("sqs"), boto3.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {
        "source": ["aws.redshift-data"],
        "detail-type": ["Redshift Data Statement Status Change"],
        "detail": {"statementName": [{"prefix": name}]},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn["QueueArn"]}])
    quiet = ask.one("SELECT 1", StatementName=f"{name}/quiet")
    done = ask.one("SELECT 1", StatementName=f"{name}/run", WithEvent=True)
    bad = ask.batch("SELECT nothing", StatementName=f"{name}/bad", WithEvent=True)
    found = {}
    until = time.monotonic() + 20
    while len(found) < 2 and time.monotonic() < until:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", ()):
            detail = json.loads(message["Body"])["detail"]
            found[detail["statementId"]] = (detail["statementName"], detail["state"])
    assert found == {
        done["Id"]: (f"{name}/run", "FINISHED"),
        bad["Id"]: (f"{name}/bad", "FAILED"),
    }
    assert quiet["Id"] not in found


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"Sql": "x" * 102_401}, "102400"),
        ({"Sql": "SELECT 1", "SessionKeepAliveSeconds": 60}, "SessionKeepAliveSeconds"),
        ({"Sql": "SELECT :a"}, "no value for `:a`|Parameters"),
    ],
)
def test_requests_that_are_refused(ask, asked, said):
    with pytest.raises(ClientError, match=said) as told:
        ask.api.execute_statement(**asked, **ask.where)
    assert told.value.response["Error"]["Code"] == "ValidationException"


def test_what_is_not_there(ask):
    with pytest.raises(ClientError) as told:
        ask.api.describe_statement(Id=str(uuid.uuid4()))
    assert told.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="does not answer ListTables"):
        ask.api.list_tables(**ask.where)


def test_values_are_bound_by_name(ask):
    done = ask.one("SELECT :a::int + 1", Parameters=[{"name": "a", "value": "41"}])
    assert ask.api.get_statement_result(Id=done["Id"])["Records"] == [[{"longValue": 42}]]
