"""Killed at a call or a moment of chance, up to three times, then run again: nothing is lost,
nothing is doubled, and nobody saw half a run.

`make fault SEEDS=1000` runs more of them than `make test` does.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import trials

SEEDS = int(os.environ.get("SEEDS", "200"))


@functools.cache
def undisturbed(kind):
    """The folder before the run that is killed, and what that run gives when nobody kills it."""
    home = Path(tempfile.mkdtemp(prefix="penstock-kind-"))
    base = home / "base"
    program = trials.prepare(base, kind)
    whole = trials.copied(base, home / "whole")
    given = trials.options(kind[2])
    calls, seconds = trials.measured(whole, program, given)
    before = trials.published(base, program)
    return (
        base,
        program,
        calls,
        seconds,
        before,
        trials.published(whole, program),
        trials.memory(whole),
    )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_and_run_again(seed, tmp_path):
    trial = trials.Trial.of(seed)
    base, program, calls, seconds, before, rows, remembered = undisturbed(trial.kind)
    folder = trials.copied(base, tmp_path / "p")
    given = trials.options(trial.situation)
    finished = False
    for way, share in trial.kills:
        if way == "call":
            code = trials.launch(folder, program, given, nth=1 + int(share * calls))
        else:
            code = trials.launch(folder, program, given, seconds=share * seconds)
        assert code in {0, -9}, trial
        finished = finished or code == 0
        for name, seen in trials.published(folder, program).items():
            assert seen in (before[name], rows[name]), f"{name} shows half a run: {trial}"
    if finished:
        given = {}  # a refresh asks for a new run each time
    told = tmp_path / "told.json"
    assert trials.launch(folder, program, given, told=told) == 0, (trial, told.read_text())
    assert trials.published(folder, program) == rows, trial
    if trial.situation != "refresh":  # each start of a refresh is a run of its own
        assert trials.memory(folder) == remembered, trial
    assert trials.launch(folder, program, {}, told=told) == 0
    assert '"skipped"' in told.read_text(), trial
    assert trials.published(folder, program) == rows, trial


def test_every_kind_is_tried():
    kinds = {trials.Trial.of(seed).kind for seed in range(SEEDS)}
    every = len(trials.FORMATS) * len(trials.MODES) * len(trials.SITUATIONS)
    assert len(kinds) == min(every, SEEDS)
