"""A pipeline of a thousand SQL models: checked cold, checked again, run with nothing new."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from measure import PENSTOCK, timed

if TYPE_CHECKING:
    from pathlib import Path

SHAPES = (
    "SELECT id, day, amount + {n} AS amount, carrier FROM {one} WHERE amount > {n} % 5\n",
    (
        "SELECT x.id, x.day, x.amount, coalesce(y.carrier, 'none') AS carrier\n"
        "FROM {one} x LEFT JOIN {two} y ON x.id = y.id AND x.day = y.day AND x.carrier = y.carrier\n"
    ),
    (
        "WITH days AS (\n  SELECT carrier, day, sum(amount) AS total, min(id) AS id\n"
        "  FROM {one} GROUP BY carrier, day\n)\n"
        "SELECT id, day, CAST(total AS decimal(10,2)) AS amount, carrier FROM days\n"
    ),
)


def write(folder: Path, models: int) -> None:
    """Make the pipeline: each model reads one or two of those before it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    (folder / "data").mkdir()
    rows = (f"{i},2026-01-{1 + i % 28:02d},{i}.50,C{i % 7}\n" for i in range(1000))
    (folder / "data" / "a.csv").write_text("id,day,amount,carrier\n" + "".join(rows))
    schema = '{id: integer, day: date, amount: "decimal(10,2)", carrier: varchar}'
    lines = ["name: many", "sources:", "  a:", "    connector: file", "    path: data/a.csv"]
    lines += [f"    schema: {schema}", "transforms:"]
    for i in range(models):
        one, two = (f"m{i - by}" if i >= by else "a" for by in (10, 17))
        (folder / "models" / f"m{i}.sql").write_text(
            SHAPES[i % len(SHAPES)].format(n=i, one=one, two=two)
        )
        lines.append(f"  m{i}: models/m{i}.sql")
    lines += ["targets:", f"  out: {{from: m{models - 1}, connector: lake, path: lake/out}}"]
    (folder / "pipeline.yaml").write_text("\n".join(lines) + "\n")


def main(folder: Path, models: int) -> None:
    """Print the seconds of each, the best of three."""
    write(folder, models)
    cache = folder / ".penstock" / "cache"

    def check(*, cold: bool) -> float:
        if cold:
            shutil.rmtree(cache, ignore_errors=True)
        return timed([*PENSTOCK, "--quiet", "validate", str(folder)], folder)[0]

    cold = min(check(cold=True) for _ in range(3))
    print(f"{models:,} models: validate cold {cold:.2f} s; bound 4 s", flush=True)
    warm = min(check(cold=False) for _ in range(3))
    print(f"{models:,} models: validate with nothing changed {warm:.2f} s; bound 1 s", flush=True)
    run = [*PENSTOCK, "--quiet", "run", str(folder)]
    first = timed(run, folder)[0]
    nothing = min(timed(run, folder)[0] for _ in range(3))
    print(
        f"{models:,} models: first run {first:.1f} s; run with nothing new {nothing:.2f} s; "
        "bound 0.5 s"
    )
