"""Compare functions by hand: `python tests/conformance/run.py lpad rpad [--write] [--no-spark]`.

Prints what each engine gives that the fixture (or DuckDB, where there is none) does not.
`--write` takes DuckDB's rows for the fixture: read it before you commit it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import clause_suite
import nasty
import suite
from machines import start


def compare_clause(name: str, machines: list, *, write: bool, sql: bool) -> int:
    """Print what differs for a clause; the number of differences."""
    expected, kept, bad = clause_suite.expected(name), {}, 0
    for case in clause_suite.cases(name):
        for machine in machines:
            if sql:
                print(machine.name, told_sql(case.query, machine.name))
            if machine.name == "duckdb" and (write or case.text not in expected):
                kept[case.text], why = clause_suite.got(machine, case)
                expected[case.text] = kept[case.text]
                if kept[case.text] == [suite.ERROR] or (
                    why and not clause_suite.clauses()[name].gap("duckdb")
                ):
                    print(f"  {case.text} [duckdb] {why[:700]}")
                    bad += 1
            wrong = clause_suite.wrong(machine, case, expected.get(case.text, []))
            if wrong:
                bad += 1
                print(f"  {case.text} [{machine.name}]")
                print("\n".join(f"      {w}" for w in wrong[:8]))
    if write:
        clause_suite.write(name, kept)
    print(name)
    return bad


def told_sql(query: str, engine: str) -> str:
    try:
        return suite.prepare(query, suite.SCHEMAS).render(engine)
    except suite.Refusal as refused:
        return f"refused: {refused.message}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="functions or families; none: all")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sql", action="store_true", help="show each engine's SQL")
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    given = parser.parse_args()
    chosen = [
        n
        for n in suite.names()
        if not given.names or n in given.names or suite.catalog()[n].family in given.names
    ]
    bad = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        nasty.write(Path(folder))
        machines = [start(n, Path(folder)) for n in given.engines.split(",")]
        for name in chosen:
            found = suite.read(name)
            kept = {}
            for case in suite.cases(name):
                reference = found.get(case.text)
                for machine in machines:
                    kind, lines = suite.outcome(machine, case)
                    if given.sql and kind != "refused":
                        print(
                            machine.name,
                            suite.prepare(case.query, suite.SCHEMAS).render(machine.name),
                        )
                    if kind == "refused":
                        if machine.name == "duckdb":
                            kept[case.text] = []
                        print(f"  {case.text} [{machine.name}] refused: {lines[0]}")
                        continue
                    got = [suite.ERROR] if kind == suite.ERROR else lines
                    if machine.name == "duckdb" and (given.write or reference is None):
                        reference = got
                        kept[case.text] = got
                        if got == [suite.ERROR]:
                            print(f"  {case.text} [duckdb] error: {lines[0][:300]}")
                        continue
                    wrong = suite.differences(reference or [], got)
                    if wrong:
                        bad += 1
                        print(f"  {case.text} [{machine.name}]")
                        print("\n".join(f"      {w}" for w in wrong[:6]))
                        if kind == suite.ERROR:
                            print(f"      {lines[0][:700]}")
            if given.write:
                suite.write(name, kept)
            print(name)
        for name in clause_suite.names():
            if given.names and name not in given.names and clause_suite.FAMILY not in given.names:
                continue
            bad += compare_clause(name, machines, write=given.write, sql=given.sql)
            ran += 1
        for machine in machines:
            machine.close()
    print(f"{len(chosen)} functions, {ran} clauses, {bad} differences")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
