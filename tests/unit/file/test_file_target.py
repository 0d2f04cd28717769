"""The `file` target: formats from names, and a file that somebody else changed or removed."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from penstock.errors import Conflict, LoadFailed, SourceUnavailable
from penstock.program import Column, Load
from penstock.runtime import registry
from penstock.runtime.targets.base import Maintained, Upkeep
from penstock.runtime.targets.file import target as module
from penstock.runtime.targets.file.target import FileTarget

SCHEMA = (Column("id", "integer"), Column("name", "varchar"))
ROWS = "SELECT CAST(id AS integer) AS id, name FROM (VALUES (1, 'a'), (2, NULL)) AS v(id, name)"


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    made.create("rows", ROWS, materialize=True)
    yield made
    made.close()


class Published:
    def __init__(self, root, engine):
        self.root = root
        self.engine = engine

    def target(self, path, **options):
        load = Load("t", "rows", "file", {"path": path, **options}, SCHEMA)
        return FileTarget(load, self.root)

    def publish(self, path, **options):
        target = self.target(path, **options)
        return target.commit(target.stage(self.engine, "rows", "k" * 64))

    def read(self, path, **options):
        with duckdb.connect() as con:
            found = self.target(path, **options).relation()
            return sorted(con.execute(f"SELECT id, name FROM {found} AS t").fetchall())


@pytest.fixture
def out(tmp_path, engine):
    (tmp_path / "root").mkdir()
    return Published(tmp_path / "root", engine)


@pytest.mark.parametrize(
    ("path", "options", "start"),
    [
        ("x.csv", {}, b"id,name\n"),
        ("x.tsv", {}, b"id\tname\n"),
        ("x.tsv.gz", {}, b"\x1f\x8b"),
        ("x.tsv", {"options": {"delimiter": ";"}}, b"id;name\n"),
        ("x.csv", {"options": {"header": False, "null_value": "-"}}, b"1,a\n2,-"),
        ("x.csv", {"options": {"delimiter": "|", "quote": "'", "escape": "'"}}, b"id|name\n"),
        ("x.csv.zst", {}, b"\x28\xb5\x2f\xfd"),
        ("x.csv", {"compression": "gzip"}, b"\x1f\x8b"),
        ("x.jsonl", {}, b'{"id":1'),
        ("x.json", {}, b'{"id":1'),
        ("x.ndjson.gz", {}, b"\x1f\x8b"),
        ("x.parquet", {}, b"PAR1"),
        ("x.dat", {"format": "csv"}, b"id,name\n"),
        ("it's.csv", {}, b"id,name\n"),
    ],
)
def test_formats_from_names_and_options(out, path, options, start):
    done = out.publish(path, **options)
    assert (out.root / path).read_bytes().startswith(start)
    assert done.bytes == (out.root / path).stat().st_size
    if not (path == "x.csv" and "compression" in options):
        assert out.read(path, **options) == [(1, "a"), (2, None)]
    assert [p.name for p in out.root.iterdir()] == [path], "nothing lies beside it"


def test_a_name_that_tells_no_format_is_refused(out):
    for path in ("x", "x.gz", "x.dat"):
        with pytest.raises(LoadFailed, match=f"the suffix of {path} tells no format") as told:
            out.target(path)
        assert told.value.code == "PSK-TGT-122"
        assert "format: csv" in told.value.hint


def test_a_folder_in_its_place_is_refused(out):
    (out.root / "x.csv").mkdir()
    with pytest.raises(LoadFailed, match=r"x\.csv is a folder") as told:
        out.publish("x.csv")
    assert told.value.code == "PSK-TGT-120"
    assert list((out.root / "x.csv").iterdir()) == []
    assert not out.target("x.csv").holds("any")
    assert out.target("x.csv").versions() == []


def test_a_file_that_is_changed_is_another_version(out):
    done = out.publish("x.csv")
    target = out.target("x.csv")
    assert target.holds(done.version)
    assert target.relation(done.version) == target.relation()
    (out.root / "x.csv").write_text("id,name\n3,c\n")
    assert not target.holds(done.version)
    with pytest.raises(SourceUnavailable, match=r"x\.csv is not there any more"):
        target.relation(done.version)
    assert out.read("x.csv") == [(3, "c")]
    (only,) = target.versions()
    assert only.version != done.version
    with pytest.raises(LoadFailed) as told:
        target.restore(done.version, "k2")
    assert done.version in told.value.message


def test_what_was_staged_and_is_gone_is_a_conflict_unless_it_is_published(out):
    target = out.target("x.csv")
    staged = target.stage(out.engine, "rows", "k1")
    (written,) = out.root.iterdir()
    written.unlink()
    with pytest.raises(Conflict, match=r"what was written for x\.csv is gone") as told:
        target.commit(staged)
    assert told.value.code == "PSK-TGT-121"
    staged = target.stage(out.engine, "rows", "k1")
    assert target.commit(staged) == target.commit(staged)
    (out.root / "x.csv").write_text("other")
    with pytest.raises(Conflict):
        target.commit(staged)


def test_each_run_abandons_its_own(out):
    target = out.target("x.csv")
    target.stage(out.engine, "rows", "a" * 64)
    target.stage(out.engine, "rows", "b" * 64)
    target.abandon("a" * 64)
    (left,) = out.root.iterdir()
    assert f"penstock-{'b' * 16}" in left.name
    assert left.name.startswith(".x.csv."), "hidden, so that no pattern takes it for data"


def test_the_disk_knows_the_name_when_commit_returns(out, monkeypatch):
    target = out.target("x.csv")
    staged = target.stage(out.engine, "rows", "k1")
    synced = []
    monkeypatch.setattr(module.os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    target.commit(staged)
    assert synced == [out.root.stat().st_ino]
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_upkeep_has_nothing_to_do(out):
    target = out.target("x.csv")
    assert target.maintain(out.engine, Upkeep(), "k") == Maintained(None)
    done = out.publish("x.csv")
    assert target.maintain(out.engine, Upkeep(), "k") == Maintained(done.version)


def test_dates_and_times_are_read_as_they_are_written(out):
    schema = (Column("day", "date"), Column("at", "timestamp"))
    options = {"date_format": "%d.%m.%Y", "timestamp_format": "%d.%m.%Y %H:%M"}
    load = Load("t", "rows", "file", {"path": "x.csv", "options": options}, schema)
    out.engine.create(
        "dated", "SELECT DATE '2026-02-01' AS day, TIMESTAMP '2026-02-01 05:06:00' AS at",
        materialize=True,
    )  # fmt: skip
    target = FileTarget(load, out.root)
    target.commit(target.stage(out.engine, "dated", "k"))
    assert (out.root / "x.csv").read_text() == "day,at\n01.02.2026,01.02.2026 05:06\n"
    with duckdb.connect() as con:
        (row,) = con.execute(f"SELECT * FROM {target.relation()} AS t").fetchall()
    assert row == (date(2026, 2, 1), datetime(2026, 2, 1, 5, 6))  # noqa: DTZ001
