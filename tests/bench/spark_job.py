"""The TPC-H job as a Spark Program against a PySpark program by hand, in turn: time and files.

Both read the same Parquet files and start a session of their own. Processor time is that of every
process of the job, Java's too: on a busy machine it alone says something.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb
from measure import PENSTOCK

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
TABLES = "lineitem,orders,customer"
BOUND_TIME, BOUND_FILES = 1.05, 2.0
MEMORY = "2GB"
HEAP = f"{2_000_000_000 >> 20}m"  # the same, as Java is told it
_SUBREAPER = 36  # prctl(2): whose parent ended become children of this process


def data(folder: Path, scale: float) -> Path:
    """The Parquet files of a scale factor, one line item in a hundred a second time."""
    place = folder / f"sf{scale:g}-parquet"
    if (place / "done").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    tool = [str(BIN / "tpchgen-cli"), "parquet", "-s", f"{scale:g}", f"--output-dir={place}"]
    subprocess.run([*tool, f"--tables={TABLES}"], check=True, stdout=subprocess.DEVNULL)
    duckdb.execute(
        f"COPY (SELECT * FROM '{place}/lineitem.parquet' WHERE l_orderkey % 100 = 0) "
        f"TO '{place}/lineitem_again.parquet'"
    )
    (place / "done").touch()
    return place


def pipeline(source: Path, target: Path) -> None:
    """The pipeline of the other benchmark, over Parquet."""
    shutil.copytree(HERE / "tpch", target)
    (target / "data").symlink_to(source.resolve())
    file = target / "pipeline.yaml"
    text = file.read_text().replace(".csv", ".parquet")
    file.write_text(text.replace("c_nationkey: integer", "c_nationkey: bigint"))


def timed(command: list[str], cwd: Path, log: Path) -> tuple[float, float]:
    """Wall seconds, and processor seconds of a process and all that it started."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    clock = time.monotonic()
    with log.open("w") as out:
        child = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT)
    used, status = 0.0, 0
    while True:
        try:
            pid, ended, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        used += usage.ru_utime + usage.ru_stime
        if pid == child.pid:
            status = child.returncode = os.waitstatus_to_exitcode(ended)
            wall = time.monotonic() - clock
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}:\n{log.read_text()[-3000:]}")
    return wall, used


def same_rows(ours: Path, theirs: Path) -> None:
    """Both published the same rows, or the comparison means nothing."""
    con = duckdb.connect()
    for name, depth in (("shipped", "*/*"), ("revenue", "*")):
        mine, hand = (
            f"read_parquet('{x}/{name}/{depth}.parquet', hive_partitioning = true)"
            for x in (ours, theirs)
        )
        columns = [r[0] for r in con.execute(f"DESCRIBE SELECT * FROM {hand}").fetchall()]
        chosen = ", ".join(f"CAST({c} AS VARCHAR)" for c in sorted(columns))
        sql = f"SELECT count(*), bit_xor(hash({chosen})) FROM "
        one, two = (con.execute(sql + x).fetchone() for x in (mine, hand))
        if one != two:
            raise SystemExit(f"{name}: the rows differ: {one} and {two}")


def main(folder: Path, scale: float, pairs: int) -> None:
    """The pairs, and the median of their ratios."""
    source, work = data(folder, scale), folder / "work"
    threads = str(os.cpu_count() or 1)
    walls: list[float] = []
    used: list[float] = []
    files: list[float] = []
    for number in range(1, pairs + 1):
        shutil.rmtree(work, ignore_errors=True)
        pipeline(source, work / "tpch")
        ours_command = [*PENSTOCK, "run", "--quiet", "--engine", "spark", "--threads", threads]
        ours = timed([*ours_command, "--memory", MEMORY, "tpch"], work, work / "ours.log")
        by_hand = [sys.executable, str(HERE / "spark_by_hand.py"), str(source), str(work / "hand")]
        hand = timed([*by_hand, threads, HEAP], work, work / "hand.log")
        lake = work / "tpch" / ".penstock" / "lake"
        same_rows(lake, work / "hand")
        count = [len(list(x.rglob("*.parquet"))) for x in (lake, work / "hand")]
        walls.append(ours[0] / hand[0])
        used.append(ours[1] / hand[1])
        files.append(count[0] / count[1])
        print(
            f"Spark, SF{scale:g} pair {number}: penstock {ours[0]:.1f} s, {ours[1]:.1f} s of "
            f"processor, {count[0]} files; by hand {hand[0]:.1f} s, {hand[1]:.1f} s, {count[1]} "
            f"files; ratio {walls[-1]:.2f}, processor {used[-1]:.2f}",
            flush=True,
        )
    shutil.rmtree(work, ignore_errors=True)
    print(
        f"Spark, SF{scale:g}: ratio {statistics.median(walls):.2f} ({min(walls):.2f} to "
        f"{max(walls):.2f}), processor {statistics.median(used):.2f}; bound {BOUND_TIME:.2f}; files "
        f"{statistics.median(files):.2f}, bound {BOUND_FILES:.0f}"
    )
