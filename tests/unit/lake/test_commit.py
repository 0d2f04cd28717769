"""One writer after another, readers at any time, and nothing mixed up."""

from __future__ import annotations

import json
import threading

import duckdb
import pytest

from penstock.errors import Conflict, LoadFailed, SourceUnavailable
from penstock.program import Column
from penstock.runtime.targets import durable
from penstock.runtime.targets.lake.manifest import SCHEMA
from penstock.runtime.targets.lake.options import LakeTargetOptions

APPEND = {"mode": "append"}


# -- several writers


def test_append_goes_onto_what_another_writer_published_meanwhile(table, values):
    table.publish(values((1, "a", "n")), **APPEND)
    late = table.stage(values((2, "a", "n")), "late", **APPEND)
    table.publish(values((3, "a", "n")), "between", **APPEND)
    table.target(**APPEND).commit(late)
    assert [r[0] for r in table.read()] == [1, 2, 3]
    history = table.manifest()["history"]
    assert [c["key"] for c in history][1:] == ["between", "late"]
    assert table.manifest()["parent"] == history[-2]["version"]


@pytest.mark.parametrize(
    "load",
    [
        {"mode": "overwrite"},
        {"mode": "merge", "keys": ("id",)},
        {"mode": "overwrite_partitions", "partition_by": ("part",)},
    ],
)
def test_other_modes_conflict_with_a_writer_in_between(table, values, load):
    parts = {"partition_by": load.get("partition_by", ())}
    table.publish(values((1, "a", "n")), **APPEND, **parts)
    late = table.stage(values((1, "a", "late")), "late", **load)
    table.publish(values((3, "a", "n")), "between", **APPEND, **parts)
    with pytest.raises(Conflict, match="another writer moved table") as told:
        table.target(**load).commit(late)
    assert told.value.transient
    assert [r[0] for r in table.read()] == [1, 3]
    table.publish(values((1, "a", "late")), "late", **load)  # the rerun
    assert (1, "a", "late") in table.read()


def test_append_conflicts_with_a_new_schema_it_does_not_fit(table, values):
    table.publish(values((1, "a", "n")), **APPEND)
    late = table.stage(values((2, "a", "n")), "late", **APPEND)
    table.publish("SELECT DATE '2026-01-01' AS note", schema=(Column("note", "date"),))
    with pytest.raises(Conflict, match="`note` is date there and varchar"):
        table.target(**APPEND).commit(late)


def test_two_targets_may_append_to_one_table_in_one_run(table, values):
    for name in ("t", "u"):
        table.publish(values((1, "a", name)), "one-run", target=name, **APPEND)
        table.publish(values((1, "a", name)), "one-run", target=name, **APPEND)
    assert [r[2] for r in table.read()] == ["t", "u"]


