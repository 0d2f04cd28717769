"""Tables of each format beside programs that are not Penstock: they read ours, we mind theirs."""

from __future__ import annotations

import json
from dataclasses import replace

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual
from pyiceberg.table import StaticTable
from pyiceberg.transforms import BucketTransform
from pyiceberg.types import IntegerType, StringType

from penstock.errors import LoadFailed
from penstock.program import Column
from penstock.runtime.storage import open_store

C = Column
FORMATS = ["parquet", "orc", "delta", "iceberg"]
ODD = (
    C("id", "integer"), C("part", "varchar"), C("d", "double"), C("dec", "decimal(38,10)"),
    C("tz", "timestamptz"), C("t", "timestamp"), C("l", "integer[]"),
    C("s", "struct(a integer, b varchar[])"), C("m", "map(varchar,integer)"), C("b", "blob"),
    C("sm", "smallint"),
)  # fmt: skip
ODD_ROWS = r"""VALUES
(1, 'a/b', 'nan'::double, 1234567890123456789012345678.0123456789, '2026-01-01 05:00:00.123456+02',
 '1969-12-31 23:59:59', [1, NULL, 3], {'a': 1, 'b': ['x', NULL]}, MAP {'k': 1, 'q': NULL},
 '\x00\xFF'::blob, 1),
(2, NULL, 'inf'::double, -0.0000000001, NULL, NULL, [], NULL, NULL, ''::blob, -32768),
(3, '100%', '-inf'::double, NULL, '1700-01-01 00:00:00+00', '2200-12-31 23:59:59.999999', NULL,
 {'a': NULL, 'b': NULL}, NULL, NULL, NULL),
(4, 'é 日本=x', NULL, 0, '2026-01-01 00:00:00+00', '2026-01-01', [2147483647], {'a': 2, 'b': []},
 MAP {'': 5}, 'abc'::blob, 7)"""


@pytest.fixture(params=FORMATS)
def lake(request, table):
    table.load = replace(table.load, options={"path": "table", "format": request.param})
    return table


def odd_rows():
    chosen = ", ".join(f"CAST({c.name} AS {c.type}) AS {c.name}" for c in ODD)
    names = ", ".join(c.name for c in ODD)
    return f"SELECT {chosen} FROM ({ODD_ROWS}) AS v({names})"


def iceberg(table):
    """The table as pyiceberg opens it: by the catalog that stands in its folder."""
    uri = f"sqlite:///{table.folder}/_penstock/catalog.sqlite"
    catalog = SqlCatalog("penstock", uri=uri, warehouse=str(table.folder))
    catalog.engine.dispose()
    return catalog.load_table(("lake", "table"))


def foreign(table):
    """The rows as another program reads them, as dicts in the order of `id`."""
    form = table.load.options["format"]
    if form == "delta":
        found = pa.table(deltalake.DeltaTable(str(table.folder)).to_pyarrow_table())
    elif form == "iceberg":
        found = iceberg(table).scan().to_arrow()
    else:
        manifest = table.manifest()
        columns = [(c["name"], c["type"]) for c in manifest["columns"]]
        parts = [pa.field(n, pa.string()) for n, _ in columns if n in manifest["partition_by"]]
        files = [str(table.folder / f["path"]) for f in manifest["files"]]
        some = [ds.dataset(f, format=form).schema for f in files]
        found = ds.dataset(
            files,
            format=form,
            schema=pa.unify_schemas([*some, pa.schema(parts)], promote_options="permissive"),
            partitioning=ds.partitioning(pa.schema(parts), flavor="hive") if parts else None,
            partition_base_dir=str(table.folder),
        ).to_table()
    rows = found.to_pylist(maps_as_pydicts="strict")
    return sorted(rows, key=lambda r: r["id"])


def mine(table, **load):
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(f"FROM {table.target(**load).relation()} AS t ORDER BY id")
        return [
            dict(zip([d[0] for d in found.description], r, strict=True)) for r in found.fetchall()
        ]


def plain(rows):
    """Comparable: NaN equals NaN, and a time with a zone the same moment in UTC."""
    return [{k: str(v).replace("+00:00", "") for k, v in sorted(r.items())} for r in rows]


@pytest.mark.parametrize("partition_by", [(), ("part",)])
def test_odd_values_are_read_by_others_as_they_are(lake, partition_by):
    load = {"schema": ODD, "partition_by": partition_by}
    lake.publish(odd_rows(), **load)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(f"FROM ({odd_rows()}) ORDER BY id")
        names = [d[0] for d in found.description]
        wanted = [dict(zip(names, r, strict=True)) for r in found.fetchall()]
    assert plain(mine(lake, **load)) == plain(wanted)
    assert plain(foreign(lake)) == plain(wanted)


