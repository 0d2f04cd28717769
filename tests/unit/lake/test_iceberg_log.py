"""Iceberg tables that another program made or changed, and commits that lose a race."""

from __future__ import annotations

import os
import sqlite3
import sys
import uuid
from contextlib import closing, nullcontext
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import FloatType, IntegerType, NestedField
from sqlalchemy.exc import OperationalError

from penstock.errors import Conflict, LoadFailed, MissingExtra
from penstock.program import Column
from penstock.runtime.targets.base import Upkeep
from penstock.runtime.targets.lake import iceberg_catalog
from penstock.runtime.targets.lake.iceberg_catalog import CATALOG, identifier, open_catalog
from penstock.runtime.targets.lake.place_local import LocalPlace
from penstock.runtime.targets.lake.place_remote import RemotePlace

APPEND = {"mode": "append"}


@pytest.fixture
def ice(table):
    table.load = replace(table.load, options={"path": "table", "format": "iceberg"})
    return table


@pytest.fixture
def bucket(ice, aws):
    path = f"s3://acme-lake/{uuid.uuid4().hex}/table"
    ice.load = replace(ice.load, options={"path": path, "format": "iceberg"})
    return ice


def opened(table):
    """The table as another program opens it."""
    place = LocalPlace(table.load.options["path"], table.root)
    return open_catalog(place, create=True).load_table(identifier(place))


def theirs(table, *rows):
    schema = pa.schema({"id": pa.int32(), "part": pa.string(), "note": pa.string()})
    data = [dict(zip(schema.names, row, strict=True)) for row in rows]
    opened(table).append(pa.Table.from_pylist(data, schema))


def delete_row(table, position):
    """What another engine does: a file that names the deleted rows of a data file."""
    found = opened(table)
    (task,) = found.scan().plan_files()
    path = table.folder / "data" / f"{uuid.uuid4().hex}-deletes.parquet"
    fields = [
        pa.field("file_path", pa.string(), False, {"PARQUET:field_id": "2147483546"}),
        pa.field("pos", pa.int64(), False, {"PARQUET:field_id": "2147483545"}),
    ]
    rows = [{"file_path": task.file.file_path, "pos": position}]
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(fields)), path)
    deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=str(path),
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=1,
        file_size_in_bytes=path.stat().st_size,
        column_sizes={}, value_counts={}, null_value_counts={}, nan_value_counts={},
        lower_bounds={}, upper_bounds={}, key_metadata=None, split_offsets=None,
        equality_ids=None, sort_order_id=None, spec_id=0,
    )  # fmt: skip
    with found.transaction() as change, change.update_snapshot().fast_append() as update:
        update.append_data_file(deletes)


@pytest.mark.parametrize("module", ["pyiceberg.catalog.sql", "pyiceberg.io.pyarrow"])
def test_without_pyiceberg_the_extra_is_named(ice, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match="format: iceberg") as told:
        ice.target()
    assert "penstock[iceberg]" in told.value.hint


# -- after a foreign writer's commit


def test_rows_of_another_program_are_kept(ice, values):
    first = ice.publish(values((1, "a", "n")), **APPEND)
    theirs(ice, (2, "a", "theirs"))
    assert not ice.target().holds(first.version), "the next run notices"
    ice.publish(values((3, "b", "n")), **APPEND)
    assert ice.read() == [(1, "a", "n"), (2, "a", "theirs"), (3, "b", "n")]
    kinds = [(v.key, v.summary, v.rows) for v in ice.target().versions()]
    assert kinds == [("key-2", "append", 3), (None, "append", 2), ("key-1", "append", 1)]


def test_files_written_together_are_the_same_rows(ice, values):
    ice.publish(values((1, "a", "n")), **APPEND)
    done = ice.publish(values((2, "a", "n")), **APPEND)
    kept = ice.target().maintain(ice.engine, Upkeep(), "tidy")
    assert kept.files_compacted == 2
    assert ice.target().holds(done.version)
    assert ice.target().holds(kept.version)
    assert not ice.target().holds("1")
    assert ice.read() == [(1, "a", "n"), (2, "a", "n")]


def metadata_of(table):
    """The names of a table's metadata files, by kind: metadata, manifest lists, manifests."""
    names = [p.name for p in (table.folder / "metadata").iterdir()]
    lists = {n for n in names if n.startswith("snap-")}
    tables = {n for n in names if n.endswith(".metadata.json")}
    return tables, lists, {*names} - tables - lists


