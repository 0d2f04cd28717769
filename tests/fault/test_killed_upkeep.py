"""`penstock maintain` and `penstock ledger rebuild`, killed at any call and then done again.

`make fault` kills at every call, `make test` at some of them. That every single write of a
Parquet table's upkeep may be the last is in `test_kill_points.py`.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal

import pytest
import trials
import upkeep_trials
from upkeep_trials import keep_up, make_ledger

EVERYTHING = bool(os.environ.get("FAULT_EVERYTHING"))
SOME_CALLS = 5
THIRD = "id,day,amount,seen\n12,2026-01-03,12.00,2026-01-03T07:00:00\n"


def chosen(total):
    """The calls after which to die."""
    if EVERYTHING:
        return range(1, total + 1)
    return [1 + round(n * (total - 1) / (SOME_CALLS - 1)) for n in range(SOME_CALLS)]


class Filled:
    """A pipeline's folder, each time at the same place: Iceberg notes whole paths."""

    def __init__(self, home, form, mode="append"):
        self.folder, self.base = home / "p", home / "base"
        self.program = trials.prepare(self.folder, (form, mode, "incremental"))

    def keep(self):
        """Come back to this state from now on."""
        trials.copied(self.folder, self.base)

    def restore(self):
        shutil.rmtree(self.folder)
        trials.copied(self.base, self.folder)

    def rows(self):
        return trials.published(self.folder, self.program)

    def run(self, nth=0):
        told = self.folder.with_name("told.json")
        told.unlink(missing_ok=True)
        code = trials.launch(self.folder, self.program, {}, nth=nth, told=told)
        return code, json.loads(told.read_text()) if told.exists() else {}

    def go(self, what, nth=0):
        return upkeep_trials.go(what, self.folder, self.program, nth)


@pytest.mark.parametrize("form", trials.FORMATS[0 if EVERYTHING else 1 :])
def test_upkeep_killed_at_any_call(tmp_path, form):
    there = Filled(tmp_path, form)
    assert there.run()[0] == 0
    (there.folder / "data" / "3.csv").write_text(THIRD)
    assert there.run()[0] == 0
    there.keep()
    rows = there.rows()
    code, told = there.go(keep_up)
    assert (code, told["changed"]) == (0, True)
    total, files = told["calls"], data_files(there.folder)
    known = trials.memory(there.folder)[1:]
    assert there.rows() == rows
    assert total > 40, "the boundaries are not passed any more"
    for nth in chosen(total):
        at = f"killed after call {nth} of {total}"
        there.restore()
        assert there.go(keep_up, nth)[0] == -signal.SIGKILL, at
        assert there.rows() == rows, at
        assert there.go(keep_up)[0] == 0, at
        assert there.rows() == rows, at
        assert len(data_files(there.folder)) == len(files), at
        assert not list(there.folder.glob("lake/*/_penstock/staged/*")), at
        code, told = there.go(keep_up)
        assert (code, told["changed"]) == (0, False), at
        code, told = there.run()
        assert (code, told["status"]) == (0, "skipped"), at
        assert trials.memory(there.folder)[1:] == known, at


def data_files(folder):
    """Every file of rows that is there."""
    found = folder.glob("lake/**/*")
    return [p for p in found if p.suffix in {".parquet", ".orc"} and "_delta_log" not in p.parts]


@pytest.mark.parametrize(
    ("form", "mode"),
    list(itertools.product(trials.FORMATS, ["append", "merge"]))
    if EVERYTHING
    else [("delta", "append"), ("iceberg", "merge")],
)
def test_a_rebuild_killed_at_any_call(tmp_path, form, mode):
    """With a run in flight, which the next one finishes once."""
    there = Filled(tmp_path, form, mode)
    there.keep()
    code, told = there.run()
    assert code == 0
    whole, known = there.rows(), trials.memory(there.folder)
    there.restore()
    shutil.rmtree(there.base)
    assert there.run(nth=round(0.8 * told["calls"]))[0] == -signal.SIGKILL
    path = there.folder / ".penstock" / "ledger.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    there.keep()
    between = there.rows()
    code, told = there.go(make_ledger)
    assert (code, told["changed"]) == (0, True)
    total = told["calls"]
    assert total > 30, "the boundaries are not passed any more"
    for nth in chosen(total):
        at = f"killed after call {nth} of {total}"
        there.restore()
        assert there.go(make_ledger, nth)[0] == -signal.SIGKILL, at
        assert there.rows() == between, at
        assert there.go(make_ledger)[0] == 0, at
        assert list(path.parent.glob("ledger.sqlite.damaged-*")), f"{at}: the old file is kept"
        code, told = there.run()
        assert code == 0, (at, told)
        assert there.rows() == whole, at
        assert trials.memory(there.folder) == known, at
        code, told = there.run()
        assert (code, told["status"]) == (0, "skipped"), at