def test_no_rows_are_a_table_for_others_too(lake):
    lake.publish(f"SELECT * FROM ({odd_rows()}) WHERE false", schema=ODD)
    assert mine(lake, schema=ODD) == []
    if lake.load.options["format"] == "delta":
        found = deltalake.DeltaTable(str(lake.folder)).to_pyarrow_table()
        assert (found.num_rows, found.column_names) == (0, [c.name for c in ODD])
    if lake.load.options["format"] == "iceberg":
        found = iceberg(lake).scan().to_arrow()
        assert (found.num_rows, found.column_names) == (0, [c.name for c in ODD])


FIRST = (C("id", "integer"), C("n", "integer"), C("gone", "varchar"))
SECOND = (C("fresh", "date"), C("n", "bigint"), C("id", "integer"))


@pytest.mark.parametrize("load", [{"mode": "append"}, {"mode": "merge", "keys": ("id",)}])
def test_schemas_evolve_and_others_see_it(lake, load):
    """A column comes, one stays away, the order differs, and a type grows."""
    lake.publish("SELECT 1::integer AS id, 7::integer AS n, 'x' AS gone", schema=FIRST, **load)
    lake.publish(
        "SELECT DATE '2026-01-01' AS fresh, 3000000000::bigint AS n, 2::integer AS id",
        schema=SECOND, **load,
    )  # fmt: skip
    wanted = [
        {"id": 1, "n": 7, "gone": "x", "fresh": None},
        {"id": 2, "n": 3_000_000_000, "gone": None, "fresh": "2026-01-01"},
    ]
    assert plain(mine(lake)) == plain(wanted)
    assert lake.types() == {"id": "integer", "n": "bigint", "gone": "varchar", "fresh": "date"}
    form = lake.load.options["format"]
    if form == "orc":  # pyarrow's reader takes no wider type than a file's own
        return
    assert plain(foreign(lake)) == plain(wanted)


@pytest.mark.parametrize("load", [{"mode": "append"}, {"mode": "merge", "keys": ("id",)}])
def test_a_column_that_stays_away_is_null(lake, load):
    """Where the new rows are in files of their own, which lack the column."""
    lake.publish("SELECT 1::integer AS id, 7::integer AS n, 'x' AS gone", schema=FIRST, **load)
    lake.publish("SELECT 2::integer AS id, 8::integer AS n", schema=FIRST[:2], **load)
    wanted = [{"id": 1, "n": 7, "gone": "x"}, {"id": 2, "n": 8, "gone": None}]
    assert mine(lake) == wanted
    assert foreign(lake) == wanted


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_a_decimal_grows_where_the_format_lets_it(lake, mode):
    load = {"mode": mode, "keys": ("id",) if mode == "merge" else ()}
    for number, kind in ((1, "decimal(8,2)"), (2, "decimal(12,2)")):
        schema = (C("id", "integer"), C("a", kind))
        lake.publish(f"SELECT {number}::integer AS id, 1.50::{kind} AS a", schema=schema, **load)
    assert lake.types()["a"] == "decimal(12,2)"
    assert [str(r["a"]) for r in mine(lake)] == ["1.50", "1.50"]
    if lake.load.options["format"] in {"delta", "iceberg"}:
        assert [str(r["a"]) for r in foreign(lake)] == ["1.50", "1.50"]


def test_iceberg_says_which_type_cannot_grow(table):
    table.load = replace(table.load, options={"path": "table", "format": "iceberg"})
    table.publish("SELECT 1::integer AS id, 1::integer AS n",
                  schema=(C("id", "integer"), C("n", "integer")), mode="append")  # fmt: skip
    with pytest.raises(LoadFailed, match="`n` from integer to decimal") as told:
        table.publish("SELECT 1::integer AS id, 1.5::decimal(14,2) AS n",
                      schema=(C("id", "integer"), C("n", "decimal(14,2)")), mode="append")  # fmt: skip
    assert told.value.code == "PSK-TGT-103"
    assert mine(table) == [{"id": 1, "n": 1}]


# -- others write


def rows_of(*pairs):
    ids, parts = zip(*pairs, strict=True)
    return pa.table(
        {"id": pa.array(ids, pa.int32()), "part": list(parts), "note": ["foreign"] * len(ids)}
    )


def delta(table):
    return deltalake.DeltaTable(str(table.folder))


def delta_append(table):
    deltalake.write_deltalake(str(table.folder), rows_of((4, "f")), mode="append")


