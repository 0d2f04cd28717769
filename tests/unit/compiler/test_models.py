"""SQL models: one SELECT over datasets, bound as the user wrote it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from penstock import types


def test_a_wrong_column_is_found_without_data_at_its_place(folder, errors):
    found = errors.one(folder.model("select\n  carrier,\n  'é', f.dely as d\nfrom flights f"))
    assert (found.code, found.message) == ("PSK-SQL-102", "`f` has no column `dely`")
    assert found.hint == "did you mean `delay`?"
    assert (str(found.span), folder.text_at(found)) == ("models/made.sql:3:8", "f.dely")


def test_every_unknown_name_of_a_model_is_told_at_once(folder):
    compiled = folder.model("select carier, n, fligt, foo(dest) as x from flights where dy > $lat")
    assert [folder.text_at(d) for d in compiled.diagnostics if d.code < "PSK-SQL-2"] == [
        "carier",
        "n",
        "fligt",
        "foo(dest)",
        "dy",
        "$lat",
    ]


@pytest.mark.parametrize(
    ("sql", "code", "marked"),
    [
        ("select carrier from flights where", "PSK-SQL-101", "where"),
        ("select upper(flight) as x from flights", "PSK-SQL-104", "upper(flight)"),
        ("select carrier, sum(flight) as n from flights", "PSK-SQL-105", "carrier"),
        (
            "select dest from flights a join flights b on a.flight = b.flight",
            "PSK-SQL-106",
            "dest",
        ),
        ("select cast(dest as nope) as x from flights", "PSK-SQL-107", "nope"),
        ("select x.dest from flights", "PSK-SQL-108", "x.dest"),
        ("select dest from flights where sum(flight) > 1", "PSK-SQL-109", "sum(flight)"),
        ("select 1 as a; select 2 as a", "PSK-SQL-110", "select 2 as a"),
        ("create table x as select 1", "PSK-SQL-110", "create"),
        ("insert into flights select * from flights", "PSK-SQL-110", "insert"),
        ("describe flights", "PSK-SQL-110", "describe"),
        (
            "with x as (delete from flights returning *) select * from x",
            "PSK-SQL-110",
            "with",
        ),
        ("select * from read_csv('x.csv')", "PSK-SQL-111", "read_csv"),
        ("select * from 'x.parquet'", "PSK-SQL-111", "'x.parquet'"),
        ("select * from duckdb_settings()", "PSK-SQL-111", "duckdb_settings"),
        (
            "select * from information_schema.tables",
            "PSK-SQL-112",
            "information_schema.tables",
        ),
        ("select dest, flight as DEST from flights", "PSK-SQL-113", "flight as DEST"),
        ("select interval 1 day * flight as i from flights", "PSK-TYPE-010", "flight as i"),
        ("select dest from {{ ref('flights') }}", "PSK-SQL-118", "{{ ref('flights') }}"),
        ("select dest from flights where flight > ${var.late}", "PSK-SQL-118", "${var.late}"),
        ("-- nothing\n;", "PSK-SQL-119", ""),
        ("pivot flights on dest using count(*)", "PSK-SQL-121", "pivot"),
        ("select dest from flights where flight > ?", "PSK-SQL-117", "?"),
        ("select dest from sqlite_master", "PSK-REF-001", "sqlite_master"),
    ],
)
def test_what_is_no_model_is_refused(folder, errors, sql, code, marked):
    found = errors.one(folder.model(sql))
    assert (found.code, folder.text_at(found)) == (code, marked)


def test_a_python_variable_is_no_table(folder, errors):
    penstock_frame = [1, 2, 3]  # DuckDB would find it
    assert penstock_frame
    assert errors.of(folder.model("select * from penstock_frame")) == ["PSK-REF-001"]


def test_the_hint_for_a_template_is_the_variable(folder, errors):
    found = errors.one(folder.model("select dest from flights where flight > ${var.late}"))
    assert found.hint == "write `$late`"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("f.flight = a.faa", "`f.flight` is integer and `a.faa` is varchar"),
        ("a.id = f.dest", "`a.id` is integer and `f.dest` is varchar"),
        ("f.day = a.name", "`f.day` is date and `a.name` is varchar"),
        ("f.flight + 1 = lower(a.faa)", "`f.flight + 1` is integer and `lower(a.faa)` is varchar"),
    ],
)
def test_keys_of_different_kinds_do_not_join(folder, errors, condition, message):
    found = errors.one(
        folder.model(f"select f.dest\nfrom flights f\njoin airports a on {condition}")
    )
    assert found.code == "PSK-SQL-115"
    assert found.message.lower().startswith(message.lower())
    assert found.span.line == 3


def test_keys_that_only_differ_in_size_join(folder, errors):
    compiled = folder.model(
        "select f.dest from flights f join airports a "
        "on a.id = f.delay and cast(f.flight as varchar) = a.faa and f.day = '2013-01-01'"
    )
    assert errors.of(compiled) == []


@pytest.mark.parametrize(
    "condition",
    [
        "f.day - date '2013-01-01' = a.id",
        "epoch_ms(f.day) = a.id",
        "a.id = any (select flight from flights)",
    ],
)
def test_keys_of_one_kind_join_whatever_they_are_computed_by(folder, errors, condition):
    compiled = folder.model(f"select f.dest from flights f join airports a on {condition}")
    assert errors.of(compiled) == []


@pytest.mark.parametrize(
    ("sql", "kind", "hint"),
    [
        (
            "pivot flights on carrier in ('UA') using count(*) group by dest",
            "PIVOT",
            "SELECT * FROM (PIVOT …)",
        ),
        (
            "with f as (select dest, flight from flights) unpivot f on flight into name n value v",
            "UNPIVOT",
            "WITH … SELECT * FROM (UNPIVOT …)",
        ),
        ("values (1, 'a')", "VALUES", "SELECT * FROM (VALUES (1, 'a')) AS t(number, letter)"),
    ],
)
def test_statements_that_give_rows_are_put_into_a_select(folder, errors, sql, kind, hint):
    found = errors.one(folder.model(sql))
    assert (found.code, found.message) == (
        "PSK-SQL-110",
        f"a model is a SELECT, and this is {kind}",
    )
    assert found.hint == hint


def test_what_the_hints_say_of_such_statements_is_valid(folder, errors):
    for sql in (
        "with f as (select flight from flights) select * from (unpivot f on flight into name n value v)",
        "select * from (pivot flights on carrier in ('UA') using count(*) group by dest)",
        "select * from (values (1, 'a')) as t(number, letter)",
    ):
        assert errors.of(folder.model(sql)) == []


def test_the_arrow_of_an_older_lambda_is_told_with_the_new_one(folder, errors):
    found = errors.one(folder.model("select list_filter([flight], x -> x > 1) as l from flights"))
    assert (found.code, folder.text_at(found)) == ("PSK-SQL-109", "->")
    assert "lambda x: …" in found.hint


def test_using_is_checked_too(folder, errors):
    folder.file("models/keys.sql", "select faa as dest, id as day, name from airports")
    compiled = folder.compile(
        "transforms:\n  keys: models/keys.sql\n"
        "  made: select name from flights join keys using (dest, day)\n"
    )
    assert errors.one(compiled).code == "PSK-SQL-115"


def test_types_become_those_of_penstock(folder):
    compiled = folder.model(
        "select sum(flight) as a, cast(1 as utinyint) as b, cast(1 as float) as c, null as d, "
        "cast('x' as enum('x')) as e, avg(delay) as f, [1::ubigint] as g, now() as h from flights"
    )
    schema = {c.name: c.type for c in compiled.datasets["made"].schema}
    assert schema == {
        "a": "decimal(38,0)",
        "b": "smallint",
        "c": "double",
        "d": "varchar",
        "e": "varchar",
        "f": "double",
        "g": "decimal(20,0)[]",
        "h": "timestamptz",
    }
    statement = compiled.program.statements[0]
    assert "CAST(a AS DECIMAL(38, 0)) AS a" in statement.sql
    connection = duckdb.connect()
    connection.execute("CREATE TABLE flights (flight integer, delay decimal(8,2))")
    bound = connection.execute("DESCRIBE " + statement.sql).fetchall()
    assert [types.normalize(row[1]) for row in bound] == list(schema.values())


def test_a_column_named_after_its_expression_is_a_warning_and_keeps_its_name(folder, errors):
    compiled = folder.model("select dest, count(*), max(delay > $late) from flights group by dest")
    assert errors.warnings(compiled).count("PSK-SQL-116") == 2
    names = [c.name for c in compiled.datasets["made"].schema]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE flights (dest varchar, delay decimal(8,2))")
    bound = connection.execute("DESCRIBE " + compiled.program.statements[0].sql).fetchall()
    assert [row[0] for row in bound] == names


def test_variables_are_typed_values(folder):
    compiled = folder.model("select dest, $late as a from flights where delay > $late -- why")
    statement = compiled.program.statements[0]
    assert '15 AS "a"' in statement.sql
    assert "why" not in statement.sql
    assert compiled.datasets["made"].schema[1].type == "integer"


def test_letter_case_of_a_dataset_does_not_matter_in_sql(folder):
    compiled = folder.model("select Flights.DEST, f.n from Flights, (select 1 as n) as f")
    assert compiled.program.statements[0].depends_on == ("flights",)
    assert [c.name for c in compiled.datasets["made"].schema] == ["dest", "n"]


def test_a_cte_hides_a_dataset_of_its_name(folder):
    compiled = folder.model(
        "with flights as (select id from airports), x as (select * from flights) select id from x"
    )
    assert compiled.program.statements[0].depends_on == ("airports",)


def test_a_cte_may_have_the_name_of_the_dataset_it_reads(folder):
    compiled = folder.model("with flights as (select dest from flights) select dest from flights")
    assert compiled.program.statements[0].depends_on == ("flights",)


def test_sql_may_stand_in_the_pipeline_file(folder, errors):
    compiled = folder.compile(
        "transforms:\n  a: select carrier, fligh from flights\n"
        "  b:\n    sql: |\n      select carrier,\n        dst\n      from flights\n"
    )
    assert [(folder.text_at(d), d.span.line) for d in compiled.diagnostics if "102" in d.code] == [
        ("fligh", 13),
        ("dst", 17),
    ]


CONSTRUCTS = re.findall(
    r"-- title: (.+)\n((?:(?!-- title:).*\n)+)",
    Path(__file__).with_name("constructs.sql").read_text(encoding="utf-8"),
)


@pytest.fixture(scope="module")
def rows():
    """A database with the rows that `constructs.sql` is about."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE flights AS SELECT * FROM (VALUES "
        "('UA', 1, 'SFO', 1.5::decimal(8,2), date '2013-01-01'), "
        "('UA', 2, NULL, 2.5, date '2013-02-01'), ('AA', 3, ' sfo ', NULL, NULL), "
        "('AA', -4, 'JFK', -0.5, date '2012-02-29')) AS t(carrier, flight, dest, delay, day)"
    )
    connection.execute(
        "CREATE TABLE airports AS SELECT * FROM (VALUES ('SFO', 'San Francisco', 1), "
        "('JFK', NULL, 2)) AS t(faa, name, id)"
    )
    return connection


