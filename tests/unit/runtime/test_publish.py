"""What is published, by whom it is finished, and what is left of a run that was killed."""

from __future__ import annotations

import json
import shutil
from datetime import date

import duckdb
import pytest

from penstock.errors import LoadFailed
from penstock.program import Column, Load, Program
from penstock.runtime import publish, registry
from penstock.runtime.document import RunDocument
from penstock.runtime.ledger.base import BACKFILL, DAILY
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.targets.lake.target import LakeTarget

SCHEMA = (Column("id", "integer"),)
LOADS = tuple(
    Load(name, "rows", "lake", {"path": name}, SCHEMA, mode="append")
    for name in ("first", "second")
)
PROGRAM = Program("shop", "duckdb", loads=LOADS).seal()


class Watching:
    def __init__(self):
        self.events = []

    def event(self, name, **values):
        self.events.append((name, values))

    def texts(self):
        return [v["text"] for n, v in self.events if n == "message"]


class House:
    """A root with a ledger, and runs that get as far as a test wants."""

    def __init__(self, root, engine):
        self.root = root
        self.engine = engine
        self.ledger = SQLiteLedger(root / "ledger.sqlite", actor="me@mill")
        self.watching = Watching()
        self.lock = self.lane(DAILY)

    def lane(self, lane):
        name = publish.lane_lock("shop", lane)
        return self.ledger.acquire(name, "elsewhere:1:2", lease_seconds=60)

    def begin(self, run_id, lane=DAILY):
        record = self.ledger.begin(
            run_id, "shop", f"key of {run_id}", PROGRAM.digest, "s", {}, lane=lane
        )
        folder = publish.run_folder(self.root, run_id)
        (folder / "work").mkdir(parents=True)
        publish.write_json(folder / "program.json", PROGRAM.as_json())
        return record

    def relation(self, number):
        self.engine.create("rows", f"SELECT CAST({number} AS integer) AS id", materialize=True)
        return "rows"

    def stage(self, run_id, number):
        rows = self.relation(number)
        open_ = publish.open_target
        key = f"key of {run_id}"
        return {x.target: open_(x, self.root).stage(self.engine, rows, key) for x in LOADS}

    def cut_off(self, run_id, number, lane=DAILY):
        """A run that was killed after it had recorded its intent."""
        self.begin(run_id, lane)
        staged = self.stage(run_id, number)
        intent = json.loads(json.dumps(publish.intent(PROGRAM, staged)))
        self.ledger.stage(run_id, intent, self.lock if lane == DAILY else self.lane(lane))
        return staged, self.ledger.run(run_id)

    def roll_forward(self, record):
        publish.roll_forward(record, self.root, self.ledger, self.watching, self.lock)

    def clear(self, record, lock=None):
        publish.clear_dead(PROGRAM, self.root, self.ledger, record, lock or self.lock)

    def rows(self, target):
        (load,) = (x for x in LOADS if x.target == target)
        with duckdb.connect() as con:
            found = publish.open_target(load, self.root).relation()
            return sorted(i for (i,) in con.execute(f"SELECT id FROM {found} AS t").fetchall())

    def parts(self, target):
        return list((self.root / target).rglob("part-*"))

    def document(self, run_id):
        return RunDocument(PROGRAM, run_id, 1)


@pytest.fixture
def house(tmp_path):
    engine = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    (tmp_path / "root").mkdir()
    made = House(tmp_path / "root", engine)
    yield made
    made.ledger.close()
    engine.close()


# -- one commit


def test_a_commit_is_noted_in_the_document_and_told(house):
    staged = house.stage("r", 1)
    document = house.document("r")
    document.targets["first"] = {"seconds": 100.0}  # of staging
    version = publish.commit(LOADS[0], staged["first"], house.root, document, house.watching)
    assert (version.pipeline, version.target, version.run_id) == ("shop", "first", "r")
    assert version.location == "first"
    assert version.published_at.endswith("Z")
    assert publish.load_from_json(version.load) == LOADS[0]
    told = document.targets["first"]
    assert (told["rows_loaded"], told["version"]) == (1, version.version)
    assert 100 <= told["seconds"] < 200
    assert house.watching.events == [
        ("commit_started", {"target": "first"}),
        ("target_finished", {"target": "first", **told}),
    ]


def test_the_target_gets_the_value_of_a_secret(house, monkeypatch):
    monkeypatch.setenv("PENSTOCK_SECRET_PLACE", "hidden.csv")
    load = Load("t", "rows", "file", {"path": "${secret.PLACE}"}, SCHEMA)
    staged = publish.open_target(load, house.root).stage(house.engine, house.relation(1), "k")
    version = publish.commit(load, staged, house.root, house.document("r"), house.watching)
    assert (house.root / "hidden.csv").exists()
    assert version.load["options"] == {"path": "${secret.PLACE}"}, "the ledger keeps the name"


# -- a run that was cut off between its commits


@pytest.mark.parametrize("committed", [0, 1, 2])
def test_a_run_cut_off_while_publishing_is_finished(house, committed):
    staged, record = house.cut_off("r1", 7)
    for load in LOADS[:committed]:
        publish.commit(load, staged[load.target], house.root, house.document("r1"), Watching())
    house.roll_forward(record)
    assert house.rows("first") == house.rows("second") == [7]
    done = house.ledger.run("r1")
    assert done.status == "succeeded"
    assert done.report["status"] == "succeeded"
    assert done.report["notes"] == [
        "finished by a later run, after this one was cut off while publishing"
    ]
    assert {t: x["rows_loaded"] for t, x in done.report["targets"].items()} == {
        "first": 1,
        "second": 1,
    }
    assert set(house.ledger.current("shop")) == {"first", "second"}
    report = publish.run_folder(house.root, "r1") / "report.json"
    assert json.loads(report.read_text())["run_id"] == "r1"
    assert house.watching.texts() == ["finishing run r1, which was cut off while publishing"]
    assert publish.moved(PROGRAM, house.root, house.ledger) == {}