def delta_merge(table):
    (
        delta(table)
        .merge(rows_of((1, "F"), (5, "F")), "s.id = t.id", source_alias="s", target_alias="t")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


def delta_delete(table):
    delta(table).delete("id = 3")


def delta_optimize(table):
    delta_append(table)
    delta(table).optimize.compact()


def iceberg_append(table):
    iceberg(table).append(rows_of((4, "f")))


def iceberg_delete(table):
    iceberg(table).delete("id = 3")


def iceberg_column(table):
    with iceberg(table).update_schema() as update:
        update.add_column("more", StringType())
    found = rows_of((4, "f")).append_column("more", pa.array(["m"]))
    iceberg(table).append(found)


OLD = {1: "a", 2: "b", 3: "c"}
WRITERS = [
    ("delta", delta_append, {**OLD, 4: "f"}),
    ("delta", delta_merge, {**OLD, 1: "F", 5: "F"}),
    ("delta", delta_delete, {1: "a", 2: "b"}),
    ("delta", delta_optimize, {**OLD, 4: "f"}),
    ("iceberg", iceberg_append, {**OLD, 4: "f"}),
    ("iceberg", iceberg_delete, {1: "a", 2: "b"}),
    ("iceberg", iceberg_column, {**OLD, 4: "f"}),
]


@pytest.mark.parametrize("mode", ["append", "merge", "overwrite", "overwrite_partitions"])
@pytest.mark.parametrize(("form", "write", "after"), WRITERS)
def test_what_others_wrote_is_noticed_and_stays(table, values, form, write, after, mode):
    options = {"path": "table", "format": form}
    parts = ("part",) if mode == "overwrite_partitions" else ()
    table.load = replace(
        table.load, options=options, mode=mode, keys=("id",) if mode == "merge" else (),
        partition_by=parts,
    )  # fmt: skip
    first = table.publish(values((1, "a", "n"), (2, "b", "n"), (3, "c", "n")))
    assert first.notes == ()
    write(table)
    done = table.publish(values((9, "z", "n")))
    (note,) = done.notes
    assert note.startswith("`t`: another program wrote version ")
    found = {r["id"]: r["part"] for r in mine(table)}
    assert found == ({9: "z"} if mode == "overwrite" else {**after, 9: "z"})
    assert {r["id"]: r["part"] for r in foreign(table)} == found
    assert table.publish(values((10, "y", "n"))).notes == (), "told once"


def test_a_commit_between_writing_and_publishing_is_told_too(table, values):
    table.load = replace(table.load, options={"path": "table", "format": "delta"}, mode="append")
    table.publish(values((1, "a", "n")))
    staged = table.stage(values((2, "b", "n")))
    delta_append(table)
    done = table.target().commit(staged)
    assert "another program wrote version 1 (write)" in done.notes[0]
    assert [r["id"] for r in mine(table)] == [1, 2, 4]


@pytest.mark.parametrize("form", ["parquet", "orc"])
def test_a_file_that_others_put_into_the_folder_is_told_and_left(table, values, form):
    table.load = replace(table.load, options={"path": "table", "format": form})
    table.publish(values((1, "a", "n")))
    strange = table.folder / "sub" / f"theirs.{form}"
    strange.parent.mkdir()
    pq.write_table(rows_of((4, "f")), strange)
    (note,) = table.publish(values((2, "b", "n"))).notes
    assert f"another program put files here (sub/theirs.{form})" in note
    assert [r["id"] for r in mine(table)] == [2]
    assert strange.exists()


def test_deletion_vectors_are_refused_by_name(table, values):
    table.load = replace(table.load, options={"path": "table", "format": "delta"})
    table.publish(values((1, "a", "n")))
    delta(table).alter.add_feature(
        [deltalake.TableFeatures.DeletionVectors], allow_protocol_versions_increase=True
    )
    with pytest.raises(LoadFailed, match="deletionVectors") as told:
        table.publish(values((2, "b", "n")))
    assert told.value.code == "PSK-TGT-112"


# -- partitions that readers prune


def test_delta_prunes_partitions(table, values):
    table.load = replace(table.load, options={"path": "table", "format": "delta"},
                         partition_by=("part",))  # fmt: skip
    table.publish(values((1, "a/b", "n"), (2, "100%", "n"), (3, None, "n")))
    found = delta(table)
    assert len(found.file_uris()) == 3
    assert len(found.file_uris(file_pruning_predicate=[("part", "=", "a/b")])) == 1
    dataset = found.to_pyarrow_dataset()
    assert dataset.to_table(filter=pc.field("part") == "100%")["id"].to_pylist() == [2]


SEEN = "SELECT i::integer AS id, 'name-' || i AS name, TIMESTAMP '2026-01-01' + INTERVAL 1 HOUR * i AS seen FROM range(100) AS r(i)"
SEEN_SCHEMA = (C("id", "integer"), C("name", "varchar"), C("seen", "timestamp"))


@pytest.mark.parametrize(
    ("terms", "condition", "wanted"),
    [
        (("day(seen)",), GreaterThanOrEqual("seen", "2026-01-05T00:00:00"), {96, 97, 98, 99}),
        (("month(seen)", "hour(seen)"), EqualTo("seen", "2026-01-01T05:00:00"), {5}),
        (("bucket(id, 8)",), EqualTo("id", 17), {17}),
        (("bucket(16, name)",), EqualTo("name", "name-42"), {42}),
        (("bucket(seen, 4)", "truncate(id, 10)"), EqualTo("id", 33), {33}),
        (("truncate(name, 6)",), EqualTo("name", "name-9"), {9}),
    ],
)
def test_iceberg_prunes_hidden_partitions(table, terms, condition, wanted):
    options = {"path": "table", "format": "iceberg"}
    table.load = replace(table.load, options=options, schema=SEEN_SCHEMA, partition_by=terms,
                         mode="overwrite_partitions")  # fmt: skip
    table.publish(SEEN)
    opened = iceberg(table)
    scan = opened.scan(row_filter=condition)
    assert set(scan.to_arrow()["id"].to_pylist()) == wanted
    assert len(list(scan.plan_files())) < len(list(opened.scan().plan_files()))
    table.publish(f"SELECT * FROM ({SEEN}) WHERE id = 33")  # only its partition is written anew
    assert 33 in {r["id"] for r in mine(table)}
    assert sorted(r["id"] for r in foreign(table)) == sorted(r["id"] for r in mine(table))


def test_buckets_are_those_that_iceberg_counts(table):
    texts = ["", "a", "ab", "abc", "abcd", "iceberg", "日本 é ½", "x" * 37, "\U0001f600"]
    numbers = [0, 1, -1, 34, 2**31 - 1, -(2**31)]
    rows = [(n, t) for n in numbers for t in texts]
    body = ", ".join(f"({n}, '{t}')" for n, t in rows)
    table.load = replace(
        table.load, options={"path": "table", "format": "iceberg"},
        schema=(C("id", "integer"), C("name", "varchar")),
        partition_by=("bucket(id, 5)", "bucket(name, 7)"),
    )  # fmt: skip
    table.publish(f"SELECT id::integer AS id, name FROM (VALUES {body}) AS v(id, name)")
    of_id = BucketTransform(5).transform(IntegerType())
    of_name = BucketTransform(7).transform(StringType())
    seen = 0
    for task in iceberg(table).scan().plan_files():
        path = task.file.file_path.removeprefix("file://")
        for row in pq.ParquetFile(path).read().to_pylist():
            assert list(task.file.partition) == [of_id(row["id"]), of_name(row["name"])]
            seen += 1
    assert seen == len(rows)


# -- in a bucket


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_tables_in_a_bucket_are_read_by_others(table, values, aws, form, tmp_path):
    path = f"s3://acme-lake/{tmp_path.name}/table"
    table.load = replace(table.load, options={"path": path, "format": form}, mode="append",
                         partition_by=("part",))  # fmt: skip
    rows = [(1, "a/b", "n"), (2, "100%", None), (3, None, "é")]
    table.publish(values(*rows[:2]))
    table.publish(values(*rows[2:]))
    keys = {"key_id": "key", "secret": "secret"}
    if form == "delta":
        storage = {
            "aws_access_key_id": keys["key_id"], "aws_secret_access_key": keys["secret"],
            "aws_region": "us-east-1", "aws_endpoint": aws, "aws_allow_http": "true",
        }  # fmt: skip
        found = deltalake.DeltaTable(path, storage_options=storage).to_pyarrow_table()
    else:
        pointer = json.loads(open_store(path, tmp_path).read("_penstock/catalog.json"))
        settings = {
            "s3.endpoint": aws, "s3.access-key-id": keys["key_id"],
            "s3.secret-access-key": keys["secret"], "s3.region": "us-east-1",
        }  # fmt: skip
        found = StaticTable.from_metadata(pointer["metadata_location"], settings).scan().to_arrow()
    got = sorted(tuple(r[c] for c in ("id", "part", "note")) for r in found.to_pylist())
    assert got == rows
