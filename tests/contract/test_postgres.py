"""What is particular to reading PostgreSQL: types, rejects, ranges, bounds, refusals, lost servers.

Against a real server (pgserver: PostgreSQL 16).
"""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from penstock.errors import SourceUnavailable, StepFailed, Unavailable
from penstock.program import Column, Read
from penstock.runtime import registry
from penstock.runtime.sources.postgres import copying
from penstock.runtime.sources.postgres.source import PostgresSource

pytestmark = pytest.mark.evidence("source:postgres", "executed locally", on="PostgreSQL 16")


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=2)
    yield made
    made.close()


@pytest.fixture
def read(database, engine, tmp_path):
    """Read a table or query; gives what was found and the rows, as the engine has them."""

    def reading(schema=None, *, bounds=None, evolution="add", order="1", **options):
        given = {**database.options, **options}
        columns = tuple(Column(n, t) for n, t in (schema or {}).items())
        found = Read("rows", "postgres", given, columns, schema_evolution=evolution)
        if schema is None:
            columns = PostgresSource(found, tmp_path).infer().schema
            found = Read("rows", "postgres", given, columns, schema_evolution=evolution)
        source = PostgresSource(found, tmp_path)
        part = source.plan()
        if bounds:
            part = type(part)(part.identity, part.files, bounds)
        extracted = source.extract(part, engine, "rows", keep=True)
        rows = engine.rows(f"SELECT * FROM rows ORDER BY {order}")
        return extracted, [tuple(r.values()) for r in rows]

    return reading


def infer(database, tmp_path, **options):
    given = {**database.options, **options}
    return PostgresSource(Read("rows", "postgres", given, ()), tmp_path).infer()


# -- types

