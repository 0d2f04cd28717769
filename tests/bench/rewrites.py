"""What the portable meaning costs on DuckDB: TPC-H's queries as written and as Penstock writes them.

Also what one model takes to be read and written for each engine.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from penstock import types
from penstock.dialects.portable import prepare
from penstock.dialects.portable.entry import ENGINES

QUERIES = Path(__file__).parent.parent / "conformance" / "tpch"
BOUND = 1.05
BOUND_COMPILE_MS = 5.0


def _tables(folder: Path, scale: int) -> None:
    """TPC-H's eight tables as Parquet, made if they are not there."""
    if (folder / "done").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    tool = Path(sys.executable).with_name("tpchgen-cli")
    command = [str(tool), "parquet", "-s", str(scale), f"--output-dir={folder}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (folder / "done").touch()


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _seconds(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    before = _processor()
    connection.execute(sql).fetchall()
    return _processor() - before


def main(folder: Path, scale: int, pairs: int) -> None:
    """Print the ratio of each query's processor time and of their sum, in turn."""
    _tables(folder, scale)
    connection = duckdb.connect()
    schemas: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.parquet")):
        connection.execute(f"CREATE TABLE {path.stem} AS FROM '{path}'")
        rows = connection.execute(f"DESCRIBE {path.stem}").fetchall()
        schemas[path.stem] = {row[0]: types.from_duckdb(row[1]) for row in rows}
    plain, meant = 0.0, 0.0
    for path in sorted(QUERIES.glob("*.sql")):
        written = path.read_text()
        canonical = prepare(written, schemas).render("duckdb")
        times: dict[str, list[float]] = {written: [], canonical: []}
        for _ in range(pairs + 1):  # the first warms up
            for sql, took in times.items():
                took.append(_seconds(connection, sql))
        one, two = (min(took[1:]) for took in times.values())
        plain, meant = plain + one, meant + two
        print(f"{path.stem}: as written {one:.3f} s of processor, portable {two / one:.2f} times")
    print(f"TPC-H SF{scale}, 22 queries: portable {meant / plain:.3f} times; bound {BOUND:.2f}")
    _compile(schemas)


def _compile(schemas: dict[str, dict[str, str]]) -> None:
    for engine in ENGINES:
        took = []
        for path in sorted(QUERIES.glob("*.sql")) * 5:
            text = path.read_text()
            before = time.process_time()
            prepare(text, schemas).render(engine)
            took.append((time.process_time() - before) * 1000)
        took.sort()
        print(
            f"to read a query of TPC-H and write it for {engine}: median "
            f"{statistics.median(took):.1f} ms, the longest {took[-1]:.1f} ms of processor; "
            f"bound {BOUND_COMPILE_MS:.0f} ms"
        )
