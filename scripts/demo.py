"""`make demo`: the New York flights, from the definition to the published tables.

Each command is shown before it runs, so that it can be typed again in `examples/flights`.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import fetch_flights

FLIGHTS = Path(__file__).parents[1] / "examples" / "flights"
PENSTOCK = Path(sys.executable).with_name("penstock")

WORST = """\
SELECT airline, dest, month, flights, late, round(avg_arr_delay, 1) AS minutes
FROM delays_lake WHERE flights >= 100 ORDER BY avg_arr_delay DESC LIMIT 8"""
COMMANDS = (
    ["validate"],
    ["test"],
    ["run"],
    ["query", WORST],
    ["quarantine", "list"],
)


def main() -> int:
    """Run the commands in turn; stop at the first that fails. Returns its exit code."""
    if code := fetch_flights.main():
        return code
    print("\n$ cd examples/flights")
    for command in COMMANDS:
        print(f"\n$ penstock {shlex.join(command)}", flush=True)
        if code := subprocess.run([PENSTOCK, *command], cwd=FLIGHTS, check=False).returncode:
            return code
    print(f"\nThe report of the run, for a browser: {report()}")
    return 0


def report() -> Path:
    """The HTML report of the newest succeeded run."""
    done = subprocess.run(
        [PENSTOCK, "runs", "list", "--json"],
        cwd=FLIGHTS,
        check=True,
        capture_output=True,
        text=True,
    )
    runs = json.loads(done.stdout)["runs"]
    newest = next(run for run in runs if run["status"] == "succeeded")
    return FLIGHTS / ".penstock" / "runs" / newest["run_id"] / "report.html"


if __name__ == "__main__":
    sys.exit(main())
