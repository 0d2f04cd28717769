"""Children that keep a pipeline's tables up or make its ledger again, and die after a call."""

from __future__ import annotations

import json
import os
import tempfile

import trials
from children import start

from penstock.program import Program
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.maintain import duckdb_engine, maintain
from penstock.runtime.observer import Silent
from penstock.runtime.rebuild import rebuild, wrong
from penstock.runtime.targets.base import Upkeep


def keep_up(folder, program):
    """`penstock maintain --keep-days 0`; whether there was anything to do."""
    ledger = SQLiteLedger(folder / ".penstock" / "ledger.sqlite")
    try:
        done = maintain(
            folder,
            ledger,
            program.pipeline,
            [],
            Upkeep(keep_days=0),
            lambda: duckdb_engine(folder, 1 << 30, 1),
            Silent(),
        )
    finally:
        ledger.close()
    return any(each.changed for each in done)


def make_ledger(folder, program):
    """`penstock ledger rebuild`; whether there was anything to do."""
    path = folder / ".penstock" / "ledger.sqlite"
    reason = wrong(folder, path, program.pipeline)
    if reason is not None:
        rebuild(folder, path, program.pipeline, program.loads, reason)
    return reason is not None


def _child(what, folder, program, nth, told):
    tempfile.tempdir = str(folder)  # nobody cleans up after the killed
    deadly = trials.arm(nth)
    changed = what(folder, Program.from_json(program))
    told.write_text(json.dumps({"calls": deadly.calls, "changed": changed}))
    os._exit(0)


def go(what, folder, program, nth=0):
    """Do it in a child that dies after its n-th call; gives its exit code and what it told."""
    told = folder.with_name("told-of-upkeep.json")
    told.unlink(missing_ok=True)
    process = start(_child, what, folder, program, nth, told)
    process.join(120)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode, json.loads(told.read_text()) if told.exists() else {}
