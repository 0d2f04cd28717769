"""Penstock against hand-written DuckDB, in turn, in one run: ratios, not times.

Usage: run.py [--scale 1 3] [--pairs 3]. Data of TPC-H is made once, in tests/bench/.data/, with one
line item in a hundred a second time, so that there is something to deduplicate.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
DATA = HERE / ".data"
BIN = Path(sys.executable).parent
BOUND_JOB = 1.10
BOUND_HELP_SECONDS = 0.15


def data(scale: int) -> Path:
    """The folder of the CSV files of a scale factor; made if it is not there."""
    folder = DATA / f"sf{scale}"
    if (folder / "done").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tables = "--tables=lineitem,orders,customer"
    tool = [str(BIN / "tpchgen-cli"), "csv", "-s", str(scale), f"--output-dir={folder}", tables]
    subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)
    source, again = folder / "lineitem.csv", folder / "lineitem_again.csv"
    with source.open("rb") as lines, again.open("wb") as out:
        for number, line in enumerate(lines):
            if number % 100 == 0:
                out.write(line)
    (folder / "done").touch()
    return folder


def timed(command: list[str], cwd: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of a process."""
    clock = time.monotonic()
    child = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert child.stdout is not None
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    wall = time.monotonic() - clock
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{text}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def same_rows(ours: Path, theirs: Path) -> None:
    """Both published the same rows, or the comparison means nothing."""
    con = duckdb.connect()
    for name, other in (("shipped", "shipped/*/*.parquet"), ("revenue", "revenue.parquet")):
        mine = f"read_parquet('{ours / name}/**/*.parquet', hive_partitioning = true)"
        hand = f"read_parquet('{theirs / other}', hive_partitioning = true)"
        columns = [r[0] for r in con.execute(f"DESCRIBE SELECT * FROM {hand}").fetchall()]
        chosen = ", ".join(f"CAST({c} AS VARCHAR)" for c in sorted(columns))
        sql = f"SELECT count(*), bit_xor(hash({chosen})) FROM "
        one, two = (con.execute(sql + x).fetchone() for x in (mine, hand))
        if one != two:
            raise SystemExit(f"{name}: the rows differ: {one} and {two}")


def job(scale: int, pairs: int) -> None:
    """The TPC-H job, in turn with the program by hand."""
    source = data(scale)
    work = DATA / "work"
    ratios: list[float] = []
    cpu: list[float] = []
    for number in range(pairs + 1):
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(HERE / "tpch", work / "tpch")
        (work / "tpch" / "data").symlink_to(source.resolve())
        ours = timed([str(BIN / "penstock"), "run", "--quiet", "tpch"], work)
        hand = timed(
            [sys.executable, str(HERE / "tpch_by_hand.py"), str(source), str(work / "hand")], work
        )
        if number == 0:  # warms the files
            same_rows(work / "tpch" / ".penstock" / "lake", work / "hand")
            continue
        ratios.append(ours[0] / hand[0])
        cpu.append(ours[1] / hand[1])
        print(
            f"SF{scale} pair {number}: penstock {ours[0]:.1f} s, {ours[1]:.1f} s of processor, "
            f"{ours[2]:,.0f} MB; by hand {hand[0]:.1f} s, {hand[1]:.1f} s, {hand[2]:,.0f} MB; "
            f"ratio {ratios[-1]:.2f}, processor {cpu[-1]:.2f}"
        )
    shutil.rmtree(work, ignore_errors=True)
    print(
        f"SF{scale}: ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to "
        f"{max(ratios):.2f}), processor {statistics.median(cpu):.2f}; bound {BOUND_JOB:.2f}"
    )


def start_up() -> None:
    """`penstock --help`, from outside."""
    walls = sorted(timed([str(BIN / "penstock"), "--help"], HERE)[0] for _ in range(11))
    print(f"penstock --help: median {walls[5]:.3f} s; bound {BOUND_HELP_SECONDS:.2f} s")


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--pairs", type=int, default=3)
    chosen = parser.parse_args()
    start_up()
    for scale in chosen.scale:
        job(scale, chosen.pairs)


if __name__ == "__main__":
    main()