def test_writers_in_threads_lose_no_append(table, values):
    staged = [table.stage(values((i, "a", "n")), f"k{i}", **APPEND) for i in range(12)]
    start = threading.Barrier(4)

    def commit(mine):
        start.wait()
        for each in mine:
            table.target(**APPEND).commit(each)

    threads = [threading.Thread(target=commit, args=(staged[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r[0] for r in sorted(table.read())] == list(range(12))
    assert table.manifest()["number"] == 12


def test_waiting_for_another_writer_ends(table, values):
    table.publish(values((1, "a", "n")))
    staged = table.stage(values((2, "a", "n")))
    lock = table.folder / "_penstock" / "lock"
    with (
        durable.locked(lock),
        pytest.raises(Conflict, match="has held"),
        durable.locked(lock, seconds=0.05),
    ):
        pass
    table.target().commit(staged)


# -- readers


def test_a_reader_never_sees_half_a_run(table, values):
    """50 versions, and all the time a reader of current.json and of the files it names."""
    load = {"partition_by": ("part",)}
    table.publish(values((0, "a", "0"), (0, "b", "0"), (0, None, "0")), "k0", **load)
    stop = threading.Event()
    seen: list[str] = []
    wrong: list[object] = []

    def read():
        with duckdb.connect() as con:
            while not stop.is_set():
                try:
                    manifest = table.manifest()
                    files = [str(table.folder / f["path"]) for f in manifest["files"]]
                    query = "SELECT note, count(*) FROM read_parquet(?) GROUP BY note"
                    rows = con.execute(query, [files]).fetchall()
                except Exception as error:  # noqa: BLE001
                    wrong.append(error)
                    return
                if [n for _, n in rows] != [3]:
                    wrong.append(rows)
                seen.append(rows[0][0])

    thread = threading.Thread(target=read)
    thread.start()
    for i in range(1, 51):
        rows = ((i, p, str(i)) for p in ("a", "b", None))
        table.publish(values(*rows), f"k{i}", **load)
    stop.set()
    thread.join()
    assert wrong == []
    assert [int(n) for n in seen] == sorted(int(n) for n in seen)
    assert len(set(seen)) > 3, "the reader was not reading meanwhile"
    assert table.read(columns="DISTINCT note") == [("50",)]


def test_an_old_version_stays_readable(table, values):
    old = table.publish(values((1, "a", "old")), partition_by=("part",))
    table.publish("SELECT 2 AS n", schema=(Column("n", "integer"),))
    assert table.read(old.version) == [(1, "a", "old")]
    assert table.read() == [(2,)]
    for nonsense in ("000009-nope", "../current"):
        with pytest.raises(SourceUnavailable, match="table has no version"):
            table.target().relation(nonsense)


def test_manifest_is_enough_for_another_tool(table, values):
    """Names, types, rows, bytes and partition values: all in the one file."""
    done = table.publish(values((1, "a b", "n"), (2, None, "n")), "the-key", partition_by=("part",))
    manifest = table.manifest()
    assert manifest["schema"] == SCHEMA
    assert manifest["version"] == done.version
    assert manifest["key"] == "the-key"
    assert manifest["parent"] is None
    assert manifest["created_at"].endswith("Z")
    assert manifest["rows"] == 2
    assert [(c["name"], c["type"]) for c in manifest["columns"]] == [
        ("id", "integer"), ("part", "varchar"), ("note", "varchar"),
    ]  # fmt: skip
    for file in manifest["files"]:
        assert (table.folder / file["path"]).stat().st_size == file["bytes"]
        assert file["rows"] == 1
    assert {f["partition"]["part"] for f in manifest["files"]} == {"a b", None}
    kept = table.folder / "_penstock" / "manifests" / f"{done.version}.json"
    assert json.loads(kept.read_text()) == manifest


# -- what lies in the folder


def test_files_of_somebody_else_are_not_mixed(table, values):
    table.folder.mkdir()
    (table.folder / "theirs.parquet").write_bytes(b"PAR1")
    with pytest.raises(LoadFailed, match=r"Penstock did not write it \(theirs.parquet\)") as told:
        table.publish(values((1, "a", "n")))
    assert told.value.code == "PSK-TGT-102"
    assert [p.name for p in table.folder.iterdir()] == ["theirs.parquet"]


def test_a_file_where_the_folder_should_be(table, values):
    table.folder.write_text("x")
    with pytest.raises(LoadFailed, match="a file, not a folder"):
        table.publish(values((1, "a", "n")))


def test_leftovers_of_a_killed_first_run_are_ours(table, values):
    table.stage(values((1, "a", "n")), "killed")
    table.publish(values((2, "a", "n")), "other")
    assert table.read() == [(2, "a", "n")]
    table.target().abandon("killed")
    assert table.data_files() == table.paths()


def test_a_lost_manifest_is_not_an_empty_table(table, values):
    table.publish(values((1, "a", "n")), **APPEND)
    done = table.publish(values((2, "a", "n")), **APPEND)
    current = table.folder / "_penstock" / "current.json"
    current.unlink()
    with pytest.raises(LoadFailed, match="it is gone") as told:
        table.publish(values((3, "a", "n")), **APPEND)
    assert told.value.code == "PSK-TGT-104"
    assert f"manifests/{done.version}.json" in told.value.hint
    current.write_bytes((current.parent / "manifests" / f"{done.version}.json").read_bytes())
    table.publish(values((3, "a", "n")), **APPEND)
    assert [r[0] for r in table.read()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a manifest"),
        ("[]", "not a manifest"),
        ("{}", "not a manifest"),
        (json.dumps({"schema": SCHEMA}), "not a manifest"),
        (json.dumps({"schema": "penstock.lake/2"}), "this Penstock knows penstock.lake/1"),
    ],
)
def test_a_damaged_manifest(table, values, text, words):
    table.publish(values((1, "a", "n")))
    (table.folder / "_penstock" / "current.json").write_text(text)
    for do in (
        lambda: table.publish(values((2, "a", "n"))),
        lambda: table.target().relation(),
        lambda: table.target().holds("x"),
    ):
        with pytest.raises(LoadFailed, match=words) as told:
            do()
        assert told.value.code == "PSK-TGT-104"
        assert told.value.hint


def test_keys_a_later_version_adds_are_ignored(table, values):
    table.publish(values((1, "a", "n")))
    path = table.folder / "_penstock" / "current.json"
    path.write_text(json.dumps({**table.manifest(), "later": 1}))
    assert table.read() == [(1, "a", "n")]


def test_holds_wants_every_file_whole(table, values):
    done = table.publish(values((1, "a", "n"), (2, "b", "n")), partition_by=("part",))
    path = table.folder / min(table.paths())
    data = path.read_bytes()
    assert table.target().holds(done.version)
    path.write_bytes(data[:-1])
    assert not table.target().holds(done.version)
    path.write_bytes(data)
    assert table.target().holds(done.version)


def test_a_manifest_that_was_put_back_after_the_commit(table, values):
    first = table.publish(values((1, "a", "n")), "k1")
    table.publish(values((2, "a", "n")), "k2")
    again = table.stage(values((2, "a", "n")), "k2")  # finds its commit
    folder = table.folder / "_penstock"
    (folder / "current.json").write_bytes((folder / f"manifests/{first.version}.json").read_bytes())
    with pytest.raises(Conflict, match="put back"):
        table.target().commit(again)
    table.publish(values((2, "a", "n")), "k2")
    assert table.read() == [(2, "a", "n")]


def test_nothing_piles_up(table, values):
    for i in range(3):
        table.stage(values((i, "a", "n")), "k")
    table.publish(values((9, "a", "n")), "k")
    assert table.data_files() == table.paths()
    assert list((table.folder / "_penstock" / "staged").iterdir()) == []


def test_abandoning_an_old_run_keeps_the_files_of_its_version(table, values):
    old = table.publish(values((1, "a", "n")), "old")
    token = table.manifest()["history"][0]["token"]
    table.publish(values((2, "a", "n")), "new")
    note = table.folder / "_penstock" / "staged" / f"{token}.json"
    note.write_text("{}")  # as if killed between the swap and the removal of the note
    table.target().abandon("old")
    assert table.read(old.version) == [(1, "a", "n")]
    assert not note.exists()


@pytest.mark.parametrize("partition_by", [(), ("part",)])
def test_no_rows_are_no_files(table, values, partition_by):
    table.publish(values((1, "a", "n")) + " WHERE false", partition_by=partition_by)
    assert table.manifest()["files"] == []
    assert table.data_files() == set()
    assert table.read() == []
    assert table.types() == {"id": "integer", "part": "varchar", "note": "varchar"}


# -- options


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "none"])
def test_compression(table, values, compression):
    table.load.options["compression"] = compression
    table.publish(values(*((i, "a", "the same again " * 20) for i in range(300))))
    (path,) = table.paths()
    with duckdb.connect() as con:
        query = f"SELECT DISTINCT compression FROM parquet_metadata('{table.folder / path}')"
        found = con.execute(query).fetchall()
    assert found == [({"none": "UNCOMPRESSED"}.get(compression, compression.upper()),)]


