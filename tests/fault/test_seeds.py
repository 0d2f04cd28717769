"""Killed at a call or a moment of chance, up to three times, then run again: nothing is lost,
nothing is doubled, and nobody saw half a run.

`make fault SEEDS=1000` runs more of them than `make test` does.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import trials

SEEDS = int(os.environ.get("SEEDS", "80"))


@pytest.fixture(scope="module")
def kinds(tmp_path_factory, worker_id):
    """A folder that all workers of this test session share."""
    here = tmp_path_factory.getbasetemp()
    return (here if worker_id == "master" else here.parent) / "kinds"


@contextmanager
def undisturbed(kinds, kind):
    """A kind's folder before the run that is killed, and what an undisturbed run gives.

    Every trial of a kind is in the same folder, by turns: Iceberg notes absolute paths.
    """
    home = kinds / "-".join(kind)
    home.mkdir(parents=True, exist_ok=True)
    folder, base, known = home / "p", home / "base", home / "known.pickle"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            program = trials.prepare(folder, kind)
            before = trials.published(folder, program)
            trials.copied(folder, base)
            measured = trials.measured(folder, program, trials.options(kind[2]))
            after = trials.published(folder, program), trials.memory(folder)
            known.write_bytes(pickle.dumps((program, before, *measured, *after)))
        shutil.rmtree(folder)
        trials.copied(base, folder)
        yield folder, *pickle.loads(known.read_bytes())


@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_and_run_again(seed, kinds, tmp_path, record_property):
    trial = trials.Trial.of(seed)
    with undisturbed(kinds, trial.kind) as (folder, program, before, calls, seconds, rows, known):
        given = trials.options(trial.situation)
        finished, killed = False, 0
        for way, share in trial.kills:
            if way == "call":
                code = trials.launch(folder, program, given, nth=1 + int(share * calls))
            else:
                code = trials.launch(folder, program, given, seconds=share * seconds)
            assert code in {0, -9}, trial
            finished = finished or code == 0
            killed += code == -9
            for name, seen in trials.published(folder, program).items():
                assert seen in (before[name], rows[name]), f"{name} shows half a run: {trial}"
        own = trial.situation in {"refresh", "backfill"}  # each start of one is a run of its own
        if finished and trial.situation == "refresh":
            given = {}
        told = tmp_path / "told.json"
        code = trials.launch(folder, program, given, told=told)
        found = trials.published(folder, program)
        lost, doubled = trials.difference(found, rows)
        record_property("fault", ["-".join(trial.kind), killed, lost, doubled])
        assert code == 0, (trial, told.read_text())
        assert found == rows, trial
        remembered = trials.memory(folder)
        if own:
            remembered = (known[0], *remembered[1:])
        assert remembered == known, trial
        if trial.situation == "backfill":  # the daily run sees that a file was changed
            assert trials.launch(folder, program, {}) == 0
            assert trials.published(folder, program) == rows, trial
        given = {} if own else given
        assert trials.launch(folder, program, given, told=told) == 0
        assert '"skipped"' in told.read_text(), trial
        assert trials.published(folder, program) == rows, trial


def test_every_kind_is_tried():
    kinds = {trials.Trial.of(seed).kind for seed in range(SEEDS)}
    assert len(kinds) == min(len(trials.KINDS), SEEDS)
