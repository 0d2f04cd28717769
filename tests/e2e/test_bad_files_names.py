"""Odd names, links, packed names, and files that change while a run is under way."""

from __future__ import annotations

import os
import tracemalloc

import pytest
from bad_files import Folder, parquet, rows, table, zipped

from penstock.runtime.sources.file.source import FileSource

GOOD = "id,name\n0,name 0\n1,name 1\n"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "bad")


# -- names

NAMES = [
    "two words.csv", "it's.csv", 'say "x".csv', "new\nline.csv", "car\rriage.csv", "tab\t.csv",
    "100%20%s.csv", "day=1.csv", "a..b.csv", "x...csv", "a[1].csv", "s*r.csv", "q?.csv", "h#h.csv",
    "-rf.csv", "--json.csv", "$HOME.csv", "~x.csv", "{a}.csv", "a;b.csv", "back\\slash.csv",
    "s3:x.csv", " lead.csv", "é.csv", "e\u0301.csv", "x" * 251 + ".csv",
]  # fmt: skip


def test_every_odd_name_is_one_file(folder):
    for i, name in enumerate(NAMES):
        folder.put(name, f"id,name\n{i},x\n{i},x,y\n")
    not_utf8 = os.fsencode(folder.root / "data") + b"/\xff\xfe.csv"
    with open(not_utf8, "wb") as file:  # noqa: PTH123 - no text names it
        file.write(b"id,name\n99,x\n")
    for hidden in (".hidden.csv", "..x.csv"):
        folder.put(hidden, "id,name\n100,x\n")
    told = folder.run()
    assert sorted(i for i, _ in told.rows) == [*range(len(NAMES)), 99]
    assert len(told.rejected) == len(NAMES)
    assert folder.command("audit", "verify")[0] == 0


@pytest.mark.parametrize("name", ["a[1].csv", "s*r.csv", "q?.csv", "-rf.csv", "n\nl.csv", "#.csv"])
def test_a_name_with_signs_of_a_pattern_is_that_file_alone(folder, name):
    for other in ("a1.csv", "sxr.csv", "qq.csv"):
        folder.put(other, "id,name\n7,other\n")
    folder.put(name, GOOD)
    assert folder.run(f"data/{name}").rows == rows()


def test_the_same_letters_in_another_form_are_told(folder):
    folder.put("e\u0301.csv", GOOD)
    told = folder.run("data/é.csv")
    assert told.code == 4
    assert "another Unicode form" in told.error["hint"]
    assert folder.run("data/*.csv").rows == rows()


# -- what is no plain file


def test_a_file_and_a_link_to_it_are_read_once(folder):
    folder.put("real.csv", GOOD)
    (folder.root / "data" / "a.csv").symlink_to("real.csv")
    told = folder.run()
    assert told.rows == rows()
    assert folder.run("data/a.csv", rule="widen").rows == rows()


def test_a_link_to_a_folder_above_does_not_repeat_its_files(folder):
    """Each file had forty names, and its rows were published forty times."""
    folder.put("sub/real.csv", GOOD)
    (folder.root / "data" / "sub" / "up").symlink_to("..")
    assert folder.run("data/**/*.csv").rows == rows()


@pytest.mark.parametrize("path", ["data/*.csv", "data/link.csv"])
def test_a_link_to_nothing_is_told(folder, path):
    folder.put("real.csv", GOOD)
    link = folder.root / "data" / "link.csv"
    link.symlink_to("none.csv")
    told = folder.run(path)
    assert told.code == 4
    assert "`data/link.csv` is a link to a file that is not there" in told.error["message"]
    link.unlink()
    assert folder.run("data/*.csv").rows == rows()


def test_pipes_and_folders_are_told_where_they_are_asked_for(folder):
    folder.put("real.csv", GOOD)
    os.mkfifo(folder.root / "data" / "pipe.csv")
    (folder.root / "data" / "folder.csv").mkdir()
    (folder.root / "data" / "loop.csv").symlink_to("loop.csv")
    assert folder.run("data/*.csv").rows == rows()
    for name in ("pipe", "loop"):
        told = folder.run(f"data/{name}.csv")
        assert (told.code, "is a pipe" in told.error["message"]) == (4, True)
    told = folder.run("data/folder.csv")
    assert (told.code, "is a folder" in told.error["message"]) == (4, True)


