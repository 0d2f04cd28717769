"""Random well-typed queries on every engine: `python tests/conformance/fuzz.py 5000 [--seed 1]`.

Four parts, which can be asked for by name: `queries` and `expressions` (half of the count each),
`types` (every function with every pair of argument types) and `patterns` (regular expressions).
What the language refuses is counted and passed over; what runs must give the same rows, or fail,
on all engines. Every difference is printed; `fuzzing.py` says what is one.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_expressions
import nasty
import suite
from fuzz_expressions import Maker
from fuzz_queries import Queries
from fuzzing import DIFFERENT, FAILING, REFUSED, TOO_LARGE, Case, Trials
from machines import start

PARTS = ("queries", "expressions")
_OVER = ("t_str", "t_num", "t_dt", "t_evt", "t_cast", "t_arr", "t_edge")


def expressions(trials: Trials, count: int, chance: random.Random, depth: int = 3) -> None:
    """Expressions over the nasty tables, until `count` of them ran."""
    fuzz_expressions.templates()
    makers = {t: Maker(suite.SCHEMAS[t], chance) for t in _OVER}
    ran = 0
    while ran < count:
        table = chance.choice(_OVER)
        text = makers[table].expression(chance.randint(1, depth))
        key = "eid" if table == "t_evt" else "id"
        case = Case(f"SELECT {key} AS k, {text} AS v FROM {table}", ((text, table),))
        ran += _counts(trials.take(case))
    trials.settle()


def queries(trials: Trials, count: int, chance: random.Random) -> None:
    """Queries, until `count` of them ran."""
    maker = Queries(chance)
    ran = 0
    while ran < count:
        ran += _counts(trials.take(maker.case()))
    trials.settle()


def _counts(outcome: str | None) -> bool:
    """Whether a case ran and says something: what fails everywhere says little."""
    return outcome is None or not outcome.startswith((REFUSED, TOO_LARGE, FAILING))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    parser.add_argument("--parts", default=",".join(PARTS))
    given = parser.parse_args()
    parts = given.parts.split(",")
    os.environ["SPARK_INTERPRETED"] = "yes"
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        nasty.write(Path(folder))
        machines = [start(n, Path(folder)) for n in given.engines.split(",")]
        for part in parts:
            trials = Trials(machines, suite.SCHEMAS, batch=given.batch)
            began = time.monotonic()
            run = {"queries": queries, "expressions": expressions}[part]
            run(trials, given.count // len(parts), random.Random(given.seed))
            took = time.monotonic() - began
            told = ", ".join(f"{n:,} {what}" for what, n in sorted(trials.tally.items()))
            print(f"{part}: {told}; {took:,.0f} s", flush=True)
            wrong += trials.tally[DIFFERENT]
        for machine in machines:
            machine.close()
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
