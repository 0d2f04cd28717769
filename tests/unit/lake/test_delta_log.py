"""Delta tables that another program made or changed, and commits that lose a race."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import deltalake
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from penstock.errors import Conflict, LoadFailed, MissingExtra
from penstock.program import Column

APPEND = {"mode": "append"}


@pytest.fixture
def delta(table):
    table.load = replace(table.load, options={"path": "table", "format": "delta"})
    return table


def theirs(table, rows, mode="append", **options):
    fields = {"id": pa.int32(), "part": pa.string(), "note": pa.string()}
    data = pa.Table.from_pylist(
        [dict(zip(fields, row, strict=True)) for row in rows], pa.schema(list(fields.items()))
    )
    write_deltalake(str(table.folder), data, mode=mode, **options)


def log(table, number):
    return table.folder / "_delta_log" / f"{number:020d}.json"


def raw_commit(table, number, *actions):
    log(table, number).write_text("".join(json.dumps(a) + "\n" for a in actions))


def test_without_deltalake_the_extra_is_named(delta, monkeypatch):
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(MissingExtra, match="format: delta") as told:
        delta.target()
    assert "penstock[delta]" in told.value.hint


# -- after a foreign writer's commit


def test_rows_of_another_program_are_kept(delta, values):
    first = delta.publish(values((1, "a", "n")), **APPEND)
    theirs(delta, [(2, "a", "theirs")])
    assert not delta.target().holds(first.version), "the next run notices"
    delta.publish(values((3, "b", "n")), **APPEND)
    assert delta.read() == [(1, "a", "n"), (2, "a", "theirs"), (3, "b", "n")]
    kinds = [(v.version, v.key, v.summary) for v in delta.target().versions()]
    assert kinds == [("2", "key-2", "append"), ("1", None, "write"), ("0", "key-1", "append")]


def test_files_written_together_by_another_program_are_the_same_rows(delta, values):
    delta.publish(values((1, "a", "n")), **APPEND)
    done = delta.publish(values((2, "a", "n")), **APPEND)
    DeltaTable(str(delta.folder)).optimize.compact()
    assert delta.target().holds(done.version)
    assert not delta.target().holds("0")
    assert not delta.target().holds("9")
    assert not delta.target().holds("x")
    assert delta.read() == [(1, "a", "n"), (2, "a", "n")]


def test_a_commit_between_staging_and_publishing_is_a_conflict_but_for_append(delta, values):
    delta.publish(values((1, "a", "n")), **APPEND)
    late = delta.stage(values((2, "a", "n")), "late", mode="overwrite")
    more = delta.stage(values((3, "a", "n")), "more", **APPEND)
    theirs(delta, [(4, "a", "theirs")])
    with pytest.raises(Conflict, match="it was at 0 and is at 1"):
        delta.target(mode="overwrite").commit(late)
    delta.target(**APPEND).commit(more)
    assert [r[0] for r in delta.read()] == [1, 3, 4]


def test_an_append_that_loses_the_race_looks_again(delta, values):
    delta.publish(values((1, "a", "n")), **APPEND)
    late = delta.stage(values((2, "a", "n")), "late", **APPEND)
    target = delta.target(**APPEND)
    publish = target._log.publish
    tries = []

    def slow(base, change):
        if not tries:  # between its look and its commit another writer was faster
            theirs(delta, [(3, "a", "theirs")])
        tries.append(publish(base, change))
        return tries[-1]

    target._log.publish = slow
    done = target.commit(late)
    assert tries[0] is None
    assert done.version == "2"
    assert [r[0] for r in delta.read()] == [1, 2, 3]
    assert target._log.at("1").mode == "write"


# -- tables that may not be written


def test_an_append_only_table_is_not_written(delta, values):
    theirs(delta, [(1, "a", "n")], configuration={"delta.appendOnly": "true"})
    with pytest.raises(LoadFailed, match=r"does not know: delta\.appendOnly$") as told:
        delta.publish(values((2, "a", "n")), **APPEND)
    assert told.value.code == "PSK-TGT-112"
    theirs(delta, [(2, "a", "n")])
    assert [r[0] for r in delta.read()] == [1, 2], "it is read all the same"


def test_a_table_with_constraints_is_not_written(delta, values):
    theirs(delta, [(1, "a", "n")])
    DeltaTable(str(delta.folder)).alter.add_constraint({"small": "id < 9"})
    with pytest.raises(LoadFailed, match=r"checkConstraints|min_writer_version") as told:
        delta.publish(values((10, "a", "n")), **APPEND)
    assert told.value.code == "PSK-TGT-112"
    assert told.value.hint


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ({"minReaderVersion": 1, "minWriterVersion": 4}, "min_writer_version 4"),
        ({"minReaderVersion": 2, "minWriterVersion": 5}, "min_reader_version 2"),
        (
            {"minReaderVersion": 3, "minWriterVersion": 7,
             "readerFeatures": ["columnMapping"], "writerFeatures": ["columnMapping"]},
            "columnMapping",
        ),
    ],
)  # fmt: skip
def test_protocols_that_are_not_known(delta, values, protocol, words):
    delta.publish(values((1, "a", "n")), **APPEND)
    raw_commit(delta, 1, {"protocol": protocol})
    with pytest.raises(LoadFailed, match=words) as told:
        delta.publish(values((2, "a", "n")), **APPEND)
    assert told.value.code == "PSK-TGT-112"


def test_constraints_that_only_the_settings_tell_are_refused(delta, values):
    delta.publish(values((1, "a", "n")), **APPEND)
    lines = [json.loads(line) for line in log(delta, 0).read_text().splitlines()]
    for line in lines:
        if "metaData" in line:
            line["metaData"]["configuration"] = {"delta.constraints.x": "id < 9"}
    raw_commit(delta, 0, *lines)
    with pytest.raises(LoadFailed, match=r"delta\.constraints\.x"):
        delta.publish(values((10, "a", "n")), **APPEND)


def test_a_log_that_cannot_be_read_is_told(delta, values):
    delta.publish(values((1, "a", "n")), **APPEND)
    log(delta, 0).write_text("{nonsense\n")
    with pytest.raises(LoadFailed, match="the Delta table table cannot be read") as told:
        delta.read()
    assert told.value.code == "PSK-TGT-104"
    with pytest.raises(LoadFailed):
        delta.target().holds("0")


def test_a_folder_of_logs_without_a_table_is_none(delta, values):
    folder = delta.folder / "_delta_log"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("x")
    assert delta.target().versions() == []
    (folder / "odd.json").write_text("x")
    assert delta.target()._log.current() is None


# -- older versions


def test_versions_whose_files_or_log_are_gone_are_none(delta, values):
    for i in range(3):
        delta.publish(values((i, "a", "n")))
    (old,) = DeltaTable(str(delta.folder), version=1).file_uris()
    (delta.root / old.removeprefix("file://")).unlink()
    assert [v.version for v in delta.target().versions()] == ["2", "0"]
    DeltaTable(str(delta.folder)).create_checkpoint()
    log(delta, 0).unlink()
    log(delta, 1).unlink()
    assert [v.version for v in delta.target().versions()] == ["2"]
    assert delta.target()._log.at("1") is None
    with pytest.raises(LoadFailed, match="has no version 1"):
        delta.target().restore("1", "k9")
    assert delta.target()._log.at("7") is None


def test_expiring_is_left_to_the_retention_of_delta(delta, values):
    done = delta.publish(values((1, "a", "n")))
    delta.publish(values((2, "a", "n")))
    delta.target()._log.expire([done.version])
    assert delta.read(done.version) == [(1, "a", "n")]


# -- checkpoints


def test_every_tenth_commit_makes_a_checkpoint(delta, values):
    for i in range(11):
        delta.publish(values((i, "a", "n")), **APPEND)
    checkpoints = [p.name[:20] for p in (delta.folder / "_delta_log").glob("*.checkpoint.parquet")]
    assert checkpoints == [f"{10:020d}"]
    assert len(delta.read()) == 11


def test_a_checkpoint_that_cannot_be_made_does_not_undo_the_commit(delta, values, monkeypatch):
    def refused(self):
        raise deltalake.exceptions.DeltaError("no room")

    monkeypatch.setattr(DeltaTable, "create_checkpoint", refused)
    for i in range(11):
        done = delta.publish(values((i, "a", "n")), **APPEND)
    assert done.version == "10"
    assert len(delta.read()) == 11


# -- files of others


def test_files_without_statistics_are_counted_from_their_footers(delta, values):
    delta.publish(values((1, "a", "n"), (2, "a", "n")), **APPEND)
    lines = [json.loads(line) for line in log(delta, 0).read_text().splitlines()]
    for line in lines:
        line.get("add", {}).pop("stats", None)
    raw_commit(delta, 0, *lines)
    current = delta.target()._log.current()
    assert [f.rows for f in current.files] == [2]
    assert current.rows == 2


def test_true_and_false_name_partitions_as_delta_does(delta):
    schema = (Column("id", "integer"), Column("good", "boolean"))
    sql = (
        "SELECT CAST(id AS integer) AS id, good FROM "
        "(VALUES (1, true), (2, false), (3, NULL)) AS v(id, good)"
    )
    delta.publish(sql, schema=schema, partition_by=("good",), mode="overwrite_partitions")
    found = {f.partition["good"] for f in delta.target()._log.current().files}
    assert found == {"true", "false", None}
    again = "SELECT CAST(9 AS integer) AS id, true AS good"
    delta.publish(again, schema=schema, partition_by=("good",), mode="overwrite_partitions")
    assert delta.read() == [(2, False), (3, None), (9, True)]
    rows = DeltaTable(str(delta.folder)).to_pyarrow_table().to_pylist()
    assert sorted((r["id"], r["good"]) for r in rows) == [(2, False), (3, None), (9, True)]


def test_an_empty_text_names_no_partition(delta, values):
    with pytest.raises(LoadFailed, match="`part` is an empty text") as told:
        delta.publish(values((1, "", "n"), (2, "x", "n")), partition_by=("part",), mode="append")
    assert told.value.code == "PSK-TGT-105"
    assert delta.target().versions() == []


def test_a_commit_whose_note_is_gone_is_still_found_by_its_token(delta, values):
    """The log's file may be cleaned up by another program once a checkpoint holds its actions."""
    delta.publish(values((1, "a", "n")), "mine", **APPEND)
    DeltaTable(str(delta.folder)).create_checkpoint()
    theirs(delta, [(2, "a", "n")])
    log(delta, 0).unlink()
    assert delta.publish(values((1, "a", "n")), "mine", **APPEND).version == "0"
    assert [r[0] for r in delta.read()] == [1, 2]


