"""Where a table's files and manifests are, on this machine and in a bucket, when they are odd."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from penstock.errors import Conflict, LoadFailed
from penstock.program import Column
from penstock.runtime.targets import durable
from penstock.runtime.targets.base import Upkeep
from penstock.runtime.targets.lake import manifest
from penstock.runtime.targets.lake.manifest_remote import RemoteManifests
from penstock.runtime.targets.lake.place import open_place
from penstock.runtime.targets.lake.snapshot import LakeFile

APPEND = {"mode": "append"}
PARTS = {"partition_by": ("part",)}


@pytest.fixture
def bucket(table, aws):
    path = f"s3://acme-lake/{uuid.uuid4().hex}/table"
    table.load = replace(table.load, options={"path": path})
    return table


@pytest.fixture(params=["here", "bucket"])
def any_table(request, table):
    return request.getfixturevalue("bucket") if request.param == "bucket" else table


@pytest.fixture
def place(any_table):
    found = open_place(any_table.load.options["path"], any_table.root)
    found.prepare()
    return found


def put(place, path, data=b"x"):
    if place.store is not None:
        place.store.put(path, data)
    else:
        (place.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (place.folder / path).write_bytes(data)


def file(path, size=1):
    return LakeFile(path, 1, size)


# -- places


def test_data_files_are_what_is_not_hidden(place):
    for path in ("a.parquet", "p=1/b.parquet", "_penstock/x.json", ".hid/c", "p=1/_d", "p=2/.e"):
        put(place, path)
    assert place.sizes() == {"a.parquet": 1, "p=1/b.parquet": 1}
    assert {"a.parquet", "p=1", "p=2", ".hid"} <= set(place.names())
    place.remove(["a.parquet", "p=1/b.parquet", "nothing.parquet"])
    assert place.sizes() == {}


def test_missing_files_are_those_gone_or_of_another_size(place):
    for i in range(4):
        put(place, f"{i}.parquet")
    there = [file(f"{i}.parquet") for i in range(4)]
    assert place.missing(there) == []
    assert place.missing([]) == []
    assert place.missing([file("0.parquet", 2), file("gone")]) == ["0.parquet", "gone"]
    assert place.missing([*there, file("gone"), file("1.parquet", 9)]) == ["gone", "1.parquet"]


def test_notes_of_what_is_staged(place):
    assert place.staging() == set()
    assert not place.is_staging("t1")
    place.open_staging("t1")
    place.open_staging("t2")
    assert place.is_staging("t1")
    assert place.staging() == {"t1", "t2"}
    place.forget("t1")
    place.forget("t1")
    assert place.staging() == {"t2"}


def test_what_a_token_wrote_is_discarded_but_for_what_is_kept(place):
    for path in ("part-t1-0.parquet", "p=1/part-t1-1.parquet", "part-t2-0.parquet", "xpart-t1-0"):
        put(place, path)
    place.discard("t1", [file("part-t1-0.parquet")])
    assert set(place.sizes()) == {"part-t1-0.parquet", "part-t2-0.parquet", "xpart-t1-0"}


def test_the_last_file_of_a_partition_takes_its_folder_along(table):
    place = open_place("table", table.root)
    place.prepare()
    for path in ("a", "p=1/b", "p=2/c", "p=2/d"):
        put(place, path)
    place.remove(["a", "p=1/b", "p=2/c"])
    assert place.names() == ["_penstock", "p=2"]
    place.remove(["p=2/d"])
    assert place.folder.is_dir()


def test_what_was_written_here_and_never_sent_is_discarded_too(bucket):
    place = open_place(bucket.load.options["path"], bucket.root)
    place.prepare()
    left = place.folder / "p=1" / "part-t1-0.parquet"
    left.parent.mkdir()
    left.write_bytes(b"x")
    place.discard("t1", ())
    assert not left.exists()


# -- manifests


def test_a_manifest_that_cannot_be_read_is_told(table, values):
    table.publish(values((1, "a", "n")))
    current = table.folder / "_penstock" / "current.json"
    good = current.read_bytes()
    current.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(LoadFailed, match=r"table/_penstock/current\.json cannot be used") as told:
        table.read()
    assert told.value.code == "PSK-TGT-104"
    current.unlink()
    current.mkdir()
    with pytest.raises(LoadFailed, match=r"cannot be used: .*[Ii]s a directory"):
        table.read()
    current.rmdir()
    current.write_bytes(good)
    assert table.read() == [(1, "a", "n")]


def test_a_damaged_manifest_in_a_bucket_is_told(bucket, values):
    bucket.publish(values((1, "a", "n")))
    store = open_place(bucket.load.options["path"], bucket.root).store
    for data in (b"{", b"{}", b"[]", b"\xff"):
        store.put("_penstock/current.json", data)
        with pytest.raises(LoadFailed, match=r"table/_penstock/current\.json cannot be used") as told:  # fmt: skip
            bucket.read()
        assert told.value.code == "PSK-TGT-104"
        assert "_penstock/manifests/" in told.value.hint


def test_files_of_somebody_else_in_a_bucket_are_not_mixed(bucket, values):
    store = open_place(bucket.load.options["path"], bucket.root).store
    store.put("part-theirs-0.parquet", b"x")
    store.put("their/data.csv", b"x")
    with pytest.raises(LoadFailed, match=r"did not write it \(their/data\.csv\)") as told:
        bucket.publish(values((1, "a", "n")))
    assert told.value.code == "PSK-TGT-102"
    store.delete(["their/data.csv"])
    bucket.publish(values((1, "a", "n")))
    store.put("their/data.csv", b"x")
    bucket.publish(values((2, "a", "n")), **APPEND)
    assert len(bucket.read()) == 2, "beside a table that is there nothing is refused"


def test_several_files_of_somebody_else_are_counted(table, values):
    table.folder.mkdir()
    for name in ("b", "a", "c"):
        (table.folder / name).write_bytes(b"x")
    with pytest.raises(LoadFailed, match=r"did not write it \(a and 2 more\)"):
        table.target()._log.prepare()


def test_an_empty_folder_becomes_a_table(table, values):
    table.folder.mkdir()
    table.publish(values((1, "a", "n")))
    assert table.read() == [(1, "a", "n")]


def test_a_manifest_swapped_between_two_looks_is_read_again(bucket, values):
    first = bucket.publish(values((1, "a", "n")))
    target = bucket.target()
    store = target._place.store
    manifests = RemoteManifests(store, "table")
    read = manifests._read
    reads = []

    def slow(path):
        found = read(path)
        reads.append(found.version)
        if len(reads) == 1:
            bucket.publish(values((2, "a", "n")))
        return found

    manifests._read = slow
    found = manifests.current()
    assert reads == [first.version, found.version]
    assert found.version != first.version
    assert manifests.publish(found, replace(found, version="000003-x", number=3))


def test_a_manifest_deleted_between_two_looks_is_none(bucket, values):
    bucket.publish(values((1, "a", "n")))
    store = bucket.target()._place.store
    manifests = RemoteManifests(store, "table")
    read = manifests._read

    def slow(path):
        found = read(path)
        store.delete([path])
        return found

    manifests._read = slow
    assert manifests.current() is None


def test_only_what_was_seen_is_swapped(bucket, values):
    bucket.publish(values((1, "a", "n")))
    store = bucket.target()._place.store
    manifests = RemoteManifests(store, "table")
    seen = RemoteManifests(store, "table").current()
    after = replace(seen, version="000002-x", number=2)
    assert manifests.publish(seen, after) is False, "it has not looked itself"
    assert manifests.current().version == seen.version
    bucket.publish(values((2, "a", "n")))
    assert manifests.publish(seen, after) is False, "another was first"
    assert manifests.publish(None, after) is False, "there is a table already"
    assert bucket.read() == [(2, "a", "n")]


def test_versions_with_names_that_are_paths_are_none(any_table, values):
    any_table.publish(values((1, "a", "n")))
    for version in ("", ".", "..", "../current", "a/b"):
        assert any_table.target()._log.at(version) is None


# -- what a log says of versions


def test_files_written_together_are_the_same_rows(any_table, values):
    any_table.publish(values((1, "a", "n")), **APPEND)
    done = any_table.publish(values((2, "a", "n")), **APPEND)
    kept = any_table.target().maintain(any_table.engine, Upkeep(), "tidy")
    assert kept.files_compacted == 2
    log = any_table.target()._log
    assert log.holds(kept.version)
    assert log.holds(done.version)
    assert not log.holds("000001-x")
    any_table.publish(values((3, "a", "n")), **APPEND)
    assert not any_table.target()._log.holds(done.version)
    assert [r[0] for r in any_table.read()] == [1, 2, 3]


def test_a_history_of_nothing_but_compactions_holds_no_other_version(table, values):
    table.publish(values((1, "a", "n")), **APPEND)
    table.publish(values((2, "a", "n")), **APPEND)
    table.target().maintain(table.engine, Upkeep(), "tidy")
    log = table.target()._log
    current = log.current()
    short = replace(current, history=current.history[-1:])
    log._manifests.publish(None, short)
    assert not log.holds("000001-x")
    assert log.holds(current.version)


def test_old_versions_are_forgotten(any_table, values):
    first = any_table.publish(values((1, "a", "n")))
    last = any_table.publish(values((2, "a", "n")))
    kept = any_table.target().maintain(any_table.engine, Upkeep(keep_days=0), "tidy")
    assert (len(kept.versions_removed), kept.files_removed) == (1, 1)
    assert any_table.target()._log.at(first.version) is None
    assert [v.version for v in any_table.target().versions()] == [last.version]
    assert any_table.read() == [(2, "a", "n")]
    with pytest.raises(LoadFailed, match="no version"):
        any_table.target().restore(first.version, "back")


# -- the target's commit


def test_a_writer_who_loses_every_race_gives_up(table, values):
    table.publish(values((1, "a", "n")), **APPEND)
    late = table.stage(values((2, "a", "n")), "late", **APPEND)
    target = table.target(**APPEND)
    tries = []
    target._log.publish = lambda base, change: tries.append(1)
    with pytest.raises(Conflict, match="others kept on writing") as told:
        target.commit(late)
    assert len(tries) == 50
    assert told.value.transient
    first = table.target().versions()[0].version
    with pytest.raises(Conflict, match="others kept on writing"):
        target.restore(first, "back")
    assert len(tries) == 100
    table.target(**APPEND).commit(late)
    assert [r[0] for r in table.read()] == [1, 2]


def test_a_restore_that_loses_a_race_looks_again(table, values):
    first = table.publish(values((1, "a", "n")), **APPEND)
    table.publish(values((2, "a", "n")), **APPEND)
    target = table.target(**APPEND)
    publish = target._log.publish
    tries = []

    def slow(base, change):
        tries.append(None if not tries else publish(base, change))
        return tries[-1]

    target._log.publish = slow
    done = target.restore(first.version, "back")
    assert done.version == tries[1].version
    assert [r[0] for r in table.read()] == [1]


def test_an_append_conflicts_where_a_type_grew_that_means_new_files(table):
    """Delta rewrites the narrower files, and those of the other writer are not among them."""
    table.load = replace(table.load, options={"path": "table", "format": "delta"})
    small, wide = (Column("id", "integer"),), (Column("id", "bigint"),)
    table.publish("SELECT 1::integer AS id", schema=small, **APPEND)
    late = table.stage("SELECT 2::integer AS id", "late", schema=small, **APPEND)
    grown = table.stage("SELECT 3::bigint AS id", "grown", schema=wide, **APPEND)
    table.publish("SELECT 4::integer AS id", "between", schema=small, **APPEND)
    with pytest.raises(Conflict, match="it was at 0 and is at 1"):
        table.target(schema=wide, **APPEND).commit(grown)
    table.target(schema=small, **APPEND).commit(late)
    table.publish("SELECT 5::bigint AS id", "grown", schema=wide, **APPEND)
    assert table.read() == [(1,), (2,), (4,), (5,)]


def test_an_append_of_a_wider_type_onto_a_table_made_meanwhile_is_a_conflict(table):
    table.load = replace(table.load, options={"path": "table", "format": "delta"})
    small, wide = (Column("id", "integer"),), (Column("id", "bigint"),)
    late = table.stage("SELECT 3::bigint AS id", "late", schema=wide, **APPEND)
    table.publish("SELECT 4::integer AS id", "between", schema=small, **APPEND)
    with pytest.raises(Conflict, match="a column's type differs"):
        table.target(schema=wide, **APPEND).commit(late)
    assert table.read() == [(4,)]
    table.publish("SELECT 3::bigint AS id", "late", schema=wide, **APPEND)
    assert table.read() == [(3,), (4,)]


# -- files that are whole


def test_write_atomically_leaves_the_old_file_if_the_disk_is_full(tmp_path, monkeypatch):
    path = tmp_path / "x"
    durable.write_atomically(path, b"old")

    def full(handle):
        raise OSError("no space left")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        durable.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_what_a_killed_commit_left_is_removed_and_what_was_published_stays(
    table, values, monkeypatch
):
    first = table.publish(values((1, "a", "n")), "k1", **APPEND)
    staged = table.stage(values((2, "a", "n")), "k2", **APPEND)
    write = manifest.write_atomically

    def killed(path, data):
        if path.name == "current.json":
            durable.temporary_of(path).write_bytes(data[:10])
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(manifest, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        table.target(**APPEND).commit(staged)
    monkeypatch.undo()
    folder = table.folder / "_penstock"
    assert len(list((folder / "manifests").iterdir())) == 2
    table.target().abandon("k1")
    table.target().abandon("k2")
    assert [p.stem for p in (folder / "manifests").iterdir()] == [first.version]
    assert sorted(p.name for p in folder.iterdir()) == [
        "current.json",
        "lock",
        "manifests",
        "staged",
    ]
    assert table.data_files() == table.paths()
    assert table.read() == [(1, "a", "n")]


@pytest.mark.parametrize(
    ("there", "wanted", "words"),
    [
        ("delta", "parquet", "table is a Delta table"),
        ("delta", "iceberg", "table is a Delta table"),
        ("iceberg", "parquet", "table is an Iceberg table"),
        ("iceberg", "delta", "table is an Iceberg table"),
    ],
)
def test_a_table_of_another_format_is_left_alone(table, values, there, wanted, words):
    table.publish(values((1, "a", "n")), options={"path": "table", "format": there})
    before = sorted(table.folder.rglob("*"))
    with pytest.raises(LoadFailed, match=words) as told:
        table.publish(values((2, "a", "n")), options={"path": "table", "format": wanted})
    assert told.value.code == "PSK-TGT-102"
    assert sorted(table.folder.rglob("*")) == before


def test_a_folder_of_other_files_is_not_made_a_table_of_any_format(table, values):
    table.folder.mkdir()
    (table.folder / "theirs.csv").write_text("x")
    for form in ("delta", "iceberg"):
        with pytest.raises(LoadFailed, match=r"no table \(theirs\.csv\)|did not write it"):
            table.publish(values((2, "a", "n")), options={"path": "table", "format": form})
    assert [p.name for p in table.folder.iterdir()] == ["theirs.csv"]


def test_what_is_to_be_removed_is_noted_until_it_is(place):
    assert place.noted_removal() == []
    place.note_removal(["a", "b"])
    assert place.noted_removal() == ["a", "b"]
    place.note_removal([])
    assert place.noted_removal() == []