def test_a_run_whose_files_are_gone_ends_as_failed(house):
    _, record = house.cut_off("r1", 7)
    for part in house.parts("second"):
        part.unlink()
    house.roll_forward(record)
    done = house.ledger.run("r1")
    assert done.status == "failed"
    assert done.report["error"]["code"] == "PSK-TGT-107"
    assert house.ledger.current("shop") == {}, "no version is noted of a run that failed"
    assert house.watching.texts()[-1].startswith("run r1 cannot be finished: 1 file(s)")
    assert not (publish.run_folder(house.root, "r1") / "report.json").exists()


def refuse(monkeypatch, name):
    """Have one target refuse the rows when they are committed."""
    commit = LakeTarget.commit

    def refusing(self, staged):
        if staged.target == name:
            raise LoadFailed("the rows do not fit", code="PSK-TGT-141")
        return commit(self, staged)

    monkeypatch.setattr(LakeTarget, "commit", refusing)


def test_a_run_whose_rows_are_refused_at_once_ends_as_failed(house, monkeypatch):
    _, record = house.cut_off("r1", 7)
    refuse(monkeypatch, "first")
    house.roll_forward(record)
    done = house.ledger.run("r1")
    assert (done.status, done.report["error"]["code"]) == ("failed", "PSK-TGT-141")
    assert house.ledger.current("shop") == {}
    assert house.parts("first") == house.parts("second") == []


def test_a_run_of_which_a_part_is_published_stays_to_be_finished(house, monkeypatch):
    """Given up, and done anew with more rows, it would publish that part twice."""
    _, record = house.cut_off("r1", 7)
    with monkeypatch.context() as patch:
        refuse(patch, "second")
        with pytest.raises(LoadFailed):
            house.roll_forward(record)
    assert house.ledger.run("r1").status == "running"
    house.roll_forward(record)
    assert house.ledger.run("r1").status == "succeeded"
    assert house.rows("first") == house.rows("second") == [7]


def test_a_record_without_an_intent_publishes_nothing(house):
    record = house.begin("r1")
    house.roll_forward(record)
    assert house.ledger.run("r1").status == "succeeded"
    assert house.ledger.current("shop") == {}


# -- a run that was killed before


def test_what_a_killed_run_staged_is_removed(house):
    house.begin("dead")
    house.stage("dead", 1)
    assert house.parts("first")
    now = house.begin("now")
    house.clear(now)
    assert house.parts("first") == house.parts("second") == []
    dead = house.ledger.run("dead")
    assert dead.status == "interrupted"
    assert dead.report["status"] == "failed"
    assert "killed before it had published" in dead.report["error"]["message"]
    folder = publish.run_folder(house.root, "dead")
    assert not (folder / "work").exists()
    assert (folder / "program.json").exists()
    assert house.ledger.run("now").status == "running"
    assert (publish.run_folder(house.root, "now") / "work").exists()


def test_runs_that_are_not_dead_are_left_alone(house):
    """One that ended, one with an intent to roll forward, one of another lane."""
    house.begin("ended")
    house.stage("ended", 1)
    house.ledger.finish("ended", "failed", {})
    house.cut_off("intends", 2)
    house.begin("backfill", BACKFILL)
    staged = house.stage("backfill", 3)
    before = set(house.parts("first"))
    house.clear(house.begin("now"))
    assert set(house.parts("first")) == before
    assert house.ledger.run("ended").status == "failed"
    assert house.ledger.run("intends").status == "running"
    assert house.ledger.run("backfill").status == "running"
    publish.commit(LOADS[0], staged["first"], house.root, house.document("backfill"), Watching())
    assert house.rows("first") == [3]


def test_each_lane_clears_its_own(house):
    house.begin("daily")
    house.begin("dead", BACKFILL)
    house.clear(house.begin("now", BACKFILL), house.lane(BACKFILL))
    assert house.ledger.run("dead").status == "interrupted"
    assert house.ledger.run("daily").status == "running"


# -- whether readers see what was published


def test_targets_that_do_not_show_what_was_published(house):
    never = "was not published yet"
    assert publish.moved(PROGRAM, house.root, house.ledger) == {"first": never, "second": never}
    _, record = house.cut_off("r1", 7)
    house.roll_forward(record)
    for part in house.parts("second"):
        part.unlink()
    assert publish.moved(PROGRAM, house.root, house.ledger) == {
        "second": "was changed or removed since the last run published it"
    }


# -- names and files


def test_lanes_have_locks_of_their_own():
    assert publish.lane_lock("shop", DAILY) == "pipeline:shop"
    assert publish.lane_lock("shop", BACKFILL) == "pipeline:shop:backfill"
    assert publish.publish_lock("shop") == "publish:shop"


def test_a_json_file_is_replaced_whole_and_nothing_lies_beside_it(tmp_path):
    path = tmp_path / "x.json"
    publish.write_json(path, {"old": 1})
    publish.write_json(path, {"a": "é", "day": date(2026, 1, 1)})
    assert path.read_text(encoding="utf-8") == '{\n "a": "é",\n "day": "2026-01-01"\n}'
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_a_run_whose_folder_somebody_removed_is_still_recorded(house):
    record = house.begin("r1")
    shutil.rmtree(publish.run_folder(house.root, "r1"))
    document = house.document("r1")
    document.end("succeeded")
    publish.finish(record, document, house.root, house.ledger, [], lock=house.lock)
    assert house.ledger.run("r1").status == "succeeded"
    assert not publish.run_folder(house.root, "r1").exists()
