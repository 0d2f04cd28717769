"""One trial: a pipeline, a situation, and processes that die at a call or a moment of chance.

A trial is named by its seed alone: the same seed is the same trial.
"""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import duckdb
from children import start
from pyiceberg.io.pyarrow import PyArrowFile
from sqlalchemy.engine.default import DefaultDialect

from penstock.compiler import compile_definition
from penstock.errors import SourceUnavailable
from penstock.program import Program
from penstock.runtime import registry
from penstock.runtime.ledger.sqlite import SQLiteLedger, connection
from penstock.runtime.observer import Silent
from penstock.runtime.plan import Span
from penstock.runtime.publish import open_target
from penstock.runtime.quarantine import read as read_quarantine
from penstock.runtime.replay import Wanted, replay
from penstock.runtime.run import RunOptions, RunResult
from penstock.runtime.run import run as run_program
from penstock.spec import load_definition

FORMATS = ("parquet", "orc", "delta", "iceberg")
MODES = ("append", "overwrite", "overwrite_partitions", "merge")
SITUATIONS = ("first", "incremental", "refresh", "backfill", "replay")
REFUSED = {("append", "backfill"), ("overwrite", "backfill")}
"""What Penstock refuses before it runs: a backfill would double rows, or lose the others."""
KINDS = tuple(
    (f, m, s) for s in SITUATIONS for m in MODES if (m, s) not in REFUSED for f in FORMATS
)
MOST_KILLS = 3