def test_metadata_that_nobody_needs_goes_with_the_snapshots(ice, values):
    for n in range(4):
        ice.publish(values((n, "a", "n")), **APPEND)
    tables, lists, manifests = metadata_of(ice)
    assert (len(tables), len(lists)) == (4, 4)
    kept = ice.target().maintain(ice.engine, Upkeep(keep_days=7), "young")
    assert kept.metadata_removed == 0, "somebody may read them still"
    would = ice.target().maintain(ice.engine, Upkeep(keep_days=0, dry_run=True), "dry")
    assert would.metadata_removed > 0
    theirs = ice.folder / "metadata" / "00009-of-a-commit-under-way.metadata.json"
    dead = ice.folder / "metadata" / "snap-of-a-dead-commit.avro"
    for path in (theirs, dead):
        path.write_text("{}")
    os.utime(dead, (0, 0))
    kept = ice.target().maintain(ice.engine, Upkeep(keep_days=0), "tidy")
    tables, lists, manifests = metadata_of(ice)
    assert (len(tables - {theirs.name}), len(lists)) == (1, 1)
    assert theirs.exists()
    assert not dead.exists()
    assert kept.metadata_removed >= 4 + 4 + 1
    assert manifests == {
        m.manifest_path.rpartition("/")[2]
        for m in opened(ice).current_snapshot().manifests(opened(ice).io)
    }
    assert ice.read() == [(n, "a", "n") for n in range(4)]
    again = ice.target().maintain(ice.engine, Upkeep(keep_days=0), "again")
    assert again.metadata_removed == 0
    ice.publish(values((9, "b", "n")), **APPEND)
    assert len(ice.read()) == 5


def test_old_snapshots_are_forgotten(ice, values):
    first = ice.publish(values((1, "a", "n")))
    last = ice.publish(values((2, "a", "n")))
    assert ice.target()._log.at(first.version).rows == 1
    kept = ice.target().maintain(ice.engine, Upkeep(keep_days=0), "tidy")
    assert (len(kept.versions_removed), kept.version) == (1, last.version)
    assert kept.files_removed >= 1
    assert ice.target()._log.at(first.version) is None
    assert ice.read() == [(2, "a", "n")]
    ice.target()._log.expire([])
    assert [v.version for v in ice.target().versions()] == [last.version]


def test_nothing_is_forgotten_of_a_table_that_is_not_there(ice):
    ice.target()._log.expire(["1"])
    assert not ice.folder.exists()


def test_rows_another_engine_deleted_are_gone_and_their_files_cannot_be_restored(ice, values):
    ice.publish(values((1, "a", "n"), (2, "a", "n"), (3, "a", "n")), **APPEND)
    delete_row(ice, 1)
    current = ice.target()._log.current()
    assert current.rows == 2
    assert ice.read() == [(1, "a", "n"), (3, "a", "n")]
    ice.publish(values((9, "a", "n")))
    assert ice.read() == [(9, "a", "n")]
    with pytest.raises(LoadFailed, match="deleted without writing their files anew") as told:
        ice.target().restore(current.version, "back")
    assert told.value.code == "PSK-TGT-112"
    assert ice.read() == [(9, "a", "n")]


# -- races


def late_by(target, meanwhile):
    """Have `meanwhile` happen between a commit's look and its first try."""
    publish = target._log.publish
    tries = []

    def slow(base, change):
        if not tries:
            meanwhile()
        tries.append(publish(base, change))
        return tries[-1]

    target._log.publish = slow
    return tries


def test_an_append_that_loses_the_race_looks_again(ice, values):
    ice.publish(values((1, "a", "n")), **APPEND)
    late = ice.stage(values((2, "a", "n")), "late", **APPEND)
    target = ice.target(**APPEND)
    tries = late_by(target, lambda: theirs(ice, (3, "a", "theirs")))
    target.commit(late)
    assert tries[0] is None
    assert tries[1] is not None
    assert [r[0] for r in ice.read()] == [1, 2, 3]


def test_of_two_that_make_the_table_one_appends_to_the_other(ice, values):
    late = ice.stage(values((2, "a", "n")), "late", **APPEND)
    early = ice.stage(values((1, "a", "n")), "early", **APPEND)
    target = ice.target(**APPEND)
    # The other program does not take our lock.
    other = ice.target(**APPEND)
    other._place.locked = nullcontext
    tries = late_by(target, lambda: other.commit(early))
    target.commit(late)
    assert tries[0] is None
    assert [r[0] for r in ice.read()] == [1, 2]


