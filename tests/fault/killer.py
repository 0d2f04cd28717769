"""Runs a pipeline in this process and kills it (SIGKILL) at one point.

Usage: killer.py FOLDER POINT WHEN NTH, where POINT is `module:object.attribute`, WHEN is `before`
or `after`, and NTH the call of it at which to die, from 1. `- - 0` kills nowhere and prints how
often each point is passed.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

POINTS = (
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
passed: dict[str, int] = {}


def trap(point: str, when: str, nth: int) -> None:
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


def main(folder: Path, point: str, when: str, nth: int) -> int:
    """Compile untouched, set the trap, run."""
    from penstock.compiler import compile_definition
    from penstock.runtime.ledger.sqlite import SQLiteLedger
    from penstock.runtime.observer import Silent
    from penstock.runtime.run import RunOptions, run
    from penstock.spec import load_definition

    program = compile_definition(load_definition(folder), "duckdb").program
    assert program is not None
    (folder / ".penstock").mkdir(exist_ok=True)
    ledger = SQLiteLedger(folder / ".penstock" / "ledger.sqlite")
    for each in POINTS if point == "-" else (point,):
        trap(each, when, nth)
    result = run(program, folder, ledger, Silent(), RunOptions(threads=2))
    ledger.close()
    print(json.dumps({"passed": passed, "report": result.document.as_json()}))
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
