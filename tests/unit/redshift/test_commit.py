"""Commits to Redshift: all or nothing, once, whatever is lost on the way."""

from __future__ import annotations

import threading
import time

import pytest

from penstock.errors import Conflict, LoadFailed, Unavailable
from penstock.program import Column
from penstock.runtime.targets.base import Published
from penstock.runtime.targets.redshift.data_api import DataApi

ONE, TWO, THREE = (1, "a", "x"), (2, "b", "y"), (3, "a", "z")


def test_a_commit_whose_answer_was_lost_is_found_again(table, monkeypatch):
    staged = table.stage([ONE, TWO], "k1", mode="append")
    submit = DataApi.submit

    def lost(self, *args, **more):
        submit(self, *args, **more)
        raise Unavailable("the connection broke", code="PSK-ENV-015")

    with monkeypatch.context() as patch:
        patch.setattr(DataApi, "submit", lost)
        with pytest.raises(Unavailable):
            table.target(mode="append").commit(staged)
    done = table.target(mode="append").commit(staged)
    assert table.read() == [ONE, TWO]
    assert done.rows_loaded == 2
    assert [m.version for m in _marks(table)] == [done.version]


def _marks(table):
    from penstock.runtime.targets.redshift.catalogue import Catalogue, Mark
    from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

    names = Catalogue(table.api, RedshiftTargetOptions(**table.options))
    return [
        Mark(*row)
        for row in table.api.rows(
            "SELECT number, version, token, run_key, mode, rows_loaded, files, bytes, table_rows, "
            f"CAST(published_at AS VARCHAR(40)) FROM {names.marks} ORDER BY number"
        )
    ]


def test_a_run_that_was_killed_while_redshift_worked_is_found_done(table):
    staged = table.stage([ONE], "k1", mode="append")
    table.target(mode="append").begin(staged)  # and killed: nobody waits for it
    again = table.publish([ONE], "k1", mode="append")
    assert table.read() == [ONE]
    assert again.rows_loaded == 1
    assert table.staged() == []


def test_a_run_that_was_killed_before_its_commit_is_run_again(table):
    table.stage([ONE, TWO], "k1")  # and killed
    table.publish([ONE], "k1")
    assert table.read() == [ONE]
    assert table.staged() == []


def test_two_runs_at_once_both_load(table):
    staged = [table.stage([(n, "p", "n")], f"k{n}", mode="append") for n in range(4)]
    done, failed = [], []

    def commit(one):
        try:
            done.append(table.target(mode="append").commit(one))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=commit, args=(s,)) for s in staged]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failed == []
    assert table.read() == [(n, "p", "n") for n in range(4)]
    assert sorted(d.version[:6] for d in done) == ["000001", "000002", "000003", "000004"]
    assert [m.table_rows for m in _marks(table)] == [1, 2, 3, 4]


def test_the_same_run_twice_at_once_loads_once(table):
    staged = table.stage([ONE], "k1", mode="append")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(table.target(mode="append").commit(staged)))
        for _ in range(3)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 3
    assert len({d.version for d in found}) == 1
    assert table.read() == [ONE]


def test_a_copy_that_fails_in_its_second_file_changes_nothing(table):
    table.publish([ONE], "k1", mode="append")
    target = table.target(mode="append")
    parts = [
        target.stage_part(table.engine, table.rows([row]), "k2", name, alone=False)
        for row, name in ((TWO, "p0"), (THREE, "p1"))
    ]
    staged = target.join(parts)
    path = parts[1].detail["files"][0]["path"]
    size = parts[1].detail["files"][0]["bytes"]
    table.store.put(path, b"x" * size)
    with pytest.raises(LoadFailed) as told:
        target.commit(staged)
    assert told.value.code == "PSK-TGT-141"
    assert "no Parquet file" in told.value.message
    assert table.read() == [ONE]
    assert len(_marks(table)) == 1
    # The run is given up; the next one starts anew.
    table.target().abandon("k2")
    assert table.staged() == []
    table.publish([TWO], "k3", mode="append")
    assert table.read() == [ONE, TWO]


def test_a_file_that_goes_while_redshift_works_is_a_conflict(table, monkeypatch):
    """Looked for before the commit, and again when it failed."""
    staged = table.stage([ONE], "k1")
    submit = DataApi.submit

    def gone(self, *args, **more):
        table.store.delete([f["path"] for f in staged.detail["files"]])
        return submit(self, *args, **more)

    monkeypatch.setattr(DataApi, "submit", gone)
    with pytest.raises(Conflict) as told:
        table.target().commit(staged)
    assert told.value.code == "PSK-TGT-107"