def test_a_log_file_without_a_note_of_what_it_is(delta, values):
    delta.publish(values((1, "a", "n")), "mine", **APPEND)
    lines = [json.loads(line) for line in log(delta, 0).read_text().splitlines()]
    raw_commit(delta, 0, *[x for x in lines if "commitInfo" not in x])
    (version,) = delta.target().versions()
    assert (version.key, version.rows) == (None, 1)


# -- the protocol of a table


def test_plain_timestamps_raise_the_protocol_once_and_keep_what_is_there(delta):
    plain = (Column("id", "integer"), Column("at", "timestamp"))
    sql = "SELECT CAST(1 AS integer) AS id, TIMESTAMP '2026-01-01' AS at"
    delta.publish("SELECT CAST(1 AS integer) AS id", schema=plain[:1], **APPEND)
    assert DeltaTable(str(delta.folder)).protocol().min_writer_version == 2
    delta.publish(sql, schema=plain, **APPEND)
    after = DeltaTable(str(delta.folder)).protocol()
    assert after.reader_features == ["timestampNtz"]
    assert set(after.writer_features) == {"appendOnly", "invariants", "timestampNtz"}
    delta.publish(sql, schema=plain, **APPEND)
    assert "protocol" not in log(delta, 2).read_text()
    assert len(delta.read()) == 3