FIRST = """\
id,day,amount,seen
1,2026-01-01,1.50,2026-01-01T01:00:00
2,2026-01-01,2.50,2026-01-01T02:00:00
2,2026-01-01,9.00,2026-01-01T03:00:00
3,2026-01-02,0,2026-01-02T01:00:00
4,2026-01-02,-4.00,2026-01-02T02:00:00
five,2026-01-02,5.00,2026-01-02T03:00:00
6,2026-01-03,6.25,2026-01-03T01:00:00
"""
SECOND = """\
id,day,amount,seen
6,2026-01-03,6.50,2026-01-03T05:00:00
7,2026-01-03,7.00,2026-01-03T06:00:00
8,2026-01-04,8.00,2026-01-04T01:00:00
nine,2026-01-04,9.00,2026-01-04T02:00:00
10,2026-01-04,-1.00,2026-01-04T03:00:00
"""
LATE = (
    FIRST.replace("2026-01-01,1.50", "2026-01-01,1.75")
    + """\
11,2026-01-02,11.00,2026-01-02T04:00:00
"""
)
PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/*.csv
    incremental: {incremental}
    schema: {{id: integer, day: date, amount: "decimal(10,2)", seen: timestamp}}
transforms:
  clean:
    from: orders
    steps:
      - derive: {{day: CAST(seen AS date)}}
      - deduplicate: {{keys: [id], order_by: [seen desc]}}
quality:
  clean: {{quarantine: ['ColumnValues "amount" > 0']}}
targets:
  one: {{from: clean, connector: lake, path: "{lake}/one", format: {format}, {load}, partition_by: [day]}}
  two: {{from: clean, connector: lake, path: lake/two, format: parquet, {load}, partition_by: [day]}}
  flat: {{from: clean, connector: file, path: out/flat.csv}}
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a seed stands for.

    Attributes:
        kills: for each process that dies: the share of an undisturbed run's calls, or of its
            time, after which it does.
    """

    seed: int
    format: str
    mode: str
    situation: str
    kills: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, seed: int) -> Trial:
        """The trial of a seed. Formats, modes and situations come round; the rest is chance."""
        chance = random.Random(seed)
        kills = tuple(
            (chance.choice(("call", "call", "time")), chance.random())
            for _ in range(chance.randint(1, MOST_KILLS))
        )
        return cls(seed, *KINDS[seed % len(KINDS)], kills)

    @property
    def kind(self) -> tuple[str, str, str]:
        """What it shares with other trials."""
        return self.format, self.mode, self.situation


# -- the pipeline of a kind


def prepare(folder: Path, kind: tuple[str, str, str], lake: str = "lake") -> dict:
    """Write the pipeline, and run it as far as the situation has it. Gives the Program's JSON.

    Args:
        lake: where the table of the kind's format is; in a bucket it is the only target.
    """
    form, mode, situation = kind
    (folder / "data").mkdir(parents=True)
    load = f"mode: {mode}" + (", keys: [id]" if mode == "merge" else "")
    incremental = "none" if mode == "overwrite" else "files"
    if situation == "backfill":
        incremental = "{column: seen}"
    text = PIPELINE.format(format=form, load=load, incremental=incremental, lake=lake)
    if lake.startswith("s3:"):
        text = "\n".join(x for x in text.splitlines() if " two: " not in x) + "\n"
    if mode != "overwrite" or lake.startswith(
        "s3:"
    ):  # a file is overwritten: it would hold the last slice only
        text = "\n".join(x for x in text.splitlines() if "out/flat" not in x) + "\n"
    if (mode, situation) == ("append", "replay"):  # a row goes to an append only by itself
        text = "\n".join(x for x in text.splitlines() if "deduplicate" not in x) + "\n"
    (folder / "pipeline.yaml").write_text(text)
    (folder / "data" / "1.csv").write_text(FIRST)
    compiled = compile_definition(load_definition(folder), "duckdb")
    assert compiled.program is not None, compiled.diagnostics
    program = compiled.program.as_json()
    if situation != "first":
        assert launch(folder, program, {}) == 0
    if situation == "incremental":
        (folder / "data" / "2.csv").write_text(SECOND)
    if situation == "backfill":  # too old for the daily run
        (folder / "data" / "1.csv").write_text(LATE)
    return program


def options(situation: str) -> dict:
    """How the run that is killed is started."""
    if situation == "backfill":
        return {"span": ("2026-01-01", "2026-01-03")}
    return {"refresh": {"full_refresh": True}, "replay": {"replay": True}}.get(situation, {})


# -- processes


class Deadly:
    """Counts calls, and dies after one of them."""

    def __init__(self, nth: int):
        self.nth, self.calls = nth, 0
        self._guard = threading.Lock()

    def wrap(self, owner, name):
        real = getattr(owner, name)

        @functools.wraps(real)
        def call(*args, **named):
            with self._guard:
                self.calls += 1
                mine = self.calls
            try:
                return real(*args, **named)
            finally:
                if mine == self.nth:
                    os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, call)


def arm(nth: int) -> Deadly:
    """Every call by which a run changes the disk, the ledger or the engine."""
    deadly = Deadly(nth)
    for name in ("replace", "fsync", "rename", "link"):
        deadly.wrap(os, name)
    for name in ("unlink", "mkdir", "write_text", "replace"):
        deadly.wrap(Path, name)
    deadly.wrap(shutil, "rmtree")

    class Database(sqlite3.Connection):
        pass

    for name in ("execute", "executemany", "commit"):
        deadly.wrap(Database, name)
    connection.sqlite3.connect = functools.partial(sqlite3.connect, factory=Database)
    engine = registry.engine("duckdb")
    for name in ("read_files", "create", "write_files", "rows"):
        deadly.wrap(engine, name)
    for name in ("do_execute", "do_commit"):  # the catalog of Iceberg
        deadly.wrap(DefaultDialect, name)
    deadly.wrap(PyArrowFile, "create")
    return deadly


def _child(
    folder: Path,
    program: dict,
    given: dict,
    nth: int,
    told: Path | None,
    environment: dict[str, str],
    fault: dict | None,
) -> None:
    os.environ.update(environment)
    if fault:
        cause(environment["AWS_ENDPOINT_URL"], fault | {"pid": os.getpid()})
    tempfile.tempdir = str(folder)  # nobody cleans up after the killed
    deadly = arm(nth)
    ledger = SQLiteLedger(folder / ".penstock" / "ledger.sqlite")
    made = Program.from_json(program)
    result = _started(made, folder, ledger, given)
    ledger.close()
    if told:
        status = result.document.status
        error = str(result.error) if result.error else None
        told.write_text(json.dumps({"calls": deadly.calls, "status": status, "error": error}))
    os._exit(result.exit_code)


def _started(program: Program, folder: Path, ledger: SQLiteLedger, given: dict) -> RunResult:
    if "replay" not in given:
        span = Span(*given["span"]) if "span" in given else None
        options = RunOptions(1 << 30, 1, full_refresh="full_refresh" in given, span=span)
        return run_program(program, folder, ledger, Silent(), options)
    rows = [r for r in read_quarantine(folder, ledger, "orders") if r.state == "held"]
    corrected = {r.replay_key: _fixed(r) for r in rows if "-4.0" in (r.row or "") or r.raw}
    options = RunOptions(1 << 30, 1)
    return replay(program, folder, ledger, Silent(), options, Wanted(corrected=corrected))


def _fixed(row) -> tuple[str, str]:
    """The held row as it should have been."""
    if row.row is not None:
        return "row", row.row.replace('"amount":-', '"amount":')
    return "raw", row.raw.replace("five", "5")


def launch(
    folder: Path,
    program: dict,
    given: dict,
    *,
    nth: int = 0,
    seconds: float | None = None,
    told: Path | None = None,
    fault: dict | None = None,
) -> int | None:
    """Run in a child, which dies after its n-th call, or so many seconds after it began.

    Args:
        fault: what the proxy before its bucket does; see `fault_proxy.py`.
    """
    (folder / ".penstock").mkdir(exist_ok=True)
    # The fork server's environment is that of the first test.
    aws = {k: v for k, v in os.environ.items() if k.startswith("AWS_")}
    process = start(_child, folder, program, given, nth, told, aws, fault)
    process.join(seconds if seconds is not None else 120)
    if process.is_alive():
        assert seconds is not None, "a run hangs"
        process.kill()
        process.join()
    return process.exitcode


def cause(proxy: str, fault: dict) -> None:
    """Have a proxy go wrong from now on."""
    request = Request(f"{proxy}/-/fault", data=json.dumps(fault).encode(), method="POST")
    urlopen(request).close()


# -- what is to be seen


@functools.cache
def reader() -> duckdb.DuckDBPyConnection:
    """A connection of this process: opening one takes longer than reading these tables."""
    return duckdb.connect()


def published(folder: Path, program: dict) -> dict[str, list[str]]:
    """The rows of each target, as readers see them."""
    seen = {}
    for load in Program.from_json(program).loads:
        try:
            relation = open_target(load, folder).relation()
        except SourceUnavailable:  # nothing was published yet
            seen[load.target] = []
            continue
        rows = reader().execute(f"SELECT * FROM {relation} AS t").fetchall()
        seen[load.target] = sorted(map(str, rows))
    return seen


def difference(found: dict[str, list[str]], wanted: dict[str, list[str]]) -> tuple[int, int]:
    """Rows that are lost, and rows that are too many: doubled, or of no run."""
    lost = sum((Counter(wanted[name]) - Counter(found[name])).total() for name in wanted)
    more = sum((Counter(found[name]) - Counter(wanted[name])).total() for name in wanted)
    return lost, more


def memory(folder: Path) -> tuple:
    """What ledger and quarantine remember, without what differs from run to run."""
    ledger = SQLiteLedger(folder / ".penstock" / "ledger.sqlite")
    try:
        assert ledger.verify_audit() == []
        held = sorted(
            (r.dataset, r.rule, r.replay_key, r.state)
            for r in read_quarantine(folder, ledger, "orders")
        )
        done = [r for r in ledger.runs("orders") if r.status == "succeeded"]
        return len(done), held, sorted(ledger.current("orders"))
    finally:
        ledger.close()


def copied(source: Path, to: Path) -> Path:
    """A copy of a pipeline folder, with the times of its files."""
    shutil.copytree(source, to, copy_function=shutil.copy2)
    return to


def measured(folder: Path, program: dict, given: dict) -> tuple[int, float]:
    """Calls and seconds of an undisturbed run."""
    told = folder / "told.json"
    clock = time.monotonic()
    assert launch(folder, program, given, told=told) == 0, told.read_text()
    return json.loads(told.read_text())["calls"], time.monotonic() - clock
