"""What every store does: the same cases for a folder and for a bucket."""

from __future__ import annotations

import threading
import uuid

import pytest

from penstock.errors import SourceUnavailable, StorageUnavailable, Unavailable
from penstock.runtime.storage import is_remote, open_store

NAMES = [
    "a b.csv",
    "a%20b.csv",
    "day=1/é.csv",
    "a#b?c.csv",
    "a*b[1].csv",
    'quo"te.csv',
    "a+b&c.csv",
]


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path):
    if request.param == "local":
        return open_store("lake", tmp_path)
    request.getfixturevalue("aws")
    return open_store(f"s3://acme-lake/{uuid.uuid4().hex}/lake/", tmp_path)


def at_once(count, act):
    """What `act(0)` … `act(count - 1)` give, each in a thread of its own, begun together."""
    barrier = threading.Barrier(count)
    given = [None] * count

    def work(i):
        barrier.wait()
        given[i] = act(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def test_what_is_put_is_read_and_listed(store):
    for name in NAMES:
        store.put(f"t/{name}", name.encode())
    assert [e.path for e in store.list("t")] == sorted(f"t/{name}" for name in NAMES)
    assert [e.path for e in store.list()] == sorted(f"t/{name}" for name in NAMES)
    for name in NAMES:
        assert store.read(f"t/{name}") == name.encode()
        assert store.head(f"t/{name}").size == len(name.encode())
    assert store.url("t/a b.csv").endswith("/lake/t/a b.csv")


def test_a_folder_is_no_prefix_of_a_name(store):
    store.put("day/1", b"1")
    store.put("days/2", b"2")
    assert [e.path for e in store.list("day")] == ["day/1"]
    assert list(store.list("nothing/here")) == []


def test_what_is_not_there(store):
    assert store.head("nothing") is None
    with pytest.raises(SourceUnavailable, match="nothing"):
        store.read("nothing")
    store.delete(["nothing"])


def test_list_head_and_put_tell_the_same_identity(store):
    store.put("x", b"one")
    (listed,) = store.list()
    assert listed == store.head("x")
    store.put("x", b"two")
    assert store.head("x").identity != listed.identity


def test_delete(store):
    for i in range(5):
        store.put(f"d/{i}", b"x")
    store.delete([f"d/{i}" for i in range(4)])
    assert [e.path for e in store.list()] == ["d/4"]


def test_put_if_absent_keeps_what_is_there(store):
    assert store.put_if_absent("log/1", b"first") is True
    assert store.put_if_absent("log/1", b"second") is False
    assert store.put_if_absent("log/1", b"first") is False
    assert store.read("log/1") == b"first"


def test_one_of_many_puts_if_absent(store):
    for turn in range(4):
        won = at_once(6, lambda i, turn=turn: store.put_if_absent(f"race/{turn}", b"%d" % i))
        assert won.count(True) == 1
        assert store.read(f"race/{turn}") == b"%d" % won.index(True)


def test_replace_if_takes_only_what_it_saw(store):
    store.put("current", b"1")
    seen = store.head("current").identity
    assert store.replace_if("current", b"2", seen) is True
    assert store.replace_if("current", b"3", seen) is False
    assert store.read("current") == b"2"
    assert store.replace_if("nothing", b"1", seen) is False
    assert store.head("nothing") is None


def test_one_of_many_replaces(store):
    store.put("current", b"start")
    for _ in range(4):
        seen = store.head("current").identity
        won = at_once(6, lambda i, seen=seen: store.replace_if("current", b"by %d" % i, seen))
        assert won.count(True) == 1
        assert store.read("current") == b"by %d" % won.index(True)
        store.put("current", uuid.uuid4().bytes)


def test_no_write_leaves_anything_beside_it(store):
    store.put("a", b"1")
    store.put_if_absent("a", b"2")
    store.replace_if("a", b"3", "not-its-identity")
    assert [e.path for e in store.list()] == ["a"]


def test_files_go_up_and_come_down_whole(store, tmp_path):
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * 80_000)  # 20 MB: several parts
    store.upload(big, "t/big.bin")
    down = tmp_path / "down"
    entry = store.download("t/big.bin", down, identity=store.head("t/big.bin").identity)
    assert entry.size == big.stat().st_size
    assert down.read_bytes() == big.read_bytes()


def test_a_download_of_what_was_changed_is_refused(store, tmp_path):
    store.put("x", b"one")
    seen = store.head("x").identity
    store.put("x", b"two")
    with pytest.raises(SourceUnavailable) as told:
        store.download("x", tmp_path / "down", identity=seen)
    assert told.value.code == "PSK-SRC-037"
    assert not (tmp_path / "down").exists()
    with pytest.raises(SourceUnavailable):
        store.download("nothing", tmp_path / "down")


def test_a_part_is_read_as_it_was_seen(store):
    store.put("t/x.csv", b"0123456789")
    seen = store.head("t/x.csv").identity
    assert store.part("t/x.csv", 2, 5, identity=seen) == b"234"
    assert store.part("t/x.csv", 7, 100, identity=seen) == b"789"
    store.put("t/x.csv", b"other than before")
    with pytest.raises(SourceUnavailable) as told:
        store.part("t/x.csv", 2, 5, identity=seen)
    assert told.value.code == "PSK-SRC-037"
    with pytest.raises(SourceUnavailable):
        store.part("t/gone.csv", 0, 1, identity=seen)


def test_a_bucket_that_is_not_there_is_named(aws, tmp_path):
    store = open_store("s3://nowhere/x", tmp_path)
    for act in (lambda: list(store.list()), lambda: store.read("a")):
        with pytest.raises(SourceUnavailable, match="no bucket `nowhere`") as told:
            act()
        assert told.value.code == "PSK-ENV-010"
    for act in (lambda: store.put("a", b"1"), lambda: store.put_if_absent("a", b"1")):
        with pytest.raises(StorageUnavailable, match="no bucket `nowhere`"):
            act()


def test_an_endpoint_that_is_down_is_named(aws, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")  # it comes before the other
    store = open_store("s3://acme-lake", tmp_path)
    with pytest.raises(SourceUnavailable, match=r"nothing answers at http://127.0.0.1:9") as told:
        list(store.list())
    assert told.value.code == "PSK-ENV-013"
    with pytest.raises(StorageUnavailable, match="s3://acme-lake/a"):
        store.put_if_absent("a", b"1")


def test_no_credentials(aws, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Unavailable) as told:
        open_store("s3://acme-lake", tmp_path)
    assert told.value.code == "PSK-ENV-011"


def test_a_profile_gives_credentials(aws, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_PROFILE", "acme")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    text = "[acme]\naws_access_key_id = key\naws_secret_access_key = secret\n"
    (tmp_path / "credentials").write_text(text)
    store, key = open_store("s3://acme-lake", tmp_path), f"p/{uuid.uuid4().hex}"
    store.put(key, b"1")
    assert store.read(key) == b"1"


def test_which_locations_are_remote(tmp_path):
    assert not is_remote("data/x.csv")
    assert is_remote("s3://a/b")
    for wrong in ("gs://a/b", "s3://"):
        with pytest.raises(Unavailable) as told:
            open_store(wrong, tmp_path)
        assert told.value.code == "PSK-ENV-014"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "lake").write_text("a file, not a folder")
    store = open_store("lake", tmp_path)
    with pytest.raises(StorageUnavailable, match="lake"):
        store.put("a", b"1")
