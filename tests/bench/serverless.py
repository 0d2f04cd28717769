"""Architecture 1 in a sandbox: what planner, worker and loader take besides the engine's own work.

The functions are those of a build, each in a process of its own as in `penstock tune`; S3, SQS and
DynamoDB are moto's, on the same processors, so seconds of processor of the functions stand beside
those of the clock. Medians.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb

from penstock.cli.build import build_for
from penstock.cli.output import Output
from penstock.deploy.architectures.serverless_lambda.tuning.stage import batch, invoke, opened
from penstock.sandbox.lambdas.bundle import runtime_folder

PIPELINE = """\
name: bench
sources:
  rows:
    connector: s3
    path: s3://acme-in/rows/*.csv
    incremental: files
    schema: {id: bigint, carrier: varchar, day: date, amount: "decimal(12,2)", note: varchar}
transforms:
  clean:
    from: rows
    steps:
      - standardize: {carrier: [trim, upper]}
      - filter: amount > 10
targets:
  lake: {from: clean, connector: lake, path: "s3://acme-lake/clean", mode: append}
"""
SQL = "SELECT id, upper(trim(carrier)) AS carrier, day, amount, note FROM {} WHERE amount > 10"
TYPES = "{'id': 'BIGINT', 'carrier': 'VARCHAR', 'day': 'DATE', 'amount': 'DECIMAL(12,2)', 'note': 'VARCHAR'}"
PARTS = ("imports", "overhead", "many", "large")
HANDLERS = ("planner", "worker", "loader")
MB = 3008
LINES = (1000, 4000)
"""Of each of the thousand files."""
BOUND_SLICE, BOUND_FILES, BOUND_IMPORT = 0.5, 1.3, 0.3


def rows(path, count, first=0):
    """Write a CSV file; a row has about 64 bytes."""
    duckdb.sql(
        f"COPY (SELECT i AS id, ' ab ' AS carrier, DATE '2026-01-01' + CAST(i % 300 AS INTEGER)"
        f" AS day, CAST(i % 5000 AS DECIMAL(12,2)) AS amount, md5(CAST(i AS VARCHAR)) AS note"
        f" FROM range({first}, {first + count}) t(i)) TO '{path}' (HEADER)"
    )


class Run:
    """The three functions, and runs with them."""

    def __init__(self, stage, functions):
        self.stage, self.functions = stage, functions

    def put(self, *files):
        """Put files, each with a row of its own: what was read before is not read again."""
        for file in files:
            mark = time.time_ns()
            body = file.read_bytes() + f"{mark},cd,2026-01-01,11,more\n".encode()
            self.stage.s3.put_object(Bucket="acme-in", Key=f"rows/{mark}-{file.name}", Body=body)

    def go(self):
        """Plan, work, load; gives (seconds, seconds of processor) of each call, and the slices."""
        taken = {name: [] for name in HANDLERS}
        told = self._call(taken, "planner", {"schema": "penstock.ask/1"})
        assert told["status"] == "planned", told
        for name, queue in (("worker", "tasks"), ("loader", "loads")):
            for body in self.stage.taken(queue):
                told_here = self._call(taken, name, batch(body))
                assert told_here["batchItemFailures"] == [], told_here
        assert self.stage.taken("tasks") == []
        return taken, told["slices"]

    def _call(self, taken, name, event):
        outcome, processor = invoke(self.functions[name], event)
        assert outcome.error is None, (outcome.payload, outcome.lines, outcome.peak >> 20)
        taken[name].append((outcome.seconds, processor, outcome.peak))
        return json.loads(outcome.payload)


@contextmanager
def staged(build, *, memory=MB, storage=2048, **more):
    """Three functions of a build, in a sandbox."""
    with opened(build, timeout=900, storage=storage) as stage, ExitStack() as stack:
        for bucket in ("acme-in", "acme-lake"):
            stage.bucket(bucket)
        functions = {
            name: stack.enter_context(stage.function(name, memory, **more)) for name in HANDLERS
        }
        yield Run(stage, functions)


def built(folder):
    """Build the pipeline for this machine."""
    (folder / "pipeline.yaml").write_text(PIPELINE)
    silent = Output(json=True)
    return build_for(silent, folder, "lambda", folder / "build", None, (), sandbox=True).folder


def total(taken, which):
    """Of all calls of a run together: 0 seconds, 1 seconds of processor."""
    return sum(call[which] for calls in taken.values() for call in calls)


def engine(files):
    """Seconds that DuckDB takes for a slice's work by hand, warm."""
    con = duckdb.connect()
    seconds = []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(4):
            for number, file in enumerate(files):
                source = f"read_csv('{file}', header = true, columns = {TYPES})"
                began = time.perf_counter()
                con.execute(f"COPY ({SQL.format(source)}) TO '{place}/{number}.parquet'")
                seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def overhead(build, folder, repeats):
    """A slice of a small file: nearly all of it is Penstock's."""
    files = []
    for number in range(10):
        files.append(folder / f"slice{number}.csv")
        rows(files[-1], 1000, number * 1000)
    own = engine(files)
    for count in (1, 10):
        wall, processor, of = [], [], {name: [] for name in HANDLERS}
        with staged(build, PENSTOCK_SLICE_BYTES="1") as run:
            for number in range(repeats + 1):
                run.put(*files[:count])
                taken, slices = run.go()
                assert slices == count, slices
                if number == 0:
                    continue  # cold
                wall.append(total(taken, 0) / count - own)
                processor.append(total(taken, 1) / count)
                for name in HANDLERS:
                    of[name] += [call[0] for call in taken[name]]
        each = ", ".join(f"{name} {statistics.median(of[name]):.2f} s" for name in HANDLERS)
        print(
            f"{count} slice(s) of a run: {statistics.median(wall):.2f} s a slice beyond DuckDB's "
            f"{own:.3f} s ({min(wall):.2f} to {max(wall):.2f}), processor "
            f"{statistics.median(processor):.2f} s; a call: {each}; bound {BOUND_SLICE} s",
            flush=True,
        )