VALUES = {
    "smallint": ("smallint", "-32768", -32768),
    "integer": ("integer", "2147483647", 2147483647),
    "bigint": ("bigint", "-9223372036854775808", -9223372036854775808),
    "real": ("double", "0.1", 0.10000000149011612),
    "double precision": ("double", "'-Infinity'", float("-inf")),
    "numeric(10,2)": ("decimal(10,2)", "99999999.99", Decimal("99999999.99")),
    "numeric(38,38)": ("decimal(38,38)", "0." + "9" * 38, Decimal("0." + "9" * 38)),
    "numeric(3,-2)": ("decimal(5,0)", "99900", Decimal(99900)),
    "numeric": ("decimal(38,9)", "12345678901234567890123456789.123456789",
                Decimal("12345678901234567890123456789.123456789")),
    "boolean": ("boolean", "false", False),
    "text": ("varchar", "E'a\"b,c\\n\\r\\\\N \\t\U0001f600'", 'a"b,c\n\r\\N \t\U0001f600'),
    "varchar(9)": ("varchar", "''", ""),
    "char(3)": ("varchar", "'a'", "a  "),
    "uuid": ("varchar", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
             "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "inet": ("varchar", "'10.0.0.1/8'", "10.0.0.1/8"),
    "date": ("date", "'0001-01-01'", date(1, 1, 1)),
    "timestamp": ("timestamp", "'9999-12-31 23:59:59.999999'",
                  datetime(9999, 12, 31, 23, 59, 59, 999999)),  # noqa: DTZ001
    "timestamptz": ("timestamptz", "'2026-03-29 02:30+02'", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    "time": ("time", "'23:59:59.5'", clock(23, 59, 59, 500000)),
    "bytea": ("blob", r"'\x00ff5c78'", b"\x00\xff\\x"),
    "json": ("json", """'{"b": 1,  "a": [1e400]}'""", '{"b": 1,  "a": [1e400]}'),
    "jsonb": ("json", """'{"b": 1}'""", '{"b": 1}'),
    "integer[]": ("integer[]", "'{1,NULL,3}'", [1, None, 3]),
    "text[]": ("varchar[]", """'{"a,b",NULL,"","NULL"}'""", ["a,b", None, "", "NULL"]),
    "numeric(8,2)[]": ("decimal(8,2)[]", "'{1.50,-2}'", [Decimal("1.50"), Decimal("-2.00")]),
    "date[]": ("date[]", "'{}'", []),
    # the engine shows moments inside lists as text
    "timestamptz[]": ("timestamptz[]", "'{2026-01-01 00:00:00.5+00}'",
                      "['2026-01-01 00:00:00.5+00']"),
    "bytea[]": ("blob[]", r"""'{"\\x00ff"}'""", [b"\x00\xff"]),
    "real[]": ("double[]", "'{0.1}'", [0.10000000149011612]),
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
def test_a_type_and_its_values_arrive_exactly(database, read, tmp_path, kind):
    expected, literal, value = VALUES[kind]
    database(f"CREATE TABLE t (id integer PRIMARY KEY, v {kind})")
    database(f"INSERT INTO t VALUES (1, {literal}), (2, NULL)")
    schema = infer(database, tmp_path, table="t").schema
    assert [(c.name, c.type) for c in schema] == [("id", "integer"), ("v", expected)]
    extracted, rows = read(table="t")
    assert rows == [(1, value), (2, None)]
    assert not extracted.rejected


def test_enums_and_domains_are_what_they_are_made_of(database, read):
    database("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    database("CREATE DOMAIN price AS numeric(8,3) CHECK (VALUE > 0)")
    database("CREATE TABLE t (id integer, m mood, p price, ps price[])")
    database("INSERT INTO t VALUES (1, 'ok', 1.5, '{2.25}')")
    _, rows = read({"id": "integer", "m": "varchar", "p": "decimal(8,3)", "ps": "decimal(8,3)[]"},
                   table="t", evolution="strict")  # fmt: skip
    assert rows == [(1, "ok", Decimal("1.500"), [Decimal("2.250")])]


def test_a_numeric_without_a_precision_is_told(database, tmp_path):
    database("CREATE TABLE t (a numeric, b numeric[])")
    found = infer(database, tmp_path, table="t")
    assert [c.type for c in found.schema] == ["decimal(38,9)", "decimal(38,9)[]"]
    assert "`a`, `b`" in found.origin
    assert "decimal(38,9)" in found.origin


def test_columns_that_no_type_holds_are_named_all_at_once(database, read, tmp_path):
    database("CREATE TABLE t (id integer, length interval, cost money, n numeric(50,2))")
    database("INSERT INTO t VALUES (1, '1 mon 2 days', '3.50', 1.25)")
    with pytest.raises(StepFailed) as told:
        infer(database, tmp_path, table="t")
    assert told.value.code == "PSK-SRC-110"
    for column in ("`length` is interval", "`cost` is money", "`n` is numeric(50,2)"):
        assert column in told.value.message
    _, rows = read({"id": "integer", "length": "varchar", "n": "decimal(38,2)"}, table="t")
    assert rows == [(1, "1 mon 2 days", Decimal("1.25"))]


REJECTED = {
    "infinity": ("date", "'infinity'", "date", "infinite"),
    "minus infinity": ("timestamptz", "'-infinity'", "timestamptz", "infinite"),
    "before Christ": ("date", "'0044-03-15 BC'", "date", "outside the years"),
    "far away": ("timestamp", "'12000-01-01'", "timestamp", "outside the years"),
    "NaN": ("numeric(8,2)", "'NaN'", "decimal(8,2)", "is NaN"),
    "infinite number": ("numeric", "'Infinity'", "decimal(38,9)", "does not fit"),
    "too many decimals": ("numeric", "0.1234567891", "decimal(38,9)", "more than 9 decimals"),
    "too large": ("numeric(12,2)", "1234567890.12", "decimal(8,2)", "does not fit"),
    "rounding": ("numeric(8,4)", "1.2345", "decimal(8,2)", "more than 2 decimals"),
    "narrow": ("bigint", "3000000000", "integer", "does not fit into integer"),
    "not whole": ("numeric(4,2)", "1.50", "integer", "does not fit into integer"),
    "no equal double": ("bigint", "9007199254740993", "double", "no equal double"),
    "24:00": ("time", "'24:00'", "time", "24:00"),
    "a day with a time": ("timestamp", "'2026-01-01 10:00'", "date", "time of day"),
    "two dimensions": ("integer[]", "'{{1,2},{3,4}}'", "integer[]", "several dimensions"),
    "an infinite element": ("date[]", "'{2026-01-01,infinity}'", "date[]", "an element that"),
}


@pytest.mark.parametrize("what", REJECTED)
def test_what_would_become_another_value_is_rejected_with_a_reason(database, read, what):
    kind, literal, declared, reason = REJECTED[what]
    database(f"CREATE TABLE t (id integer, v {kind})")
    database(f"INSERT INTO t VALUES (1, {literal}), (2, NULL)")
    extracted, rows = read({"id": "integer", "v": declared}, table="t")
    assert rows == [(2, None)]
    assert (extracted.rows_in, extracted.rows_out) == (2, 1)
    (rejected,) = extracted.rejected
    assert (rejected.file, rejected.column) == ("t", "v")
    assert reason in rejected.reason
    assert '"id":1' in rejected.raw


def test_a_zone_is_never_guessed(database, read):
    database("CREATE TABLE t (v timestamp, w integer)")
    with pytest.raises(StepFailed) as told:
        read({"v": "timestamptz", "w": "date"}, table="t")
    assert told.value.code == "PSK-SRC-108"
    assert "`v` is timestamp without time zone there, and timestamptz" in told.value.message
    assert "`w` is integer" in told.value.message


# -- which rows


def test_names_are_names(database, read):
    database('CREATE SCHEMA "odd.schema"')
    database('CREATE TABLE "odd.schema"."It""s" ("a""b" integer, "SELECT" text)')
    database('INSERT INTO "odd.schema"."It""s" VALUES (1, \'%s %%\')')
    _, rows = read(table='"odd.schema"."It""s"')
    assert rows == [(1, "%s %%")]


def test_a_query_with_a_comment_and_a_semicolon(database, read):
    database("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 5) AS i")
    _, rows = read(query="SELECT id, 'x%' AS v FROM t WHERE id % 2 = 0 -- even\n;")
    assert rows == [(2, "x%"), (4, "x%")]
    with pytest.raises(StepFailed) as told:
        read(query="SELECT 1 AS a, 2 AS a")
    assert "two columns named `a`" in told.value.message


def test_a_query_cannot_write(database, read):
    database("CREATE TABLE t (id integer)")
    database(
        "CREATE FUNCTION sneaky() RETURNS integer LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id'"
    )
    with pytest.raises(StepFailed) as told:
        read(query="SELECT sneaky() AS id")
    assert "read-only transaction" in told.value.message
    assert database("SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize("split", ["id", "day", None])
def test_ranges_together_are_every_row_once(database, read, split):
    database("CREATE TABLE t (id integer, day date, gap bigint PRIMARY KEY)")
    database(
        "INSERT INTO t SELECT CASE WHEN i % 10 > 0 THEN i * 7 - 900 END, "
        "CASE WHEN i % 9 = 0 THEN NULL ELSE DATE '2026-01-01' + i END, "
        "CASE i WHEN 1 THEN -9223372036854775808 WHEN 2 THEN 9223372036854775807 ELSE i END "
        "FROM generate_series(1, 1000) AS i"
    )
    more = {"split_by": split} if split else {}
    extracted, rows = read(table="t", parallel=3, order="gap", **more)
    assert (extracted.rows_in, len(rows)) == (1000, 1000)
    assert rows == database("SELECT * FROM t ORDER BY gap")


def test_ranges_over_infinite_days_and_over_nothing(database, read):
    database("CREATE TABLE t (day date)")
    assert read(table="t", parallel=2, split_by="day")[1] == []
    database(
        "INSERT INTO t VALUES ('infinity'), ('-infinity'), (NULL), ('2026-01-01'), ('2026-01-09')"
    )
    extracted, rows = read(table="t", parallel=2, split_by="day")
    assert [r[0] for r in rows] == [date(2026, 1, 1), date(2026, 1, 9), None]
    assert len(extracted.rejected) == 2


def test_a_table_without_a_column_to_split_by(database, read):
    database("CREATE TABLE t (id uuid PRIMARY KEY, n integer)")
    with pytest.raises(StepFailed) as told:
        read(table="t", parallel=2)
    assert told.value.code == "PSK-SRC-111"
    assert "there: n" in told.value.hint


def test_ranges_see_one_state_while_others_write(database, read):
    """Each transaction moves an amount between two rows far apart: the sum is always the same."""
    database("CREATE TABLE t (id integer PRIMARY KEY, amount integer, pad text)")
    database("INSERT INTO t SELECT i, 100, repeat('x', 200) FROM generate_series(1, 20000) AS i")
    done = threading.Event()

    def move():
        with database.connect() as connection:
            while not done.is_set():
                with connection.transaction():
                    connection.execute("UPDATE t SET amount = amount - 1 WHERE id <= 50")
                    connection.execute("UPDATE t SET amount = amount + 1 WHERE id > 19950")

    writer = threading.Thread(target=move)
    writer.start()
    try:
        for _ in range(3):
            _, rows = read(table="t", parallel=3)
            assert (len(rows), sum(r[1] for r in rows)) == (20000, 2_000_000)
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize(
    ("kind", "bounds", "expected"),
    [
        ("integer", {"above": "3", "nulls": True}, [4, 5, None]),
        ("integer", {"from": "2", "to": "4", "nulls": False}, [2, 3]),
        ("date", {"above": "2026-01-03", "nulls": False}, [4, 5]),
        ("timestamptz", {"from": "2026-01-03 00:00:00+00:00", "nulls": False}, [3, 4, 5]),
        ("varchar", {"above": "3", "nulls": True}, [4, 5, None]),
    ],
)
def test_bounds_go_into_the_query(database, read, kind, bounds, expected):
    made = {"integer": "i", "varchar": "i::text"}.get(kind, "DATE '2025-12-31' + i")
    server = {"varchar": "text"}.get(kind, kind)
    database(f"CREATE TABLE t (n integer, v {server})")
    database(f"INSERT INTO t SELECT i, {made} FROM generate_series(1, 5) AS i")
    database("INSERT INTO t VALUES (NULL, NULL)")
    extracted, rows = read(table="t", bounds={"column": "v", "type": kind, **bounds})
    assert [r[0] for r in rows] == expected
    assert extracted.rows_in == len(expected), "the others were not sent"


def test_texts_are_compared_as_the_engine_compares_them(database, read):
    database("CREATE TABLE t (v text)")
    database("INSERT INTO t VALUES ('a'), ('B'), ('c')")
    _, rows = read(
        table="t", bounds={"column": "v", "type": "varchar", "above": "Z", "nulls": False}
    )
    assert rows == [("a",), ("c",)]


def test_memory_is_bounded_and_an_early_end_is_quick(database, engine, tmp_path, monkeypatch):
    """Fifty million rows: what waits is a few chunks, and an engine that stops ends the server's work."""
    given = {**database.options, "query": "SELECT i AS id, repeat('x', 100) AS v FROM generate_series(1, 50000000) AS i"}  # fmt: skip
    source = PostgresSource(
        Read("rows", "postgres", given, (Column("id", "integer"), Column("v", "varchar"))), tmp_path
    )
    taken = 0

    class Stopped(Exception):
        pass

    def ingest(relation, batches, schema):
        nonlocal taken
        for batch in batches:
            taken += batch.num_rows
            time.sleep(0.2)  # a slow engine: the server must wait
            if taken > 100_000:
                raise Stopped
        return taken

    monkeypatch.setattr(engine, "ingest", ingest)
    begun = time.monotonic()
    with pytest.raises(Stopped):
        source.extract(source.plan(), engine, "rows", keep=True)
    assert time.monotonic() - begun < 20
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'penstock'"
    while database(left) != [(0,)]:  # its backend ends a moment after the connection does
        assert time.monotonic() - begun < 20, "the server goes on for nobody"
        time.sleep(0.1)


def test_a_row_larger_than_a_chunk(database, read, monkeypatch):
    monkeypatch.setattr(copying, "CHUNK", 1000)
    database(
        "CREATE TABLE t AS SELECT i AS id, repeat(E'a\"\\n', i * 3000) AS v FROM generate_series(0, 3) AS i"
    )
    _, rows = read(table="t")
    assert [len(r[1]) for r in rows] == [0, 9000, 18000, 27000]


# -- refusals


def refusal(read, **options):
    with pytest.raises(SourceUnavailable) as told:
        read({"id": "integer"}, table="t", **options)
    assert told.value.exit_code == 4
    return told.value


def test_a_host_or_port_that_is_not_there(read):
    told = refusal(read, host="no-such-host.invalid")
    assert told.code == "PSK-SRC-101"
    assert "no-such-host.invalid" in told.message
    told = refusal(read, host="127.0.0.1", port=9)
    assert (told.code, "127.0.0.1:9" in told.message) == ("PSK-SRC-101", True)


def test_a_login_that_is_refused(database, read, postgres_server):
    database("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    hba = Path(postgres_server) / "pg_hba.conf"
    before = hba.read_text()
    try:
        hba.write_text("local all guarded scram-sha-256\n" + before)
        database("SELECT pg_reload_conf()")
        time.sleep(0.5)
        told = refusal(read, user="guarded", password="wrong")
        assert told.code == "PSK-SRC-102"
        assert "guarded" in told.message
        assert "wrong" not in told.message
        database("CREATE TABLE t (id integer)")
        database("INSERT INTO t VALUES (1)")
        database("GRANT SELECT ON t TO guarded")
        _, rows = read({"id": "integer"}, table="t", user="guarded", password="right")
        assert rows == [(1,)]
        assert refusal(read, database="nowhere").code == "PSK-SRC-102"
        assert refusal(read, user="nobody").code == "PSK-SRC-102"
    finally:
        hba.write_text(before)
        database("SELECT pg_reload_conf()")
        database("DROP OWNED BY guarded")
        database("DROP ROLE guarded")


def test_a_table_that_is_not_there_and_one_of_a_name_near_it(database, read):
    database("CREATE SCHEMA sales")
    database("CREATE TABLE sales.orders (id integer)")
    with pytest.raises(SourceUnavailable) as told:
        read(table="sales.ordres")
    assert told.value.code == "PSK-SRC-103"
    assert "sales.orders" in told.value.hint
    with pytest.raises(SourceUnavailable) as told:
        read(table="slaes.orders")
    assert told.value.code == "PSK-SRC-103"


def test_a_table_that_may_not_be_read(database, read):
    database("CREATE TABLE t (id integer)")
    database("CREATE ROLE outsider LOGIN")
    try:
        told = refusal(read, user="outsider")
        assert (told.code, "permission denied for table t" in told.message) == ("PSK-SRC-104", True)
    finally:
        database("DROP ROLE outsider")


def test_a_statement_that_takes_too_long(read):
    with pytest.raises(SourceUnavailable) as told:
        read({"a": "varchar"}, query="SELECT pg_sleep(60)::text AS a", statement_timeout="0.3 s")
    assert told.value.code == "PSK-SRC-106"
    assert "statement_timeout" in told.value.hint


def test_a_query_that_is_wrong_and_a_table_that_lost_a_column(database, read):
    with pytest.raises(StepFailed) as told:
        read({"a": "integer"}, query="SELECT 1 AS a FORM t")
    assert told.value.code == "PSK-SRC-105"
    database("CREATE TABLE t (id integer)")
    with pytest.raises(StepFailed) as told:
        read({"id": "integer", "gone": "integer"}, table="t", evolution="strict")
    assert (told.value.code, "`gone`" in told.value.message) == ("PSK-SRC-109", True)
    assert read({"id": "integer", "gone": "integer"}, table="t")[1] == []


# -- a server that goes away


def killer(database, times):
    """Ends the connections that COPY, as often as asked; gives the thread and what it did."""
    done = []

    def kill():
        with database.connect() as connection:
            until = time.monotonic() + 30
            while len(done) < times and time.monotonic() < until:
                found = connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                    "application_name = 'penstock' AND query LIKE 'COPY%' AND state = 'active' "
                    "AND query_start < clock_timestamp() - interval '0.2 s' LIMIT 1"
                ).fetchall()
                done.extend(found)
                time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread, done


SLOW = "SELECT i AS id, repeat('x', 10000) AS v, pg_sleep(0.001)::text AS w FROM generate_series(1, 800) AS i"


def test_a_lost_connection_doubles_nothing(database, read, monkeypatch):
    monkeypatch.setattr(copying, "CHUNK", 50_000)  # some rows are in the engine when it is lost
    thread, done = killer(database, 1)
    extracted, rows = read(query=SLOW, order="id")
    thread.join()
    assert done, "it was lost"
    assert [r[0] for r in rows] == list(range(1, 801))
    assert extracted.rows_in == 800


def test_a_connection_that_is_lost_each_time_is_told(database, read):
    thread, done = killer(database, 3)
    with pytest.raises(SourceUnavailable) as told:
        read(query=SLOW)
    thread.join()
    assert len(done) == 3
    assert told.value.code == "PSK-SRC-107"


# -- AWS


@pytest.fixture
def captured(monkeypatch, postgres_server):
    """What a connection is asked for; it is then made without a password."""
    asked, folder = [], postgres_server
    real = psycopg.connect

    def connect(conninfo="", **more):
        known = psycopg.conninfo.conninfo_to_dict(conninfo)
        if known.get("application_name") != "penstock":
            return real(conninfo, **more)
        asked.append(dict(known))
        for key in ("password", "sslmode"):
            known.pop(key, None)
        known["host"] = folder
        return real(psycopg.conninfo.make_conninfo(**known), **more)

    monkeypatch.setattr(psycopg, "connect", connect)
    return asked


def test_a_secret_of_secrets_manager(aws, database, read, captured):
    import boto3

    database("CREATE TABLE t AS SELECT 1 AS id")
    client = boto3.client("secretsmanager", region_name="us-east-1")
    body = {"engine": "postgres", "username": "postgres", "password": "s3cret",
            "host": database.folder, "dbname": database.name}  # fmt: skip
    arn = client.create_secret(Name=f"db-{database.name}", SecretString=json.dumps(body))["ARN"]
    source = dict.fromkeys(database.options)
    _, rows = read({"id": "integer"}, table="t", secret_arn=arn, **source)
    assert rows == [(1,)]
    assert (captured[0]["user"], captured[0]["password"]) == ("postgres", "s3cret")
    with pytest.raises(Unavailable) as told:
        read({"id": "integer"}, table="t", secret_arn=arn + "x", **source)
    assert (told.value.code, told.value.exit_code) == ("PSK-SRC-102", 4)
    assert "s3cret" not in told.value.message


def test_a_token_of_iam_stands_for_the_password(aws, database, read, captured):
    database("CREATE TABLE t AS SELECT 1 AS id")
    _, rows = read(
        {"id": "integer"}, table="t", host="db.example.com", auth="iam", region="eu-west-1"
    )
    assert rows == [(1,)]
    assert (captured[0]["host"], captured[0]["sslmode"]) == ("db.example.com", "require")
    token = captured[0]["password"]
    assert "Action=connect" in token
    assert "DBUser=postgres" in token
    assert "eu-west-1" in token