def test_aws_itself_needs_no_endpoint(delta, monkeypatch, tmp_path):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    delta.load = replace(delta.load, options={"path": "s3://acme/t", "format": "delta"})
    assert delta.target()._log._storage() == {
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "aws_region": "eu-west-1",
    }
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://here")
    assert delta.target()._log._storage()["aws_allow_http"] == "false"
    assert delta.target()._log._storage()["aws_endpoint"] == "https://here"


def test_a_version_whose_log_is_damaged_is_none(delta, values):
    for i in range(3):
        delta.publish(values((i, "a", "n")))
    DeltaTable(str(delta.folder)).create_checkpoint()
    log(delta, 1).write_text("{nonsense\n")
    target = delta.target()
    assert target._log.at("1") is None
    assert target._log.at("2").number == 2
    assert delta.read("2") == [(2, "a", "n")]


def test_what_the_table_is_is_written_only_where_it_changes(delta, values):
    delta.publish(values((1, "a", "n")), **APPEND)
    delta.publish(values((2, "a", "n")), **APPEND)
    assert "metaData" in log(delta, 0).read_text()
    assert "metaData" not in log(delta, 1).read_text()
    made = DeltaTable(str(delta.folder)).metadata().id
    delta.publish(values((3, "b", "n")), partition_by=("part",))
    after = DeltaTable(str(delta.folder)).metadata()
    assert after.partition_columns == ["part"]
    assert after.id == made, "the same table"
    assert delta.read() == [(3, "b", "n")]