@pytest.mark.parametrize(("title", "sql"), CONSTRUCTS, ids=[t for t, _ in CONSTRUCTS])
def test_a_construct_says_the_same_when_it_is_rendered(folder, rows, title, sql):
    compiled = folder.model(sql)
    assert compiled.program, [d.message for d in compiled.diagnostics]
    ours = rows.execute(compiled.program.statements[0].sql)
    names, found = [d[0] for d in ours.description], ours.fetchall()
    theirs = rows.execute(sql)
    assert names == [d[0] for d in theirs.description]
    casts = [c.type for c in compiled.datasets["made"].schema]
    wanted = theirs.fetchall()
    assert len(found) == len(wanted)
    if not any(t.startswith("decimal(38") for t in casts):
        assert sorted(map(repr, found)) == sorted(map(repr, wanted))
    else:  # a HUGEINT comes back as a number of another kind
        assert sorted(map(str, found)) == sorted(
            str(tuple(Decimal(v) if t.startswith("decimal(38") and v is not None else v
                      for v, t in zip(row, casts, strict=True))) for row in wanted
        )  # fmt: skip


def test_a_column_that_a_query_between_does_not_hand_on(folder, errors):
    found = errors.one(
        folder.compile("""
transforms:
  late: WITH a AS (SELECT carrier FROM flights) SELECT carrier, flight FROM a
""")
    )
    assert (found.code, found.message) == ("PSK-SQL-102", "no column named `flight` here")
    assert found.hint == "the query that it is read from does not select it"