@pytest.mark.parametrize("first", [True, False])
def test_in_a_bucket_the_one_that_swaps_first_was_first(bucket, values, first):
    if not first:
        bucket.publish(values((0, "a", "n")), **APPEND)
    late = bucket.stage(values((2, "a", "n")), "late", **APPEND)
    early = bucket.stage(values((1, "a", "n")), "early", **APPEND)
    target = bucket.target(**APPEND)
    tries = late_by(target, lambda: bucket.target(**APPEND).commit(early))
    target.commit(late)
    assert tries[0] is None
    assert tries[1] is not None
    assert [r[0] for r in bucket.read()] == [1, 2] if first else [0, 1, 2]


def test_a_pointer_swapped_during_a_commit_refuses_it(bucket, values, monkeypatch):
    """Between reading the pointer and swapping it: the last moment there is."""
    bucket.publish(values((1, "a", "n")), **APPEND)
    place = RemotePlace(bucket.load.options["path"], bucket.root)
    catalog = open_catalog(place, create=True)
    table = catalog.load_table(identifier(place))
    write = type(catalog)._write_metadata

    def slow(*args, **options):
        write(*args, **options)
        swapped = place.store.read(iceberg_catalog.POINTER) + b" "
        place.store.put(iceberg_catalog.POINTER, swapped)

    monkeypatch.setattr(type(catalog), "_write_metadata", staticmethod(slow))
    change = table.transaction()
    change.set_properties({"commit.retry.num-retries": "0", "mine": "1"})
    with pytest.raises(CommitFailedException, match="another writer was first"):
        change.commit_transaction()
    assert "mine" not in catalog.load_table(identifier(place)).properties


def test_a_bucket_without_a_pointer_has_no_table(aws, tmp_path):
    place = RemotePlace(f"s3://acme-lake/{uuid.uuid4().hex}/table", tmp_path)
    catalog = open_catalog(place, create=False)
    with pytest.raises(NoSuchTableError):
        catalog.load_table(identifier(place))


def test_a_catalog_of_one_table_does_nothing_else(aws, tmp_path):
    catalog = open_catalog(RemotePlace("s3://acme-lake/x/table", tmp_path), create=False)
    for act in (catalog.list_namespaces, lambda: catalog.drop_table("t")):
        with pytest.raises(NotImplementedError, match="holds one table"):
            act()


# -- damage


def test_a_lost_catalog_is_not_an_empty_table(ice, values):
    ice.publish(values((1, "a", "n")))
    catalog = ice.folder / iceberg_catalog.CATALOG
    kept = catalog.read_bytes()
    catalog.unlink()
    for act in (ice.read, lambda: ice.publish(values((2, "a", "n")))):
        with pytest.raises(LoadFailed, match=r"the catalog table/_penstock/catalog\.sqlite is gone") as told:  # fmt: skip
            act()
        assert told.value.code == "PSK-TGT-104"
        assert "backup" in told.value.hint
    catalog.write_bytes(kept)
    assert ice.read() == [(1, "a", "n")]


def test_a_folder_of_metadata_that_is_empty_is_no_table(ice, values):
    (ice.folder / "metadata").mkdir(parents=True)
    assert ice.target().versions() == []
    assert not (ice.folder / iceberg_catalog.CATALOG).exists(), "looking makes nothing"


def test_metadata_that_is_gone_is_told(ice, values):
    done = ice.publish(values((1, "a", "n")))
    for path in (ice.folder / "metadata").glob("*.metadata.json"):
        path.unlink()
    with pytest.raises(LoadFailed, match="the Iceberg table table cannot be read") as told:
        ice.read()
    assert told.value.code == "PSK-TGT-104"
    assert not ice.target().holds(done.version), "so it is computed anew, or told at staging"


# -- tables of other programs


def make(table, schema, **options):
    place = LocalPlace(table.load.options["path"], table.root)
    place.prepare()
    return open_catalog(place, create=True).create_table(
        identifier(place), schema, location=place.url, **options
    )


def test_a_table_without_snapshots_is_empty(ice, values):
    make(ice, Schema(NestedField(1, "id", IntegerType())))
    current = ice.target()._log.current()
    assert (current.version, current.key, current.rows, current.mode) == ("0", "", 0, "create")
    assert ice.read() == []
    assert ice.target().versions() == []
    ice.publish("SELECT CAST(1 AS integer) AS id", schema=(Column("id", "integer"),), **APPEND)
    assert ice.read() == [(1,)]


def test_columns_that_would_lose_digits_are_not_written(ice):
    make(ice, Schema(NestedField(1, "id", IntegerType()), NestedField(2, "at", FloatType())))
    with pytest.raises(LoadFailed, match="does not know: column `at`") as told:
        ice.publish("SELECT CAST(1 AS integer) AS id", schema=(Column("id", "integer"),), **APPEND)
    assert told.value.code == "PSK-TGT-112"


