"""Runs and replays of a child that is killed (SIGKILL) at one point.

A point is `module:object.attribute`; `when` is `before` or `after`, and `nth` the call of it at
which to die, from 1. The point `-` kills nowhere, and counts how often each of `POINTS` is passed.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from importlib import import_module

from penstock.program import Program
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.observer import Silent
from penstock.runtime.quarantine import read
from penstock.runtime.replay import Wanted, replay
from penstock.runtime.run import RunOptions, run

RUN_POINTS = (
    "penstock.runtime.run:plan",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.begin",
    "penstock.runtime.sources.file.source:FileSource.extract",
    "penstock.runtime.quarantine:QuarantineWriter.records",
    "penstock.runtime.quarantine:QuarantineWriter.rows",
    "penstock.runtime.statements:build",
    "penstock.runtime.checks:evaluate",
    "penstock.runtime.targets.lake.target:LakeTarget.stage",
    "penstock.runtime.targets.file.target:FileTarget.stage",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.stage",
    "penstock.runtime.targets.lake.target:LakeTarget.commit",
    "penstock.runtime.targets.file.target:FileTarget.commit",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.finish",
    "os:replace",
    "os:fsync",
)
REPLAY_POINTS = (
    "penstock.runtime.ledger.sqlite:SQLiteLedger.begin",
    "penstock.runtime.held_rows:read_records",
    "penstock.runtime.held_rows:read_rows",
    "penstock.runtime.corrections:write",
    "penstock.runtime.statements:build",
    "penstock.runtime.targets.lake.target:LakeTarget.stage",
    "penstock.runtime.targets.file.target:FileTarget.stage",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.stage",
    "penstock.runtime.targets.lake.target:LakeTarget.commit",
    "penstock.runtime.targets.file.target:FileTarget.commit",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.finish",
    "penstock.runtime.ledger.sqlite:SQLiteLedger.set_quarantine_state",
    "os:replace",
    "os:fsync",
)
passed = {}


def trap(point, when, nth):
    """Wrap what a point names, so that its n-th call is the last thing this process does."""
    module, _, path = point.partition(":")
    owner = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    real = getattr(owner, name)

    @functools.wraps(real)
    def deadly(*args, **kwargs):
        passed[point] = passed.get(point, 0) + 1
        die = passed[point] == nth
        if die and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*args, **kwargs)
        if die and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, name, deadly)


def opened(folder):
    """The ledger of a pipeline folder."""
    (folder / ".penstock").mkdir(exist_ok=True)
    return SQLiteLedger(folder / ".penstock" / "ledger.sqlite")


def child_runs(folder, program, point, when, nth, told):
    """Set the trap, run, and write what was passed and how it ended."""
    ledger = opened(folder)
    for each in RUN_POINTS if point == "-" else (point,):
        trap(each, when, nth)
    result = run(Program.from_json(program), folder, ledger, Silent(), RunOptions(threads=2))
    _end(ledger, result, told)


def child_loads(environment, folder, program, point, when, told):
    """A run with this environment, killed at the first call of a point; empty: nowhere."""
    os.environ.update(environment)
    if point:
        trap(point, when, 1)
    ledger = opened(folder)
    result = run(Program.from_json(program), folder, ledger, Silent(), RunOptions(threads=1))
    _end(ledger, result, told)


def child_replays(folder, program, point, when, nth, told):
    """The same of a replay of every held row but one, corrected."""
    for each in REPLAY_POINTS if point == "-" else (point,):
        trap(each, when, nth)
    made = Program.from_json(program)
    ledger = opened(folder)
    rows = [r for r in read(folder, ledger, made.pipeline) if "7" not in (r.row or r.raw or "")]
    wanted = Wanted(corrected={r.replay_key: _fixed(r) for r in rows})
    result = replay(made, folder, ledger, Silent(), RunOptions(threads=1), wanted)
    _end(ledger, result, told)


def _fixed(row):
    """The held row as it should have been."""
    if row.row is not None:
        return "row", row.row.replace('"amount":-', '"amount":')
    return "raw", row.raw.replace("three", "3").replace("six", "6")


def _end(ledger, result, told):
    ledger.close()
    error = str(result.error) if result.error else None
    status = result.document.status
    told.write_text(json.dumps({"passed": passed, "status": status, "error": error}))
    sys.exit(result.exit_code)
