"""An incremental run over ten thousand files that were read, and one more among them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from measure import PENSTOCK, timed

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = """\
name: files
sources:
  rows:
    connector: file
    path: data/*.csv
    incremental: files
    schema: {id: integer, day: date, amount: "decimal(10,2)"}
targets:
  out: {from: rows, connector: lake, path: lake/out, mode: append}
"""


def write(folder: Path, files: int) -> None:
    """Make the pipeline and its files, of ten rows each."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    for number in range(files):
        one(folder, number)


def one(folder: Path, number: int) -> None:
    """Write one file."""
    rows = "".join(f"{number * 10 + i},2026-01-01,{i}.25\n" for i in range(10))
    (folder / "data" / f"f{number:06d}.csv").write_text("id,day,amount\n" + rows)


def main(folder: Path, files: int) -> None:
    """Print the seconds of each."""
    write(folder, files)
    run = [*PENSTOCK, "--quiet", "run", str(folder)]
    first = timed(run, folder)[0]
    print(f"{files:,} files: first run {first:.1f} s", flush=True)
    nothing = min(timed(run, folder)[0] for _ in range(3))
    print(f"{files:,} files: run with nothing new {nothing:.2f} s; bound 1 s", flush=True)
    more = []
    for number in range(files, files + 3):
        one(folder, number)
        more.append(timed(run, folder)[0])
    alone = folder.with_name("one-file")
    write(alone, 1)
    own = timed([*PENSTOCK, "--quiet", "run", str(alone)], alone)[0]
    print(
        f"{files:,} files and one more: {min(more):.2f} s; that file in a pipeline of its own "
        f"{own:.2f} s; more by {min(more) - own:.2f} s; bound 1.5 s"
    )
    shutil.rmtree(folder)
    shutil.rmtree(alone)
