"""Penstock against hand-written DuckDB, in turn, in one run: ratios, not times.

Usage: run.py [help job memory files models merges rewrites serverless spark] [--scale 1 3] [--pairs 3]. Data of
TPC-H is made once, in tests/bench/.data/, with one line item in a hundred a second time, so that
there is something to deduplicate. `memory` runs the job at --memory-scale (1 3 10) with
`--memory 512MB`; `spark` against hand-written PySpark at --spark-scale (1).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import duckdb
from measure import PENSTOCK, timed

HERE = Path(__file__).parent
DATA = HERE / ".data"
BIN = Path(sys.executable).parent
BOUND_JOB = 1.10
BOUND_HELP_SECONDS = 0.15
BOUND_MEMORY_MB = 700


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
    """The TPC-H job, in turn with the program by hand: just cloned, and validated before."""
    source = data(scale)
    work = DATA / "work"
    by_hand = [sys.executable, str(HERE / "tpch_by_hand.py"), str(source), str(work / "hand")]
    run = [*PENSTOCK, "run", "--quiet", "tpch"]
    found: dict[str, list[tuple[float, float]]] = {"cloned": [], "validated": []}
    for number in range(pairs + 1):
        took = {}
        for state in found:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(HERE / "tpch", work / "tpch")
            (work / "tpch" / "data").symlink_to(source.resolve())
            if state == "validated":
                timed([*PENSTOCK, "validate", "tpch"], work)
            took[state] = timed(run, work)
        hand = timed(by_hand, work)
        if number == 0:  # warms the files
            same_rows(work / "tpch" / ".penstock" / "lake", work / "hand")
            continue
        for state, ours in took.items():
            ratio = ours[0] / hand[0], ours[1] / hand[1]
            found[state].append(ratio)
            print(
                f"SF{scale} pair {number}, {state}: penstock {ours[0]:.1f} s, {ours[1]:.1f} s of "
                f"processor, {ours[2]:,.0f} MB; by hand {hand[0]:.1f} s, {hand[1]:.1f} s, "
                f"{hand[2]:,.0f} MB; ratio {ratio[0]:.2f}, processor {ratio[1]:.2f}",
                flush=True,
            )
    shutil.rmtree(work, ignore_errors=True)
    for state, ratios in found.items():
        walls, processors = zip(*ratios, strict=True)
        print(
            f"SF{scale}, {state}: ratio {statistics.median(walls):.2f} ({min(walls):.2f} to "
            f"{max(walls):.2f}), processor {statistics.median(processors):.2f}; "
            f"bound {BOUND_JOB:.2f}"
        )


def memory(scales: list[int]) -> None:
    """The TPC-H job in little memory: what it takes must not grow with the data."""
    seconds: dict[int, float] = {}
    for scale in scales:
        work = DATA / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(HERE / "tpch", work / "tpch")
        (work / "tpch" / "data").symlink_to(data(scale).resolve())
        command = [*PENSTOCK, "run", "--quiet", "--memory", "512MB", "tpch"]
        wall, processor, peak = timed(command, work)
        seconds[scale] = wall
        print(
            f"SF{scale} in 512 MB: {wall:.1f} s ({wall / scale:.1f} s for each SF), {processor:.1f} s "
            f"of processor, peak {peak:,.0f} MB; bound {BOUND_MEMORY_MB} MB",
            flush=True,
        )
        shutil.rmtree(work, ignore_errors=True)
    first, last = min(scales), max(scales)
    if first != last:
        ratio = seconds[last] / last / (seconds[first] / first)
        print(f"SF{last} against SF{first}, seconds for each SF: {ratio:.2f}; linear is 1.00")


def start_up() -> None:
    """`penstock --help`, from outside."""
    walls = sorted(timed([str(BIN / "penstock"), "--help"], HERE)[0] for _ in range(11))
    print(f"penstock --help: median {walls[5]:.3f} s; bound {BOUND_HELP_SECONDS:.2f} s")


def main() -> None:
    """Run the benchmarks."""
    import many_files
    import many_models
    import merges
    import rewrites
    import serverless
    import spark_job

    parts = {
        "help": lambda c: start_up(),
        "job": lambda c: [job(scale, c.pairs) for scale in c.scale],
        "memory": lambda c: memory(c.memory_scale),
        "files": lambda c: many_files.main(DATA / "files", c.files),
        "models": lambda c: many_models.main(DATA / "models", c.models),
        "merges": lambda c: merges.main(DATA / "merges", c.rows, c.pairs),
        "rewrites": lambda c: rewrites.main(DATA / "tpch", c.scale[0], c.pairs),
        "serverless": lambda c: serverless.main(DATA / "serverless", c.pairs, c.serverless),
        "spark": lambda c: spark_job.main(DATA / "spark", c.spark_scale, c.pairs),
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--scale", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--memory-scale", type=int, nargs="*", default=[1, 3, 10])
    parser.add_argument("--spark-scale", type=float, default=1)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=1_000)
    parser.add_argument("--serverless", nargs="*", default=serverless.PARTS)
    parser.add_argument("--rows", type=int, default=6_000_000)
    chosen = parser.parse_args()
    for name in chosen.parts or parts:
        if name not in parts:
            parser.error(f"no part named {name}; parts: {', '.join(parts)}")
        parts[name](chosen)


if __name__ == "__main__":
    main()
