"""Cut the sample that `penstock init` ships out of the real data, row for row.

Two days of flights, every airline, and the airports those flights touch. Lines are copied as
they stand: nothing is invented, mended or reordered.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

import fetch_flights

DAYS = ("1", "2")
SAMPLE = Path(__file__).parents[1] / "src" / "penstock" / "templates" / "pipeline" / "data"


def main() -> int:
    """Write the sample. Returns the exit code."""
    if code := fetch_flights.main():
        return code
    touched: set[str] = set()
    for day in DAYS:
        rows = lines_of_day(day)
        write(SAMPLE / "flights" / f"2013-01-{int(day):02}.csv", rows)
        touched |= {row[i] for row in csv.reader(rows[1:]) for i in (12, 13)}
    airports = (fetch_flights.DATA / "airports.csv").read_text().splitlines(keepends=True)
    kept = [line for line in airports[1:] if next(csv.reader([line]))[0] in touched]
    write(SAMPLE / "airports.csv", [airports[0], *kept])
    write(SAMPLE / "airlines.csv", [(fetch_flights.DATA / "airlines.csv").read_text()])
    return 0


def lines_of_day(day: str) -> list[str]:
    """The header and the lines of one day of January 2013."""
    with gzip.open(fetch_flights.DATA / "flights.csv.gz") as packed:
        lines = io.TextIOWrapper(packed, newline="")
        header = next(lines)
        january = (line for line in lines if line.startswith(f"2013,1,{day},"))
        return [header, *january]


def write(path: Path, lines: list[str]) -> None:
    """Write lines as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), newline="")


if __name__ == "__main__":
    sys.exit(main())