def test_folders_named_like_partitions_change_no_column(folder):
    data = parquet(table(1))
    folder.put("day=2026-01-01/x.parquet", data)
    folder.put("day=2026-01-02/x.parquet", data)
    folder.put("name=other/x.parquet", data)
    told = folder.run("data/*/*.parquet")
    assert (told.rows, told.changes) == ([(0, "name 0")] * 3, [])
    folder.clear()
    folder.put("name=other/x.csv", GOOD)
    folder.put("name=other/x.ndjson", '{"id": 0}\n')
    assert folder.run("data/*/*.csv").rows == rows()
    assert folder.run("data/*/*.ndjson", rule="ignore").rows == [(0, None)]


# -- names in a zip


def test_names_in_a_zip_lead_nowhere_else(folder):
    members = [
        ("../x.csv", "id,name\n0,name 0\n"), ("/abs/y.csv", "id,name\n1,name 1\n"), ("d/", ""),
        ("d/z 'q\" é\n.csv", "id,name\n2,name 2\n2,b,c\n"), ("e.csv", ""),
    ]  # fmt: skip
    folder.put("a.csv.zip", zipped(*members))
    before = set(folder.root.parent.rglob("*.csv"))
    told = folder.run()
    assert told.rows == rows(3)
    assert len(told.rejected) == 1
    assert set(folder.root.parent.rglob("*.csv")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_both_read(folder):
    one, other = ("x.csv", "id,name\n0,name 0\n"), ("x.csv", "id,name\n1,name 1\n")
    folder.put("a.csv.zip", zipped(one, other))
    assert folder.run().rows == rows()


def test_a_zip_in_a_zip_is_told(folder):
    folder.put("a.csv.zip", zipped(("b.csv", zipped(("x.csv", GOOD)))))
    told = folder.run()
    assert told.error["code"] == "PSK-SRC-039"
    assert "`data/a.csv.zip/b.csv` is a zip file" in told.error["message"]
    folder.put("a.csv.zip", zipped(("b.csv", GOOD)))
    assert folder.run().rows == rows()


def test_a_bomb_names_its_bound_and_takes_no_memory(folder, monkeypatch):
    monkeypatch.setattr("penstock.runtime.engines.duckdb.unpacking.FREE_BYTES", 1 << 20)
    bomb = zipped(("x.csv", b"id,name\n" + b"0" * (64 << 20)))
    folder.put("a.csv.zip", bomb)
    tracemalloc.start()
    try:
        told = folder.run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told.error["code"] == "PSK-SRC-050"
    assert f"`data/a.csv.zip` is {len(bomb):,} bytes, and" in told.error["message"]
    assert peak < 32 << 20
    assert not any(p.stat().st_size > 8 << 20 for p in folder.root.rglob("*") if p.is_file())


# -- files that change


def other_inode(path):
    """Put another file of the same size and time in its place."""
    found = path.stat()
    fresh = path.with_name(".fresh")
    fresh.write_bytes(path.read_bytes().replace(b"name 1", b"NAME 1"))
    os.utime(fresh, ns=(found.st_atime_ns, found.st_mtime_ns))
    fresh.replace(path)


def in_place(path):
    """Other content of the same size, with the time of change set back."""
    found = path.stat()
    with path.open("r+b") as file:
        file.write(path.read_bytes().replace(b"name 1", b"NAME 1"))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def append(path):
    with path.open("a") as file:
        file.write("2,name 2\n")


def truncate(path):
    os.truncate(path, 10)


CHANGES = [other_inode, in_place, append, truncate, os.unlink]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", ["after the run was planned", "while it was read"])
def test_a_file_that_changes_is_told_and_read_by_the_next_run(folder, monkeypatch, change, when):
    path = folder.put("a.csv", GOOD)
    kept = folder.put("b.csv", "id,name\n9,kept\n")
    if when == "while it was read":
        method, before = "_refuse_late_columns", True
    else:
        method, before = "_unchanged", False
    original, done = getattr(FileSource, method), []

    def changing(self, given):
        found = original(self, given) if before else None
        if not done:
            done.append(change(path))
        return found if before else original(self, given)

    monkeypatch.setattr(FileSource, method, changing)
    told = folder.run()
    assert told.code in {1, 4}
    assert "`data/a.csv`" in told.error["message"]
    assert told.rows == []
    monkeypatch.undo()
    path.write_text(GOOD)
    assert kept.exists()
    assert folder.run().rows == sorted([*rows(), (9, "kept")], key=str)


def test_touching_the_mode_of_a_file_while_it_is_read_is_no_change(folder, monkeypatch):
    path = folder.put("a.csv", GOOD)
    original = FileSource._refuse_late_columns

    def changing(self, files):
        original(self, files)
        path.chmod(0o600)

    monkeypatch.setattr(FileSource, "_refuse_late_columns", changing)
    assert folder.run().rows == rows()
