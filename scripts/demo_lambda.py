"""`make demo-lambda`: architecture 1 on this machine, from the definition to `destroy`.

Orders of a web shop are deployed by Terraform to the sandbox (AWS on the laptop: no account, no
token, no container), run by its functions, broken, found in the dead letters, sent again, and taken
away.
Each command is shown before it runs, so that it can be typed again in `build/demo-lambda`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "architectures" / "architecture-1-serverless-lambda" / "sample"
HERE = ROOT / "build" / "demo-lambda"
PENSTOCK = Path(sys.executable).with_name("penstock")
RAW = "s3://acme-raw/orders/"
BY_DAY = """\
SELECT order_date, count(*) AS orders, sum(amount_eur) AS euros
FROM orders_lake GROUP BY order_date ORDER BY order_date"""

# What is said, and the commands that show it.
STEPS: tuple[tuple[str, tuple[list[str], ...]], ...] = (
    (
        "The pipeline is checked and its models are tested, here.",
        (["validate"], ["test"]),
    ),
    (
        "AWS on this machine; Terraform makes queues, functions, the ledger, alarms in it.",
        (["sandbox", "up", "--quiet"], ["deploy", "--sandbox", "--profile", "prod", "--quiet"]),
    ),
    (
        "Files come, and the schedule's time: planner, worker and loader publish once.",
        (
            ["sandbox", "put", "data/orders-2026-03-01.csv", "data/rates.csv", RAW],
            ["sandbox", "tick", "--at", "2026-03-01T06:00:00Z"],
            ["sandbox", "wait"],
            ["runs", "--sandbox"],
            ["logs", "--sandbox"],
            ["query", "--sandbox", BY_DAY],
        ),
    ),
    (
        "The exchange rates are gone when the next file comes: a dead letter, with its error.",
        (
            ["sandbox", "remove", RAW + "rates.csv"],
            ["sandbox", "put", "data/orders-2026-03-02.csv", RAW],
            ["sandbox", "tick", "--at", "2026-03-01T06:15:00Z"],
            ["sandbox", "wait"],
            ["replay", "--sandbox", "--list"],
        ),
    ),
    (
        "The rates are put back, and the dead letter is sent again; twice changes nothing.",
        (
            ["sandbox", "put", "data/rates.csv", RAW],
            ["replay", "--sandbox"],
            ["sandbox", "wait"],
            ["replay", "--sandbox"],
            ["runs", "--sandbox"],
            ["query", "--sandbox", BY_DAY],
        ),
    ),
    (
        "What it would cost on AWS.",
        (["cost", "--architecture", "lambda", "--gb-per-day", "1"],),
    ),
    (
        "All of it is taken away.",
        (["destroy", "--sandbox", "--quiet"], ["sandbox", "down"]),
    ),
)


def main() -> int:
    """Run the commands in turn; stop at the first that fails. Returns its exit code."""
    shutil.rmtree(HERE, ignore_errors=True)
    shutil.copytree(SAMPLE, HERE)
    place = os.path.relpath(HERE)
    print(f"$ cp -r {os.path.relpath(SAMPLE)} {place}\n$ cd {place}")
    try:
        for said, commands in STEPS:
            print(f"\n# {said}")
            for command in commands:
                print(f"\n$ penstock {shlex.join(command)}", flush=True)
                if code := _run(command):
                    return code
    finally:
        subprocess.run(
            [PENSTOCK, "sandbox", "down", "--quiet"], cwd=HERE, capture_output=True, check=False
        )
    return 0


def _run(command: list[str], *, quiet: bool = False) -> int:
    out = subprocess.DEVNULL if quiet else None
    return subprocess.run([PENSTOCK, *command], cwd=HERE, stdout=out, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
