"""Athena's renderings on Trino: the rows of every fixture, and TPC-H's as DuckDB gives them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parents[1] / "conformance"
sys.path.insert(0, str(CONFORMANCE))

import clause_suite  # noqa: E402
import nasty  # noqa: E402
import suite  # noqa: E402
import trino as trinos  # noqa: E402
from values import same  # noqa: E402

from penstock.dialects.portable import prepare  # noqa: E402
from penstock.dialects.portable.clauselist import clauses  # noqa: E402
from penstock.dialects.portable.functions import catalog  # noqa: E402

ATHENA = "athena"
AT_ONCE = 2  # most of a query's time is waiting


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Trino with the nasty tables."""
    folder = tmp_path_factory.mktemp("nasty")
    nasty.write(folder)
    started = trinos.Trino(folder)
    yield started
    started.close()


def told_of_function(machine, name: str) -> tuple[int, list[str]]:
    """How many cases ran, and what is wrong."""
    expected, declared = suite.read(name), catalog()[name]
    ran, wrong = 0, []
    for case in suite.cases(name):
        kind, lines = suite.outcome(machine, case)
        where = f"{name}: {case.text}"
        if kind == "refused":
            # An overload, or a form of it, that Athena alone has not got.
            if declared.gap(ATHENA) is None and lines[2:] != [ATHENA]:
                wrong.append(f"{where}: refused: {lines[0]}")
            continue
        ran += 1
        got = [suite.ERROR] if kind == suite.ERROR else lines
        found = suite.differences(expected[case.text], got)
        if found:
            why = lines[0] if kind == suite.ERROR else ""
            wrong.append("\n   ".join([where, *found[:5], why]))
    return ran, wrong


@pytest.mark.timeout(3600)
def test_athena_gives_the_rows_of_every_fixture(machine):
    with ThreadPoolExecutor(AT_ONCE) as several:
        told = list(several.map(lambda name: told_of_function(machine, name), suite.names()))
    ran = sum(count for count, _ in told)
    wrong = [line for _, lines in told for line in lines]
    assert not wrong, f"{len(wrong)} of {ran} cases\n" + "\n".join(wrong)
    assert ran > 1500


@pytest.mark.timeout(3600)
def test_athena_gives_the_rows_of_every_clause(machine):
    def told(name: str) -> list[str]:
        expected = clause_suite.expected(name)
        wrong = {
            c.text: clause_suite.wrong(machine, c, expected[c.text])
            for c in clause_suite.cases(name)
        }
        return ["\n   ".join([f"{name}: {t}", *w[:6]]) for t, w in wrong.items() if w]

    with ThreadPoolExecutor(AT_ONCE) as several:
        wrong = [line for lines in several.map(told, clause_suite.names()) for line in lines]
    assert not wrong, "\n".join(wrong)


def test_athena_has_most_of_the_language():
    functions = {f.name: f for f in catalog().values()}
    assert sum(f.gap(ATHENA) is None for f in functions.values()) >= 250
    everywhere = [c for c in clauses().values() if c.gap("duckdb") is None]
    missing = [c.name for c in everywhere if c.gap(ATHENA) is not None]
    assert missing == ["recursive", "frame_exclude"]


def test_the_queries_of_tpch_give_duckdb_s_rows(tmp_path):
    import duckdb
    import pyarrow.parquet as pq
    from values import told

    tool = Path(sys.executable).with_name("tpchgen-cli")
    subprocess.run(
        [tool, "parquet", "-s", "0.01", f"--output-dir={tmp_path}"], check=True, capture_output=True
    )
    files = sorted(tmp_path.glob("*.parquet"))
    schemas = {p.stem: {f.name: nasty.type_name(f.type) for f in pq.read_schema(p)} for p in files}
    machine = trinos.Trino(tmp_path)
    wrong = []
    try:
        with duckdb.connect() as reference:
            for path in files:
                reference.execute(f"CREATE TABLE {path.stem} AS FROM '{path}'")
            for path in sorted((CONFORMANCE / "tpch").glob("*.sql")):
                prepared = prepare(path.read_text(), schemas)
                found = reference.execute(prepared.render("duckdb")).fetchall()
                wanted = [[told(v) for v in row] for row in found]
                assert wanted, f"{path.stem} gives no rows: it compares nothing"
                rows = machine.rows(prepared.render(ATHENA))
                if len(rows) != len(wanted) or not all(
                    same(a, b)
                    for mine, theirs in zip(rows, wanted, strict=True)
                    for a, b in zip(mine, theirs, strict=True)
                ):
                    wrong.append(f"{path.stem}: {rows[:2]} not {wanted[:2]}")
    finally:
        machine.close()
    assert not wrong, "\n".join(wrong)
