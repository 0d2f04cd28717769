"""Queries about many columns: planned soon, and a run that is told to end meanwhile ends."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Thread

from penstock.errors import Interrupted
from penstock.program import Column
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.engines.duckdb.connection import Database
from penstock.runtime.engines.duckdb.engine import DuckDBEngine

COLUMNS = 600


def test_closing_while_a_query_is_planned(tmp_path):
    # DuckDB notices an interrupt in a running query only, and refuses to close a busy cursor.
    tests = " AND ".join(f"try_cast(c{i} AS bigint) IS NOT DISTINCT FROM c{i}" for i in range(5000))
    rows = ", ".join(f"{i}.0::double AS c{i}" for i in range(5000))
    slow = f"SELECT CASE WHEN {tests} THEN 1 END, * FROM (SELECT {rows})"
    database = Database(tmp_path / "work", memory_bytes=None, threads=None)
    ended = []

    def ask():
        with suppress(Interrupted):
            database.execute(slow)
        ended.append(True)

    thread = Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    assert not ended
    database.interrupt()
    database.close()
    thread.join(60)
    assert ended


def test_a_wide_file_is_read_exactly(tmp_path):
    names = [f"c{i}" for i in range(COLUMNS)]
    good = ["7"] * COLUMNS
    bad = [*good[:-1], "1.5"]
    (tmp_path / "a.csv").write_text("\n".join(",".join(r) for r in (names, good, bad, good)) + "\n")
    file = InputFile(str(tmp_path / "a.csv"), "a.csv", (tmp_path / "a.csv").stat().st_size, "1")
    engine = DuckDBEngine(work=tmp_path / "work")
    try:
        schema = [Column(n, "bigint") for n in names]
        found = engine.read_files(
            "a", [file], FileFormat("csv"), schema, evolution="strict", keep=False
        )
        assert (found.rows_in, found.rows_out) == (3, 2)
        (rejected,) = found.rejected
        assert (rejected.line, rejected.reason) == (3, "c599: 1.5 is not a whole number")
    finally:
        engine.close()
