"""Clocks that go backwards, a ledger of the future, a lock whose host is lost, and two processes
that run one pipeline at the same time.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import trials
from children import start
from clocks import with_clock

from penstock.runtime.ledger.sqlite import SQLiteLedger

KINDS = [(f, m, "incremental") for f, m in (("parquet", "merge"), ("delta", "append"))]


@pytest.fixture(params=KINDS, ids="-".join)
def case(request, tmp_path):
    """A folder before a run, its Program, and what the run gives."""
    folder, base = tmp_path / "p", tmp_path / "base"
    program = trials.prepare(folder, request.param)
    trials.copied(folder, base)
    assert trials.launch(folder, program, {}) == 0
    after = trials.published(folder, program), trials.memory(folder)
    shutil.rmtree(folder)
    return trials.copied(base, folder), program, *after


def ended_in_order(folder):
    """Whether the ledger's clock said that the second run ended after the first."""
    with sqlite3.connect(folder / ".penstock" / "ledger.sqlite") as db:
        times = [at for (at,) in db.execute("SELECT ended_at FROM attempts ORDER BY rowid")]
    db.close()
    assert len(times) == 2
    return times == sorted(times)


@pytest.mark.parametrize(
    ("before", "after"), [(-86_400, -86_400), (0, -86_400), (86_400 * 400, 0)], ids=str
)
def test_a_clock_that_goes_backwards(case, tmp_path, before, after):
    folder, program, rows, known = case
    told = tmp_path / "told.json"
    child = start(with_clock, folder, program, told, before, after)
    child.join(120)
    assert child.exitcode == 0, told.read_text()
    assert trials.published(folder, program) == rows
    assert trials.memory(folder) == known
    assert ended_in_order(folder) == (after >= 0)
    assert trials.launch(folder, program, {}, told=told) == 0
    assert '"skipped"' in told.read_text()


def test_two_processes_run_one_pipeline(case):
    folder, program, rows, known = case
    both = [start(trials._child, folder, program, {}, 0, None, {}, None) for _ in range(2)]
    for child in both:
        child.join(120)
    codes = sorted(c.exitcode for c in both)
    assert codes[0] == 0
    assert codes[1] in {0, 1, 4}  # told that another run has the lock, or nothing was new any more
    assert trials.published(folder, program) == rows
    assert trials.memory(folder) == known


def test_a_lock_of_a_host_that_is_gone(case, tmp_path):
    """Until its lease has passed it is respected; then the run takes it over."""
    folder, program, rows, known = case
    path = folder / ".penstock" / "ledger.sqlite"
    ledger = SQLiteLedger(path)
    ledger.acquire("pipeline:orders", "lost-host.example:1:1", lease_seconds=3600)
    ledger.close()
    told = tmp_path / "told.json"
    assert trials.launch(folder, program, {}, told=told) != 0
    assert "lost-host.example" in told.read_text()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE locks SET lease_until = ?", (time.time() - 1,))
    db.close()
    assert trials.launch(folder, program, {}, told=told) == 0
    assert trials.published(folder, program) == rows
    assert trials.memory(folder) == known
