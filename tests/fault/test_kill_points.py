"""Ledger and lake, killed (SIGKILL) at every call that changes something, then done again.

The runs of `test_killed_runs.py` go through a whole run; here each single write of a commit
is a boundary. Killed after one call is killed before the next: nothing is written in between that
a call does not count. A fork server makes a child in milliseconds, so that each can be tried.
"""

from __future__ import annotations

import json
import shutil
import signal
from collections import Counter
from dataclasses import asdict

import pytest
from kill_points import (
    AFTER,
    BEFORE,
    MODES,
    calls,
    child_commits,
    child_keeps_up,
    child_publishes,
    child_works,
    engine,
    lake,
    publish,
    run,
    stage,
    upkeep,
    work,
)

from penstock.runtime.ledger.sqlite import SQLiteLedger

# -- the lake


def seen(root):
    """What a reader sees who knows nothing but current.json."""
    table = root / "t"
    current = table / "_penstock" / "current.json"
    if not current.exists():
        return None
    files = [str(table / f["path"]) for f in json.loads(current.read_text())["files"]]
    query = f"FROM read_parquet({files}, hive_partitioning=true, hive_types={{part: varchar}})"
    rows = engine().rows(f"SELECT id, part {query}")
    return sorted((r["id"], r["part"]) for r in rows if r["part"]) + sorted(
        r["id"] for r in rows if not r["part"]
    )


def left_over(root):
    """Files that are in no version, and what is left of writing."""
    table = root / "t"
    manifests = [json.loads(p.read_text()) for p in (table / "_penstock/manifests").glob("*.json")]
    named = {f["path"] for m in manifests for f in m["files"]}
    there = {p.relative_to(table).as_posix() for p in table.rglob("*.parquet")}
    rest = {*(table / "_penstock" / "staged").iterdir(), *table.rglob("*.tmp")}
    return sorted(there - named), sorted(p.name for p in rest)


@pytest.fixture
def base(tmp_path):
    def make(mode, first=BEFORE):
        root = tmp_path / "base"
        root.mkdir()
        if first:
            publish(root, mode, first, "k1")
        whole = tmp_path / "whole"
        shutil.copytree(root, whole)
        publish(whole, mode, AFTER, "k2")
        return root, seen(root), seen(whole)

    return make


@pytest.mark.parametrize(
    ("mode", "first"), [*((mode, BEFORE) for mode in MODES), ("append", None), ("merge", None)]
)
def test_a_run_killed_at_every_write(base, tmp_path, mode, first):
    root, old, new = base(mode, first)
    trial = tmp_path / "trial"
    shutil.copytree(root, trial)
    total = calls(child_publishes, trial, mode, counts=trial / "calls")
    assert total > 10, "the boundaries are not passed any more"
    outcomes = Counter()
    for nth in range(1, total + 1):
        at = f"killed after call {nth} of {total}"
        trial = tmp_path / f"trial-{nth}"
        shutil.copytree(root, trial)
        assert run(child_publishes, trial, mode, nth=nth) == -signal.SIGKILL, at
        between = seen(trial)
        assert between in (old, new), at
        outcomes["new" if between == new else "old"] += 1
        publish(trial, mode, AFTER, "k2")
        assert seen(trial) == new, at
        assert left_over(trial) == ([], []), at
        done = publish(trial, mode, AFTER, "k2")
        assert seen(trial) == new, at
        assert lake(trial, mode).holds(done.version), at
        shutil.rmtree(trial)
    assert outcomes["old"] > 5
    assert outcomes["new"] >= 1


@pytest.mark.parametrize("mode", MODES)
def test_a_commit_killed_at_every_write_is_rolled_forward(base, tmp_path, mode):
    """From what the ledger kept, without the engine and without the rows."""
    root, old, new = base(mode)
    staged = stage(root, mode, AFTER, "k2")
    (root / "staged.json").write_text(json.dumps(asdict(staged)))
    trial = tmp_path / "trial"
    shutil.copytree(root, trial)
    total = calls(child_commits, trial, mode, counts=trial / "calls")
    assert total >= 6, "two files are written, flushed, and put in place"
    for nth in range(1, total + 1):
        at = f"killed after call {nth} of {total}"
        trial = tmp_path / f"trial-{nth}"
        shutil.copytree(root, trial)
        assert run(child_commits, trial, mode, nth=nth) == -signal.SIGKILL, at
        assert seen(trial) in (old, new), at
        lake(trial, mode).commit(staged)
        assert seen(trial) == new, at
        assert left_over(trial) == ([], []), at
        shutil.rmtree(trial)