def many(build, folder, repeats):
    """A thousand small files in one run, against one of the same bytes."""
    for lines in LINES:
        small = folder / "small"
        small.mkdir(exist_ok=True)
        for number in range(1000):
            rows(small / f"{number:04d}.csv", lines, number * lines)
        one = folder / "one.csv"
        rows(one, lines * 1000)
        found = {"one": [], "many": []}
        with staged(build, PENSTOCK_SLICE_BYTES=str(1 << 40)) as run:
            for number in range(repeats + 1):
                for name, files in (("one", [one]), ("many", sorted(small.iterdir()))):
                    run.put(*files)
                    taken, slices = run.go()
                    assert slices == 1, slices
                    if number:
                        found[name].append((total(taken, 0), total(taken, 1)))
        wall = [m[0] / o[0] for m, o in zip(found["many"], found["one"], strict=True)]
        cpu = [m[1] / o[1] for m, o in zip(found["many"], found["one"], strict=True)]
        alone, spread = (
            tuple(statistics.median(run[which] for run in found[name]) for which in (0, 1))
            for name in ("one", "many")
        )
        print(
            f"1,000 files of {one.stat().st_size / 1e6:,.0f} kB: {spread[0]:.1f} s, processor "
            f"{spread[1]:.1f} s; one file of the same bytes {alone[0]:.1f} s, {alone[1]:.1f} s; "
            f"ratio {statistics.median(wall):.2f}, processor {statistics.median(cpu):.2f}; "
            f"bound {BOUND_FILES}",
            flush=True,
        )
        shutil.rmtree(small)


def large(build, folder):
    """A CSV file of 2 GB through functions of 512 MB."""
    big = folder / "big.csv"
    rows(big, 33_000_000)
    size = big.stat().st_size
    disk = folder / "disk"  # a control group would count what lies in a /tmp of memory
    disk.mkdir()
    places = {"PENSTOCK_ROOT": str(disk), "TMPDIR": str(disk)}
    with staged(build, memory=512, **places) as run:
        run.stage.s3.upload_file(str(big), "acme-in", "rows/big.csv")
        big.unlink()
        with _group(run.functions["worker"].pid) as limited:
            taken, _ = run.go()
    ((seconds, processor, peak),) = taken["worker"]
    print(
        f"{size / 1e9:.2f} GB of CSV through a worker of 512 MB: {seconds:.0f} s, processor "
        f"{processor:.0f} s, peak {peak / 2**20:,.0f} MB; {limited}",
        flush=True,
    )


@contextmanager
def _group(pid):
    """A control group of 512 MB for a process, where this system lets us make one."""
    place = Path("/sys/fs/cgroup/memory") / f"penstock-bench-{os.getpid()}"
    try:
        place.mkdir()
        (place / "memory.limit_in_bytes").write_text(str(512 << 20))
        (place / "cgroup.procs").write_text(str(pid))
    except OSError as refused:
        yield f"killed above 512 MB of resident memory (no control group: {refused.strerror})"
        return
    try:
        yield "in a control group of 512 MB"
    finally:
        with suppress(OSError):  # it has ended
            Path("/sys/fs/cgroup/memory/cgroup.procs").write_text(str(pid))
        with suppress(OSError):
            place.rmdir()


def imports(build):
    """The handlers' import, cold: there is no compiled Python in a package."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        runtime = runtime_folder(home)
        for package in sorted((build / "packages").glob("*.zip")):
            kind = package.name.partition("-")[0]
            with zipfile.ZipFile(package) as archive:
                archive.extractall(home / kind)
        for name in HANDLERS:
            code = home / ("planner" if name == "planner" else "runtime")
            program = (
                "import time; t, p = time.perf_counter(), time.process_time(); "
                f"import {name}; print(time.perf_counter() - t, time.process_time() - p)"
            )
            found = []
            for _ in range(7):
                told = subprocess.run(
                    [sys.executable, "-S", "-c", program],
                    env={"PYTHONPATH": f"{code}:{runtime}", "PYTHONDONTWRITEBYTECODE": "1"},
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
                found.append(tuple(map(float, told.split())))
            wall, processor = (statistics.median(each) for each in zip(*found, strict=True))
            print(
                f"import of {name}: {wall:.2f} s, processor {processor:.2f} s; "
                f"bound {BOUND_IMPORT} s",
                flush=True,
            )


def main(folder, repeats, parts):
    """Run some of `PARTS`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        build = built(folder)
        if "imports" in parts:
            imports(build)
        if "overhead" in parts:
            overhead(build, folder, repeats)
        if "many" in parts:
            many(build, folder, repeats)
        if "large" in parts:
            large(build, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), 3, sys.argv[2:])