def test_file_size_splits(table):
    table.load.options["target_file_size"] = "1 MB"
    schema = (Column("id", "bigint"), Column("noise", "varchar"))
    sql = "SELECT i AS id, md5(CAST(i AS varchar)) AS noise FROM range(400000) AS r(i)"
    table.publish(sql, schema=schema)
    assert len(table.paths()) > 3
    assert table.read(columns="count(*), count(DISTINCT id)") == [(400_000, 400_000)]


@pytest.mark.parametrize("path", ["gs://b/t", "abfss://x@y/t", "file:///b/t", "s3://bucket"])
def test_a_place_where_lakes_cannot_be_is_refused_with_the_definition(path):
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(LakeTargetOptions)
    with pytest.raises(ValidationError, match="s3://BUCKET/PREFIX"):
        adapter.validate_python({"path": path})
    assert adapter.validate_python({"path": "s3://bucket/t"}).path == "s3://bucket/t"


def test_an_absolute_path(table, values, tmp_path):
    table.load.options["path"] = str(tmp_path / "elsewhere" / "table")
    done = table.publish(values((1, "a", "n")))
    assert table.read() == [(1, "a", "n")]
    assert done.location == str(tmp_path / "elsewhere" / "table")


def test_a_relative_root(table, values, monkeypatch, tmp_path):
    """Relations hold absolute paths: whoever queries may stand elsewhere."""
    monkeypatch.chdir(table.root.parent)
    table.root = table.root.relative_to(table.root.parent)
    table.publish(values((1, "a", "n")))
    relation = table.target().relation()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with duckdb.connect() as con:
        assert con.execute(f"FROM {relation} AS t").fetchall() == [(1, "a", "n")]
