"""Merging: one row for each key, whatever is NULL, and no file rewritten for nothing."""

from __future__ import annotations

import pytest

from penstock.errors import LoadFailed
from penstock.program import Column

MERGE = {"mode": "merge", "keys": ("id",)}


def test_null_keys_are_the_same_key(table, values):
    load = {"mode": "merge", "keys": ("id", "part")}
    table.publish(values((1, None, "old"), (None, None, "old"), (1, "a", "old")), **load)
    table.publish(values((1, None, "new"), (None, None, "new"), (None, "a", "new")), **load)
    assert table.read() == sorted(
        [(1, "a", "old"), (1, None, "new"), (None, None, "new"), (None, "a", "new")], key=str
    )


def test_repeated_keys_are_refused_with_a_sample(table, values):
    table.publish(values((1, "a", "n")), **MERGE)
    before = table.data_files()
    with pytest.raises(LoadFailed) as told:
        table.publish(values((7, "a", "x"), (7, "b", "y"), (7, "c", "z"), (8, "d", "n")), **MERGE)
    assert told.value.code == "PSK-TGT-101"
    assert "merges by id, and 1 of these keys occur more than once (in 3 rows)" in (
        told.value.message
    )
    assert "id = 7 (3 rows)" in told.value.message
    assert table.data_files() == before


def test_repeated_null_keys_are_refused(table, values):
    with pytest.raises(LoadFailed, match=r"id = NULL \(2 rows\)"):
        table.publish(values((None, "a", "x"), (None, "b", "y")), **MERGE)


def test_only_files_with_a_replaced_row_are_rewritten(table, values):
    load = {**MERGE, "partition_by": ("part",)}
    table.publish(values((1, "a", "n"), (2, "b", "n"), (3, "c", "n"), (4, "c", "n")), **load)
    old = {f["partition"]["part"]: f["path"] for f in table.manifest()["files"]}
    table.publish(values((3, "c", "new"), (9, "b", "new")), **load)
    assert table.read() == [
        (1, "a", "n"), (2, "b", "n"), (3, "c", "new"), (4, "c", "n"), (9, "b", "new"),
    ]  # fmt: skip
    kept = table.paths()
    assert old["a"] in kept
    assert old["b"] in kept, "a file without a replaced row was rewritten"
    assert old["c"] not in kept
    assert table.manifest()["history"][-1]["rows_loaded"] == 2


def test_a_row_moves_to_another_partition(table, values):
    load = {**MERGE, "partition_by": ("part",)}
    table.publish(values((1, "a", "n"), (2, "a", "n")), **load)
    table.publish(values((1, "b", "moved")), **load)
    assert table.read() == [(1, "b", "moved"), (2, "a", "n")]


def test_a_partition_that_becomes_empty(table, values):
    load = {**MERGE, "partition_by": ("part",)}
    table.publish(values((1, "a", "n")), **load)
    table.publish(values((1, "b", "moved")), **load)
    assert table.read() == [(1, "b", "moved")]
    assert all(p.startswith("part=b/") for p in table.paths())


def test_keys_that_are_partitions(table, values):
    load = {"mode": "merge", "keys": ("part", "id"), "partition_by": ("part",)}
    table.publish(values((1, "a/b", "n"), (1, None, "n"), (1, "", "n")), **load)
    table.publish(values((1, "a/b", "new"), (1, None, "new")), **load)
    assert table.read() == sorted([(1, "", "n"), (1, "a/b", "new"), (1, None, "new")], key=str)


def test_merging_nothing_changes_no_row(table, values):
    table.publish(values((1, "a", "n")), **MERGE)
    done = table.publish(values((1, "a", "n")) + " WHERE false", **MERGE)
    assert done.rows_loaded == 0
    assert table.read() == [(1, "a", "n")]


def test_into_a_table_with_repeated_old_keys(table, values):
    """A table that was appended to may hold a key twice: both rows are replaced by the one."""
    table.publish(values((1, "a", "x"), (1, "b", "y"), (2, "c", "z")), mode="append")
    table.publish("SELECT 1 AS id, 'new' AS note",
                  schema=(Column("id", "integer"), Column("note", "varchar")), **MERGE)  # fmt: skip
    rows = table.read()
    assert len(rows) == 2
    assert rows[0] in [(1, "a", "new"), (1, "b", "new")]
    assert rows[1] == (2, "c", "z")


class Listening:
    """An engine that notes the queries it is given."""

    def __init__(self, engine):
        self.engine = engine
        self.queries = []
        self.kept = []

    def __getattr__(self, name):
        real = getattr(self.engine, name)

        def call(*args, **named):
            self.queries += [a for a in args if isinstance(a, str)]
            self.kept.append(named.get("materialize"))
            return real(*args, **named)

        return call


def test_the_dataset_is_computed_once(table, values):
    """What was checked for repeated keys must be what is written, also of `random()`."""
    table.publish(values((1, "a", "n")), **MERGE)
    table.engine.create("rows", values((1, "b", "n"), (2, "b", "n")), materialize=False)
    engine = Listening(table.engine)
    target = table.target(**MERGE)
    target.commit(target.stage(engine, "rows", "k2"))
    assert len([q for q in engine.queries if '"rows"' in q]) == 1
    assert True in engine.kept, "a view would compute them again"
    assert table.read() == [(1, "b", "n"), (2, "b", "n")]


def test_nothing_is_left_in_the_engine(table, values):
    table.publish(values((1, "a", "n")), **MERGE)
    names = table.engine.rows("SELECT table_name AS n FROM information_schema.tables")
    assert [r["n"] for r in names] == ["rows"]