def test_rows_that_copy_would_leave_out_fail_the_commit(table):
    staged = table.stage([ONE, TWO], "k1")
    wrong = type(staged)(staged.target, staged.key, 3, staged.detail)
    with pytest.raises(LoadFailed, match="as many rows as were staged"):
        table.target().commit(wrong)


def test_parts_are_merged_as_one(table):
    load = {"mode": "merge", "keys": ("id",)}
    table.publish([ONE, TWO], "k1", **load)
    target = table.target(**load)
    assert target.joins_now()
    parts = [
        target.stage_part(table.engine, table.rows([row]), "k2", name, alone=False)
        for row, name in (((1, "a", "new"), "p0"), (THREE, "p1"))
    ]
    target.stage_part(table.engine, table.rows([(9, "z", "given up")]), "k2", "p2", alone=False)
    target.discard_part("k2", "p2")
    done = target.commit(target.join(parts))
    assert (done.rows_loaded, done.files) == (2, 2)
    assert table.read() == [(1, "a", "new"), TWO, THREE]


def test_a_key_that_two_parts_have_is_refused(table):
    load = {"mode": "merge", "keys": ("id",)}
    target = table.target(**load)
    parts = [
        target.stage_part(table.engine, table.rows([(1, "a", name)]), "k1", name, alone=False)
        for name in ("p0", "p1")
    ]
    with pytest.raises(LoadFailed) as told:
        target.commit(target.join(parts))
    assert told.value.code == "PSK-TGT-101"


def test_null_keys_are_the_same_key(table):
    load = {"mode": "merge", "keys": ("id", "part")}
    table.publish([(1, None, "old"), (None, None, "old"), TWO], "k1", **load)
    table.publish([(1, None, "new"), (None, None, "new"), (4, None, "more")], "k2", **load)
    assert table.read() == sorted(
        [(1, None, "new"), (None, None, "new"), TWO, (4, None, "more")], key=str
    )


def test_a_merge_without_some_columns_keeps_their_values(table):
    load = {"mode": "merge", "keys": ("id",)}
    table.publish([ONE, TWO], "k1", **load)
    fewer = (Column("id", "integer"), Column("note", "varchar"))
    table.publish([(1, "new"), (5, "five")], "k2", schema=fewer, **load)
    assert table.read() == [(1, "a", "new"), TWO, (5, None, "five")]


# -- by event


def ended(target, staged, statement, name):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = target.completed(staged, statement, name)
        if isinstance(found, Published):
            return found
        statement = found or statement
        time.sleep(0.05)
    pytest.fail("it did not end")


def test_a_commit_is_begun_and_asked_for_later(table):
    staged = table.stage([ONE], "k1", mode="append")
    target = table.target(mode="append")
    statement = target.begin(staged, "penstock/shop/r1/1/warehouse")
    assert isinstance(statement, str)
    done = ended(target, staged, statement, "penstock/shop/r1/1/warehouse")
    assert done.rows_loaded == 1
    assert table.target(mode="append").begin(staged, "penstock/shop/r1/1/warehouse") == done
    assert table.target(mode="append").completed(staged, statement) == done
    assert table.read() == [ONE]
    assert table.staged() == []


def test_a_commit_under_way_is_not_begun_again(table):
    table.publish([ONE], "k1", mode="append")
    staged = table.stage([TWO], "k2", mode="append")
    name = f"penstock/{table.name}"
    slow = table.api.submit(["SELECT pg_sleep(2)"], name=name)
    assert table.target(mode="append").begin(staged, name) == slow
    table.api.ended(slow)
    target = table.target(mode="append")
    ended(target, staged, target.begin(staged, name), name)
    assert table.read() == [ONE, TWO]


def test_another_commit_in_between_begins_it_anew(table):
    first, second = (
        table.stage([row], key, mode="append") for row, key in ((ONE, "a"), (TWO, "b"))
    )
    target = table.target(mode="append")
    one, two = target.begin(first, "n/a"), target.begin(second, "n/b")
    found = {
        ended(target, first, one, "n/a").version[:6],
        ended(target, second, two, "n/b").version[:6],
    }
    assert found == {"000001", "000002"}
    assert table.read() == [ONE, TWO]


def test_a_failure_is_told_when_it_is_asked_for(table):
    staged = table.stage([ONE], "k1")
    bad = type(staged)(staged.target, staged.key, 7, staged.detail)
    target = table.target()
    statement = target.begin(bad, "n/bad")
    table.api.ended(statement)
    with pytest.raises(LoadFailed):
        target.completed(bad, statement, "n/bad")
