"""A run on Spark that is killed between the writing of its files and the commit."""

from __future__ import annotations

import importlib.util
import json
import signal

import pytest
from children import start
from killer import child_runs
from trials import reader

from penstock.compiler import compile_definition
from penstock.spec import load_definition

PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/*.parquet
    schema: {id: integer, day: date, amount: "decimal(10,2)"}
transforms:
  clean:
    from: orders
    steps:
      - filter: amount <> 0
      - deduplicate: {keys: [id], order_by: [amount desc]}
targets:
  clean_lake: {from: clean, connector: lake, path: lake/clean, partition_by: [day]}
"""
WRITTEN = ("penstock.runtime.engines.spark.writing:Writer.write", "after")
INTENT_KEPT = ("penstock.runtime.targets.lake.target:LakeTarget.commit", "before")


def add(folder, name, rows):
    sql = "SELECT CAST(i AS INTEGER) AS id, DATE '2026-01-01' + CAST(i % 3 AS INTEGER) AS day, "
    sql += f"CAST(i / 4 AS DECIMAL(10,2)) AS amount FROM {rows} AS t(i)"
    reader().execute(f"COPY ({sql}) TO '{folder}/data/{name}.parquet'")


def go(folder, engine, point="-", when="before"):
    """A run of a child; its exit code, and how it ended if it was not killed."""
    compiled = compile_definition(load_definition(folder), engine)
    assert compiled.program is not None, compiled.diagnostics
    told = folder.with_name("told.json")
    told.unlink(missing_ok=True)
    program = compiled.program.as_json()
    process = start(child_runs, folder, program, point, when, int(point != "-"), told)
    process.join(600)
    assert process.exitcode is not None, "a run hangs"
    return process.exitcode, json.loads(told.read_text()) if told.exists() else None


def published(folder):
    """What a reader that is not Penstock sees."""
    root = folder / "lake" / "clean"
    manifest = json.loads((root / "_penstock" / "current.json").read_text())
    files = [str(root / f["path"]) for f in manifest["files"]]
    query = "SELECT count(*), sum(id) FROM read_parquet(?, hive_partitioning=true)"
    return reader().execute(query, [files]).fetchall()


# A run that had kept its intent is finished by the next one, which then makes a version of its own.
@pytest.mark.parametrize(
    ("point", "versions"), [(WRITTEN, 2), (INTENT_KEPT, 3)], ids=["written", "intent kept"]
)
def test_what_was_published_stands_and_the_next_run_goes_on(tmp_path, point, versions):
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: the engine spark is not tried")
    folder = tmp_path / "orders"
    (folder / "data").mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    add(folder, "1", "range(0, 1000)")
    code, ended = go(folder, "duckdb")
    assert code == 0, ended
    before = published(folder)
    assert before == [(999, 499_500)]

    add(folder, "2", "range(500, 3000)")
    code, _ = go(folder, "spark", *point)
    assert code == -signal.SIGKILL
    assert published(folder) == before

    code, ended = go(folder, "duckdb")
    assert code == 0, ended
    assert published(folder) == [(2999, 4_498_500)]
    files = {p.relative_to(folder / "lake" / "clean") for p in folder.rglob("part-*.parquet")}
    assert len(files) == 3 * versions, "files that no version names are left"