def test_what_others_wrote_is_told_as_far_as_the_log_goes(delta, values):
    theirs(delta, [(1, "a", "n")])
    theirs(delta, [(2, "a", "n")])
    log_ = delta.target()._log
    assert len(log_.foreign(log_.current())) == 2
    delta.publish(values((3, "a", "n")), mode="append")
    log_ = delta.target()._log
    assert log_.foreign(log_.current()) == []
    assert log_.pinned() == (set(), set())


def test_upkeep_leaves_the_log_to_the_retention_of_delta(delta, values):
    for n in range(3):
        delta.publish(values((n, "a", "n")), mode="append")
    assert delta.target()._log.superfluous(None, ()) == set()


class Breaking:
    """deltalake.DeltaTable over a connection that breaks within the first `times` answers."""

    def __init__(self, times, text="Generic S3 error: error reading a body from connection"):
        self.left, self.text, self.tried = times, text, 0

    def __call__(self, *args, **kwargs):
        self.tried += 1
        if self.left:
            self.left -= 1
            raise deltalake.exceptions.DeltaError(self.text)
        return DeltaTable(*args, **kwargs)


@pytest.fixture
def breaking(monkeypatch):
    def set_up(*args):
        broken = Breaking(*args)
        monkeypatch.setattr(deltalake, "DeltaTable", broken)
        return broken

    monkeypatch.setattr("penstock.runtime.targets.lake.delta._PAUSES", (0.0, 0.0, 0.0))
    return set_up


@pytest.mark.parametrize("times", [1, 3])
def test_a_log_is_read_again_where_the_connection_broke(delta, values, breaking, times):
    delta.publish(values((1, "a", "n")), **APPEND)
    broken = breaking(times)
    assert delta.target()._log.current().number == 0
    assert broken.tried == times + 1


def test_a_connection_that_breaks_every_time_is_told(delta, values, breaking):
    delta.publish(values((1, "a", "n")), **APPEND)
    broken = breaking(4)
    with pytest.raises(LoadFailed, match="error reading a body") as told:
        delta.target()._log.current()
    assert (told.value.code, broken.tried) == ("PSK-TGT-104", 4)


def test_what_is_no_broken_connection_is_not_asked_again(delta, values, breaking):
    delta.publish(values((1, "a", "n")), **APPEND)
    broken = breaking(1, "a checksum that does not fit")
    with pytest.raises(LoadFailed, match="does not fit"):
        delta.target()._log.current()
    assert broken.tried == 1
