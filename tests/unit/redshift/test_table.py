"""The table in Redshift: its types, keys and columns, and how it grows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from penstock.errors import LoadFailed, SourceUnavailable
from penstock.program import Column
from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

EVERY = {
    "b": ("boolean", "true"),
    "s": ("smallint", "CAST(-7 AS smallint)"),
    "i": ("integer", "2147483647"),
    "l": ("bigint", "9223372036854775807"),
    "n": ("decimal(38,10)", "CAST('1234567890123456789012345678.0123456789' AS decimal(38,10))"),
    "d": ("double", "CAST(0.1 AS double)"),
    "v": ("varchar", "'it''s \"ä\" 日本 ' || chr(10) || chr(92) || 'n'"),
    "day": ("date", "DATE '0001-01-01'"),
    "ts": ("timestamp", "TIMESTAMP '2026-03-29 02:30:00.123456'"),
    "tz": ("timestamptz", "TIMESTAMPTZ '2026-03-29 02:30:00.5+02'"),
    "t": ("time", "TIME '23:59:59.999999'"),
    "x": ("blob", "unhex('00FF10')"),
    "j": ("json", '\'{"a": [1, null, "x"]}\'::json'),
    "a": ("integer[]", "[1, NULL, 3]"),
    "st": ("struct(p integer, q varchar)", "{'p': 1, 'q': 'x'}"),
    "m": ("map(varchar, integer)", "MAP {'k': 1}"),
}


def test_every_type_comes_back(table):
    schema = tuple(Column(name, kind) for name, (kind, _) in EVERY.items())
    values = ", ".join(f"CAST({sql} AS {kind}) AS {name}" for name, (kind, sql) in EVERY.items())
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, (kind, _) in EVERY.items())
    rows = table.relation(f"SELECT {values} UNION ALL SELECT {nulls}")
    target = table.target(schema=schema)
    target.commit(target.stage(table.engine, rows, "k1"))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(f"SELECT * FROM {target.relation()} AS t ORDER BY i").fetchall()
        wanted = con.execute(f"SELECT {values}").fetchone()
        kinds = con.execute(f"DESCRIBE SELECT * FROM {target.relation()} AS t").fetchall()
    assert found[0] == tuple(
        '{"a": [1, null, "x"]}' if name == "j" else value
        for name, value in zip(EVERY, wanted, strict=True)
    )
    assert found[1] == (None,) * len(EVERY)
    assert {k[0]: k[1] for k in kinds}["st"] == "STRUCT(p INTEGER, q VARCHAR)"
    assert dict(table.columns()) == {
        "b": "boolean", "s": "smallint", "i": "integer", "l": "bigint", "n": "numeric",
        "d": "double precision", "v": "character varying", "day": "date",
        "ts": "timestamp without time zone", "tz": "timestamp with time zone",
        "t": "time without time zone", "x": "binary varying",
        "j": "super", "a": "super", "st": "super", "m": "super",
    }  # fmt: skip
    assert isinstance(wanted[4], Decimal)
    assert isinstance(wanted[7], dt.date)


def test_new_columns_and_wider_types_are_taken_up(table):
    old = (Column("id", "integer"), Column("price", "decimal(8,2)"))
    new = (Column("id", "bigint"), Column("price", "decimal(12,2)"), Column("Note", "varchar"))
    table.publish([(1, "1.50")], "k1", schema=old, mode="append")
    table.publish([(2**40, "9999999999.99", "x")], "k2", schema=new, mode="append")
    table.publish([(3, "2.00")], "k3", schema=old, mode="append")
    assert table.read(schema=new) == [
        (1, Decimal("1.50"), None),
        (2**40, Decimal("9999999999.99"), "x"),
        (3, Decimal("2.00"), None),
    ]
    assert sorted(table.columns()) == [
        ("id", "bigint"), ("note", "character varying"), ("price", "numeric"),
    ]  # fmt: skip


def test_a_type_that_cannot_grow_is_refused(table):
    table.publish([(1,)], "k1", schema=(Column("id", "integer"),), mode="append")
    with pytest.raises(LoadFailed) as told:
        table.stage([("x",)], "k2", schema=(Column("id", "varchar"),), mode="append")
    assert told.value.code == "PSK-TGT-103"
    assert table.staged() == []


@pytest.mark.parametrize("options", [{"dist_key": "id"}, {"sort_key": ["id"]}])
def test_a_key_of_the_table_cannot_grow(table, options):
    """Redshift does not drop a column that is a key."""
    load = {"mode": "append", "options": options}
    table.publish([(1,)], "k1", schema=(Column("id", "integer"),), **load)
    wide = {"schema": (Column("id", "bigint"),), **load}
    with pytest.raises(LoadFailed) as told:
        table.publish([(2,)], "k2", **wide)
    assert told.value.code == "PSK-TGT-103"


def test_an_overwrite_takes_other_columns(table):
    table.publish([(1,)], "k1", schema=(Column("id", "integer"),))
    other = (Column("id", "varchar"), Column("day", "date"))
    table.publish([("x", "2026-01-01")], "k2", schema=other)
    assert table.columns() == [("id", "character varying"), ("day", "date")]
    assert table.read(schema=other) == [("x", dt.date(2026, 1, 1))]


def test_too_many_new_columns_at_once(table):
    table.publish([(1,)], "k1", schema=(Column("id", "integer"),), mode="append")
    many = (Column("id", "integer"), *(Column(f"c{i}", "integer") for i in range(50)))
    with pytest.raises(LoadFailed) as told:
        table.stage([(2, *range(50))], "k2", schema=many, mode="append")
    assert told.value.code == "PSK-TGT-145"


def test_a_column_of_an_unknown_type(table):
    table.api.run(f"CREATE TABLE {table.name} (id integer, r real)")
    staged = None
    with pytest.raises(LoadFailed) as told:
        staged = table.stage([(1,)], "k1", schema=(Column("id", "integer"),), mode="append")
    assert staged is None
    assert told.value.code == "PSK-TGT-145"


def test_a_text_that_is_too_long_for_a_table_made_by_hand(table):
    table.api.run(f"CREATE TABLE {table.name} (id integer, part varchar(3), note varchar(3))")
    with pytest.raises(LoadFailed) as told:
        table.publish([(1, "long text", "x")], "k1", mode="append")
    assert told.value.code == "PSK-TGT-141"
    table.publish([(1, "abc", "x")], "k2", mode="append")
    assert table.read() == [(1, "abc", "x")]


def test_the_keys_are_in_the_table_that_is_made(table, monkeypatch):
    from penstock.runtime.targets.redshift.data_api import DataApi

    said = []
    submit = DataApi.submit
    monkeypatch.setattr(
        DataApi,
        "submit",
        lambda self, sqls, **more: said.extend(sqls) or submit(self, sqls, **more),
    )
    options = {"dist_key": "part", "sort_key": ["id", "part"], "iam_role": "arn:aws:iam::1:role/r"}
    table.publish([(1, "a", "x")], "k1", options=options)
    (made,) = (s for s in said if s.startswith("CREATE TABLE"))
    assert made.endswith(' DISTSTYLE KEY DISTKEY ("part") COMPOUND SORTKEY ("id", "part")')
    (copy,) = (s for s in said if s.startswith("COPY"))
    assert "IAM_ROLE 'arn:aws:iam::1:role/r' FORMAT AS PARQUET MANIFEST" in copy


def test_what_cannot_be_is_refused_before_a_row_is_written(table):
    for load in (
        {"mode": "merge"},
        {"mode": "merge", "keys": ("nothing",)},
        {"mode": "overwrite_partitions"},
        {"options": {"dist_key": "nothing"}},
    ):
        with pytest.raises(LoadFailed) as told:
            table.stage([(1, "a", "x")], "k1", **load)
        assert told.value.code == "PSK-TGT-105"
    both = (Column("a", "integer"), Column("A", "integer"))
    target = table.target(schema=both)
    with pytest.raises(LoadFailed, match="case of their letters"):
        target.stage(table.engine, "rows", "k1")
    assert table.staged() == []


def test_rows_need_a_place_to_be_staged(table, monkeypatch):
    with pytest.raises(LoadFailed) as told:
        table.stage([(1, "a", "x")], "k1", options={"staging": None})
    assert told.value.code == "PSK-TGT-142"
    monkeypatch.setenv("PENSTOCK_WORK", f"s3://acme-lake/{table.name}")
    staged = table.stage([(1, "a", "x")], "k1", options={"staging": None})
    assert [p for p in table.staged() if p.startswith("staging/")]
    table.target(options={"staging": None}).commit(staged)
    assert table.read() == [(1, "a", "x")]


def test_a_table_that_is_too_large_is_not_fetched(table, monkeypatch):
    from penstock.runtime.targets.redshift import reading

    table.publish([(1, "a", "x"), (2, "b", "y")], "k1")
    monkeypatch.setattr(reading, "MOST_ROWS", 1)
    with pytest.raises(SourceUnavailable) as told:
        table.target().relation()
    assert told.value.code == "PSK-TGT-143"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "exactly one of workgroup, cluster, and here is none"),
        ({"workgroup": "w", "cluster": "c"}, "`workgroup` and `cluster`"),
        ({"workgroup": "w", "user": "u"}, "`user` is for a `cluster`"),
    ],
)
def test_options_that_contradict_each_other(options, said):
    with pytest.raises(ValueError, match=said):
        RedshiftTargetOptions(table="t", database="d", **options)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("workgroup: w, staging: here", "PSK-TGT-025"),
        ("workgroup: w, iam_role: someone", "PSK-TGT-025"),
        ("workgroup: w, cluster: c", "PSK-TGT-025"),
        ("workgroup: w, dist_key: nothing", "PSK-TGT-011"),
        ("workgroup: w, sort_key: [id, nothing]", "PSK-TGT-011"),
        ("cluster: c, user: u, staging: 's3://b/p', dist_key: id", None),
    ],
)
def test_the_options_in_a_pipeline_file(tmp_path, text, code):
    from penstock.compiler import compile_definition
    from penstock.errors import InvalidDefinition
    from penstock.spec import load_definition

    (tmp_path / "data.csv").write_text("id\n1\n")
    (tmp_path / "pipeline.yaml").write_text(
        "name: shop\n"
        "sources: {a: {connector: file, path: data.csv, schema: {id: integer}}}\n"
        "targets: {t: {from: a, connector: redshift, mode: overwrite, table: t, database: d, "
        f"{text}}}}}\n"
    )
    try:
        definition = load_definition(tmp_path, environment={})
        found = compile_definition(definition).diagnostics
    except InvalidDefinition as error:
        found = error.diagnostics
    assert [d.code for d in found if d.severity == "error"] == ([code] if code else [])
