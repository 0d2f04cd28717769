"""Policies are made of what the Program reads, writes and must know."""

from __future__ import annotations

import pytest

from penstock.deploy.access import Place, Table, access_of
from penstock.deploy.architectures.serverless_lambda.requirements import requirements
from penstock.deploy.architectures.serverless_lambda.settings import settings_of
from penstock.deploy.scheduling import cron_expression
from penstock.errors import BuildError
from penstock.program import Load, Program, Read


def program(reads=(), loads=()) -> Program:
    return Program(
        "p",
        "duckdb",
        reads=tuple(Read(f"r{n}", c, o, ()) for n, (c, o) in enumerate(reads)),
        loads=tuple(Load(f"t{n}", "r0", c, o, ()) for n, (c, o) in enumerate(loads)),
    )


def test_places_end_where_a_path_begins_to_vary():
    access = access_of(
        program(
            reads=[("s3", {"path": "s3://acme-in/flights/*.csv"})],
            loads=[("lake", {"path": "s3://acme-lake/curated/delays/${run.date}"})],
        )
    )
    assert access.reads == (Place("acme-in", "flights/"),)
    assert access.writes == (Place("acme-lake", "curated/delays/"),)


def test_secrets_are_named_once_each_wherever_they_stand():
    options = {"url": "https://x", "headers": [{"a": "Bearer ${secret.token}"}]}
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"
    access = access_of(
        program(reads=[("rest", options), ("rest", options), ("postgres", {"secret_arn": arn})])
    )
    assert access.secret_names == ("token",)
    assert access.secret_arns == (arn,)
    assert not access.database_tokens


def test_a_warehouse_is_loaded_from_its_staging_place():
    serverless = {"workgroup": "analytics", "database": "dev", "table": "orders"}
    cluster = {
        "cluster": "old",
        "database": "dev",
        "table": "orders",
        "user": "loader",
        "staging": "s3://acme-stage/rows",
    }
    access = access_of(
        program(
            loads=[
                ("redshift", serverless),
                ("redshift", serverless | {"table": "lines"}),
                ("redshift", cluster),
                ("redshift", serverless | {"database": "prod", "secret": "${secret.warehouse}"}),
            ]
        )
    )
    assert access.writes == (Place("acme-stage", "rows"),)
    assert access.secret_names == ("warehouse",)
    told = sorted((each.as_json() for each in access.warehouses), key=repr)
    assert told == [
        {
            "database": "dev",
            "secret": False,
            "cluster": "old",
            "user": "loader",
            "staging": {"bucket": "acme-stage", "prefix": "rows"},
        },
        {"database": "dev", "secret": False, "workgroup": "analytics"},
        {"database": "prod", "secret": True, "workgroup": "analytics"},
    ]


def test_a_table_of_athena_is_files_and_an_entry_of_the_catalog():
    options = {"database": "sales", "table": "orders", "path": "s3://acme-lake/orders"}
    access = access_of(program(loads=[("athena", options)]))
    assert access.writes == (Place("acme-lake", "orders"),)
    assert access.tables == (Table("sales", "orders", ""),)
    assert access.tables[0].as_json() == {"database": "sales", "table": "orders"}
    abroad = access_of(program(loads=[("athena", options | {"region": "eu-west-1"})]))
    assert abroad.tables[0].as_json()["region"] == "eu-west-1"


def test_files_of_this_machine_are_refused_all_at_once():
    with pytest.raises(BuildError) as told:
        access_of(
            program(reads=[("file", {"path": "data/x.csv"})], loads=[("lake", {"path": "lake/x"})])
        )
    assert told.value.code == "PSK-BLD-005"
    assert "`r0` (data/x.csv)" in told.value.message
    assert "`t0` (lake/x)" in told.value.message


def test_a_package_holds_what_the_program_needs_and_no_more():
    csv = [("s3", {"path": "s3://b/x/*.csv"})]
    assert requirements(program(csv)) == ["duckdb", "obstore", "pytz"]
    warehouse = [("redshift", {"workgroup": "w", "database": "d", "table": "t"})]
    assert requirements(program(csv, warehouse)) == ["duckdb", "obstore", "pytz"]
    athena = {"database": "d", "table": "t", "path": "s3://b/t"}
    assert requirements(program(csv, [("athena", athena)])) == ["duckdb", "obstore", "pytz"]
    assert "pyiceberg[sql-sqlite]" in requirements(
        program(csv, [("athena", athena | {"format": "iceberg"})])
    )
    delta = [("lake", {"path": "s3://b/t", "format": "delta"})]
    assert requirements(program(csv, delta)) == [
        "deltalake",
        "duckdb",
        "obstore",
        "pyarrow",
        "pytz",
    ]
    assert "openpyxl" in requirements(program([("s3", {"path": "s3://b/x/*.xlsx"})]))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"memroy": 1024}, "memroy"),
        ({"timeout": 3600}, "timeout: 3600"),
        ({"memory": "2 GB"}, "memory: 2 GB"),
        ({"machine": "riscv"}, "machine: riscv"),
    ],
)
def test_a_wrong_setting_is_told(given, told):
    with pytest.raises(BuildError, match=told) as error:
        settings_of(given)
    assert error.value.code == "PSK-BLD-008"
    assert error.value.hint


def test_a_schedule_that_eventbridge_has_not_is_told():
    with pytest.raises(BuildError, match="days of the month and days of the week"):
        cron_expression("0 6 1 * MON")
