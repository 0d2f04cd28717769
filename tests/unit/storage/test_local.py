"""A folder as a store, where the file system or another process does not do as one would like."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from penstock.errors import SourceUnavailable, StorageUnavailable
from penstock.runtime.storage import local
from penstock.runtime.storage.local import LocalStore
from penstock.runtime.targets.durable import locked


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "lake")


def names(store):
    return sorted(p.name for p in Path(store.url()).rglob("*") if p.is_file())


def test_files_that_are_being_written_and_locks_are_not_listed(store):
    store.put("a/x", b"1")
    folder = Path(store.url("a"))
    for name in (".x.0123.tmp", ".x.lock", ".hidden", "y.tmp", "z.lock"):
        (folder / name).write_bytes(b"1")
    assert [e.path for e in store.list()] == ["a/.hidden", "a/x", "a/y.tmp", "a/z.lock"]


def test_a_file_deleted_while_it_is_listed_is_passed_over(store):
    for name in "abc":
        store.put(name, b"1")
    found = store.list()
    assert next(found).path == "a"
    Path(store.url("b")).unlink()
    assert [e.path for e in found] == ["c"]


def test_what_is_no_file(store):
    store.put("folder/x", b"1")
    assert store.head("folder") is None
    assert store.head("folder/x/y") is None
    os.mkfifo(store.url("pipe"))
    assert store.head("pipe") is None
    assert [e.path for e in store.list()] == ["folder/x"]


def test_an_identity_changes_with_every_write(store):
    store.put("x", b"1")
    first = store.head("x")
    assert first.size == 1
    assert first.modified.tzinfo is not None
    store.put("x", b"1")
    assert store.head("x").identity != first.identity


def test_a_file_that_changes_while_it_is_fetched_is_refused(store, tmp_path, monkeypatch):
    store.put("x", b"one")
    copy = local.shutil.copyfileobj

    def slow(*args):
        copy(*args)
        store.put("x", b"two")

    monkeypatch.setattr(local.shutil, "copyfileobj", slow)
    (tmp_path / "down").write_bytes(b"old")
    with pytest.raises(SourceUnavailable, match="changed while it was read") as told:
        store.download("x", tmp_path / "down")
    assert told.value.code == "PSK-SRC-037"
    assert told.value.hint
    assert (tmp_path / "down").read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["down", "lake"], "no part lies beside it"


def test_a_download_tells_what_it_fetched(store, tmp_path):
    store.put("x", b"one")
    assert store.download("x", tmp_path / "down") == store.head("x")


def test_a_disk_that_is_full_is_told_and_the_old_file_stands(store, monkeypatch):
    store.put("x", b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(local.os, "fsync", full)
    for write in (
        lambda: store.put("x", b"new"),
        lambda: store.put_if_absent("y", b"new"),
        lambda: store.replace_if("x", b"new", store.head("x").identity),
        lambda: store.upload(Path(store.url("x")), "z"),
    ):
        with pytest.raises(StorageUnavailable, match="cannot be written: no space left") as told:
            write()
        assert told.value.exit_code == 4
    assert store.read("x") == b"old"
    assert names(store) == ["x"]


def test_an_error_without_a_word_is_told_as_it_is(store, monkeypatch):
    def broken(handle):
        raise OSError("Odd Thing")

    monkeypatch.setattr(local.os, "fsync", broken)
    with pytest.raises(StorageUnavailable, match="odd thing"):
        store.put("x", b"1")


# -- a file system without hard links


@pytest.fixture
def no_links(monkeypatch):
    def refused(*args):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(local.os, "link", refused)


def test_without_hard_links_one_writer_still_wins(store, no_links):
    assert store.put_if_absent("log/1", b"first") is True
    assert store.put_if_absent("log/1", b"second") is False
    assert store.read("log/1") == b"first"
    assert [e.path for e in store.list()] == ["log/1"]
    barrier = threading.Barrier(4)
    won = []

    def write(i):
        barrier.wait()
        won.append((store.put_if_absent("race", b"%d" % i), i))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [i for good, i in won if good]
    assert store.read("race") == b"%d" % winner


def test_other_errors_of_a_link_are_told(store, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local.os, "link", full)
    with pytest.raises(StorageUnavailable, match="no space left"):
        store.put_if_absent("x", b"1")
    assert names(store) == []


# -- locks


def test_a_lock_is_waited_for_and_deleted_with_its_file(store):
    store.put("x", b"1")
    seen = store.head("x").identity
    done = []
    with locked(local._lock_of(Path(store.url("x")))):
        waiting = threading.Thread(target=lambda: done.append(store.replace_if("x", b"2", seen)))
        waiting.start()
        waiting.join(0.05)
        assert done == []
        assert store.read("x") == b"1"
    waiting.join()
    assert done == [True]
    store.delete(["x"])
    assert names(store) == []


def test_what_cannot_be_deleted_is_told(store):
    store.put("folder/x", b"1")
    with pytest.raises(StorageUnavailable, match="folder"):
        store.delete(["folder"])
    store.delete(["nothing/here"])
    assert not Path(store.url("nothing")).exists(), "deleting makes no folder"


def test_long_names_have_temporaries_and_locks_of_a_length_that_can_be(store):
    name = "n" * 250
    store.put(name, b"1")
    assert store.replace_if(name, b"2", store.head(name).identity)
    assert store.read(name) == b"2"


def test_a_url_of_a_file(tmp_path):
    from penstock.runtime.storage import open_store

    store = open_store(f"file://{tmp_path}/lake", Path("/elsewhere"))
    assert store.is_local
    assert store.url("a/b") == f"{tmp_path}/lake/a/b"
    assert store.url() == f"{tmp_path}/lake"