def test_upkeep_killed_at_every_write(base, tmp_path):
    """Readers see the same rows at every moment, and doing it again leaves nothing behind."""
    root, _, rows = base("append")
    publish(root, "append", AFTER, "k2")
    assert seen(root) == rows
    trial = tmp_path / "trial"
    shutil.copytree(root, trial)
    total = calls(child_keeps_up, trial, "append", counts=trial / "calls")
    assert total > 15, "the boundaries are not passed any more"
    files = len(list((trial / "t").rglob("*.parquet")))
    for nth in range(1, total + 1):
        at = f"killed after call {nth} of {total}"
        trial = tmp_path / f"trial-{nth}"
        shutil.copytree(root, trial)
        assert run(child_keeps_up, trial, "append", nth=nth) == -signal.SIGKILL, at
        assert seen(trial) == rows, at
        lake(trial, "append").abandon("u1")
        upkeep(trial, "append", "u2")
        assert seen(trial) == rows, at
        assert left_over(trial) == ([], []), at
        assert len(lake(trial, "append").versions()) == 1, at
        assert len(list((trial / "t").rglob("*.parquet"))) == files, at
        assert not (trial / "t/_penstock/removing.json").exists(), at
        shutil.rmtree(trial)


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_a_run_killed_at_every_write_and_given_up(base, tmp_path, mode):
    """`abandon` instead of a rerun: what readers saw stays, and nothing else is left."""
    root, old, new = base(mode)
    trial = tmp_path / "trial"
    shutil.copytree(root, trial)
    total = calls(child_publishes, trial, mode, counts=trial / "calls")
    for nth in range(1, total + 1):
        trial = tmp_path / f"trial-{nth}"
        shutil.copytree(root, trial)
        assert run(child_publishes, trial, mode, nth=nth) == -signal.SIGKILL
        between = seen(trial)
        assert between in (old, new)
        lake(trial, mode).abandon("k2")
        assert seen(trial) == between
        assert left_over(trial) == ([], []), f"killed after call {nth} of {total}"
        shutil.rmtree(trial)


# -- the ledger


def remembered(path):
    ledger = SQLiteLedger(path)
    try:
        assert ledger.verify_audit() == []
        return (
            [(r.run_id, r.status, r.report) for r in ledger.runs("p")],
            {n: v.version for n, v in ledger.current("p").items()},
            ledger.seen_files("p", "d"),
            [(e.action, e.subject) for e in ledger.audit()],
        )
    finally:
        ledger.close()


def test_a_ledger_killed_at_every_statement(tmp_path):
    first = tmp_path / "first" / "ledger.sqlite"
    first.parent.mkdir()
    total = calls(child_works, first, counts=first.with_name("calls"))
    assert total > 40, "the boundaries are not passed any more"
    whole = remembered(first)
    assert whole[1] == {"t": "v1"}
    states = Counter()
    for nth in range(1, total + 1):
        at = f"killed after statement {nth} of {total}"
        path = tmp_path / str(nth) / "ledger.sqlite"
        path.parent.mkdir()
        assert run(child_works, path, nth=nth) == -signal.SIGKILL, at
        runs, versions, files, audit = remembered(path)
        ended = [r for r in runs if r[1] == "succeeded"]
        assert len(ended) == len(versions) == len(audit) == bool(files), f"{at}: half an end"
        states[(len(runs), len(ended))] += 1
        work(path)  # takes the dead child's lock over
        assert remembered(path) == whole, at
        shutil.rmtree(path.parent)
    assert set(states) == {(0, 0), (1, 0), (1, 1)}
