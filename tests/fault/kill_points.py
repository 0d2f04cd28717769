"""Work of a ledger and of a lake, and children that die after the n-th call of it."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import sqlite3
import tempfile
from pathlib import Path

from children import start

from penstock.program import Column, Load
from penstock.runtime import registry
from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.base import Version
from penstock.runtime.ledger.sqlite import SQLiteLedger, connection
from penstock.runtime.targets.base import Staged, Upkeep
from penstock.runtime.targets.lake.target import LakeTarget

SCHEMA = (Column("id", "integer"), Column("part", "varchar"))
BEFORE = "VALUES (1, 'a'), (2, 'b'), (3, 'b'), (4, NULL)"
AFTER = "VALUES (2, 'b'), (5, 'c'), (6, NULL)"
MODES = {
    "append": {"mode": "append"},
    "overwrite": {"mode": "overwrite"},
    "overwrite_partitions": {"mode": "overwrite_partitions"},
    "merge": {"mode": "merge", "keys": ("id",)},
}


class Deadly:
    """Counts calls, and dies after one of them."""

    def __init__(self, nth):
        self.nth, self.calls = nth, 0

    def wrap(self, owner, name):
        real = getattr(owner, name)

        @functools.wraps(real)
        def call(*args, **named):
            self.calls += 1
            mine = self.calls
            try:
                return real(*args, **named)
            finally:
                if mine == self.nth:
                    os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, call)


def run(target, *args, nth=0):
    """Run `target` in a child that dies after the n-th call; gives its exit code."""
    process = start(target, *args, nth)
    process.join(60)
    return process.exitcode


def calls(target, *args, counts):
    """How many calls an undisturbed child makes."""
    assert run(target, *args) == 0
    return int(counts.read_text())


# -- the lake


def lake(root, mode):
    load = Load("t", "rows", "lake", {"path": "t"}, SCHEMA, partition_by=("part",), **MODES[mode])
    return LakeTarget(load, root)


@functools.cache
def engine():
    """One for each process: opening it is most of what a trial costs."""
    work = Path(tempfile.mkdtemp(prefix="penstock-fault-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    return registry.engine("duckdb")(work=work, memory_bytes=None, threads=1)


def stage(root, mode, rows, key):
    engine().create(
        "rows",
        "SELECT CAST(id AS integer) AS id, CAST(part AS varchar) AS part "
        f"FROM ({rows}) AS v(id, part)",
        materialize=True,
    )
    return lake(root, mode).stage(engine(), "rows", key)


def publish(root, mode, rows, key):
    return lake(root, mode).commit(stage(root, mode, rows, key))


def arm(root, nth):
    """Every call by which a target changes the disk."""
    tempfile.tempdir = str(root)  # nobody cleans up after the killed
    deadly = Deadly(nth)
    for name in ("replace", "fsync"):
        deadly.wrap(os, name)
    for name in ("unlink", "mkdir"):
        deadly.wrap(Path, name)
    deadly.wrap(registry.engine("duckdb"), "write_files")
    return deadly


def child_publishes(root, mode, nth):
    deadly = arm(root, nth)
    publish(root, mode, AFTER, "k2")
    (root / "calls").write_text(str(deadly.calls))


def upkeep(root, mode, key):
    """What `penstock maintain --keep-days 0` asks of a target."""
    return lake(root, mode).maintain(engine(), Upkeep(keep_days=0), key)


def child_keeps_up(root, mode, nth):
    deadly = arm(root, nth)
    upkeep(root, mode, "u1")
    (root / "calls").write_text(str(deadly.calls))


def child_commits(root, mode, nth):
    staged = Staged(**json.loads((root / "staged.json").read_text()))
    deadly = arm(root, nth)
    lake(root, mode).commit(staged)
    (root / "calls").write_text(str(deadly.calls))


# -- the ledger


def work(path):
    """A run as the loop makes it: rolls forward, or begins, stages, finishes."""
    ledger = SQLiteLedger(path, actor="a")
    lock = ledger.acquire("p", holder(), lease_seconds=3600)
    version = Version("p", "t", "v1", "r", "lake/t", "2026", {})
    for run_ in ledger.unfinished("p"):
        ledger.finish(run_.run_id, "succeeded", {"rows": 1}, [version], lock=lock)
    if ledger.last_succeeded("p") is None:
        run_ = ledger.begin("r", "p", "k", "prog", "s", {"d": [("f", "1"), ("g", "2")]}, lock=lock)
        ledger.stage(run_.run_id, [{"staged": 1}], lock)
        ledger.finish(run_.run_id, "succeeded", {"rows": 1}, [version], lock=lock)
    ledger.release(lock)
    ledger.close()


def child_works(path, nth):
    deadly = Deadly(nth)

    class Database(sqlite3.Connection):
        pass

    for name in ("execute", "executemany", "rollback"):
        deadly.wrap(Database, name)
    connection.sqlite3.connect = functools.partial(sqlite3.connect, factory=Database)
    work(path)
    path.with_name("calls").write_text(str(deadly.calls))