@pytest.mark.parametrize("prefix", ["file://", "file:"])
def test_paths_may_be_urls_of_files(ice, values, prefix):
    log = ice.target()._log
    url = LocalPlace("table", ice.root).url
    assert log._relative(f"{prefix}{url}/data/x.parquet") == "data/x.parquet"
    assert log._relative(f"{url}/data/x.parquet") == "data/x.parquet"
    assert log._relative("/elsewhere/x.parquet") == "/elsewhere/x.parquet"


def test_an_older_version_has_the_columns_it_had(ice, values):
    first = ice.publish(values((1, "a", "n")), **APPEND)
    wider = (*ice.load.schema, Column("more", "integer"))
    sql = "SELECT 2::integer AS id, 'b' AS part, 'n' AS note, 7::integer AS more"
    ice.publish(sql, schema=wider, **APPEND)
    names = [c.name for c in ice.target()._log.at(first.version).columns]
    assert names == ["id", "part", "note"]
    assert [c.name for c in ice.target()._log.current().columns] == [*names, "more"]
    assert ice.read(first.version) == [(1, "a", "n")]


def test_conflicts_of_a_table_that_was_deleted_meanwhile(ice, values):
    ice.publish(values((1, "a", "n")))
    late = ice.stage(values((2, "a", "n")), "late")
    place = LocalPlace("table", ice.root)
    open_catalog(place, create=False).drop_table(identifier(place))
    with pytest.raises(Conflict, match="and is at None"):
        ice.target().commit(late)


# -- where S3 is


def test_the_keys_of_s3_go_to_pyiceberg(monkeypatch, tmp_path):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    keys = {
        "s3.access-key-id": "key",
        "s3.secret-access-key": "secret",
        "s3.session-token": "token",
        "s3.region": "eu-west-1",
    }
    assert iceberg_catalog.s3_properties() == keys
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://here")
    assert iceberg_catalog.s3_properties() == {**keys, "s3.endpoint": "http://here"}
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    assert set(iceberg_catalog.s3_properties()) == {"s3.region", "s3.endpoint"}


def test_a_table_is_called_as_its_folder(tmp_path):
    assert identifier(LocalPlace("a/b/orders/", tmp_path)) == ("lake", "orders")


def test_of_forgotten_versions_none_is_held(ice, values):
    first = ice.publish(values((1, "a", "n")), **APPEND)
    second = ice.publish(values((2, "a", "n")), **APPEND)
    kept = ice.target().maintain(ice.engine, Upkeep(keep_days=0), "tidy")
    log = ice.target()._log
    assert [s.version for s in log.all()] == [kept.version]
    assert log.holds(kept.version)
    assert not log.holds(first.version)
    assert log.holds(second.version)  # its files were only written together


def test_of_a_table_that_is_not_there_nothing_is_pinned(ice):
    assert ice.target()._log.pinned() == (set(), set())


def test_a_catalog_that_another_program_has_locked(ice, values, monkeypatch):
    monkeypatch.setattr(iceberg_catalog, "LOCKED_SECONDS", 0.05)
    ice.publish(values((0, "a", "n")), **APPEND)
    staged = ice.stage(values((1, "a", "n")), "late", **APPEND)
    with closing(sqlite3.connect(ice.target(**APPEND)._place.folder / CATALOG)) as other:
        cursor = other.execute("SELECT * FROM iceberg_tables")  # not read to its end
        with pytest.raises(Conflict, match="another program has locked the catalog"):
            ice.target(**APPEND).commit(staged)
        cursor.close()
    ice.target(**APPEND).commit(staged)
    assert [r[0] for r in ice.read()] == [0, 1]


def test_a_damaged_catalog(ice, values):
    ice.publish(values((0, "a", "n")), **APPEND)
    place = ice.target(**APPEND)._place
    engine = open_catalog(place, create=False).engine
    with engine.connect() as connection, pytest.raises(OperationalError, match="no such table"):
        connection.exec_driver_sql("SELECT * FROM missing")
    (place.folder / CATALOG).write_bytes(b"no database" * 1000)
    with pytest.raises(LoadFailed, match=r"catalog\.sqlite is damaged: file is not a database"):
        ice.read()
    (place.folder / CATALOG).unlink()
    (place.folder / CATALOG).mkdir()
    with pytest.raises(OperationalError, match="unable to open"):
        ice.read()
