"""Spark reads, checks and writes by itself what it can with the same meaning; the rest is the same.

One pipeline, with what is hard for it: files of two shapes, texts that folders cannot tell apart,
records and rows that are set aside, rules that are portable and rules that are not.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from programs import run

ROOT = Path(__file__).parents[2]
PIPELINE = """\
name: parcels
sources:
  parcels:
    connector: file
    path: data/parcels/*.parquet
    schema:
      id: bigint
      region: varchar
      day: date
      weight: decimal(10,2)
      sent: timestamptz
      seen: timestamp
      pad: varchar
      note: varchar
  regions:
    connector: file
    path: data/regions.csv
    schema: {region: varchar, name: varchar, size: integer}
  drivers:
    connector: file
    path: data/drivers.parquet
    schema: {driver: {type: integer, required: true}, name: varchar}
transforms:
  good:
    from: parcels
    steps:
      - filter: id > 10
      - deduplicate: {keys: [id], order_by: [seen desc]}
  named: models/named.sql
  totals: models/totals.sql
quality:
  good:
    quarantine:
      - ColumnValues "weight" > 0
      - ColumnValues "note" matches "[0-9a-f]{2,9}"
    warn:
      - ColumnValues "region" in ["a", "b"]
      - Completeness "region" > 0.5
      - CustomSql "SELECT id FROM primary WHERE hash(id) >= 0"
    stop:
      - RowCount > 100
  totals:
    stop:
      - RowCount > 0
targets:
  by_day: {from: named, connector: lake, path: lake/by_day, partition_by: [day]}
  by_region: {from: good, connector: lake, path: lake/by_region, partition_by: [region]}
  whole: {from: good, connector: lake, path: lake/whole, target_file_size: 1 MB}
  deltas: {from: named, connector: lake, path: lake/deltas, format: delta, partition_by: [day]}
  totals: {from: totals, connector: lake, path: lake/totals, sort_by: [n desc]}
  drivers_csv: {from: drivers, connector: file, path: out/drivers.csv}
"""
NAMED = """\
SELECT g.id, g.day, g.weight, g.sent, r.name, g.note
FROM good AS g LEFT JOIN regions AS r ON r.region = g.region
"""
TOTALS = "SELECT name, count(*) AS n, sum(weight) AS weight FROM named GROUP BY name\n"


def make(folder: Path) -> None:
    """The pipeline and its data."""
    (folder / "data" / "parcels").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "models" / "named.sql").write_text(NAMED)
    (folder / "models" / "totals.sql").write_text(TOTALS)
    (folder / "data" / "regions.csv").write_text(
        "region,name,size\na,Ärea A,1\nb,Area B,2\nc,Area C,big\n"
    )
    duckdb.execute("SET TimeZone = 'UTC'")
    common = """
        CASE i % 7 WHEN 0 THEN 'a' WHEN 1 THEN 'b' WHEN 2 THEN '' WHEN 3 THEN NULL
                   WHEN 4 THEN 'x/y z=%' ELSE 'c' END AS region,
        DATE '2026-01-01' + CAST(i % 3 AS INTEGER) AS day,
        CAST((i * 7919 % 10007 - 3) / 100.0 AS DECIMAL(10,2)) AS weight,
        TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 SECOND * i AS sent,
        TIMESTAMP '1500-01-01 12:00:00.123456' + INTERVAL 1 HOUR * i AS seen,
        md5(CAST(i AS VARCHAR)) || md5(CAST(-i AS VARCHAR)) || md5(CAST(i + 0.5 AS VARCHAR)) AS pad"""
    note = "left(md5(CAST(i AS VARCHAR)), 1 + CAST(i % 9 AS INTEGER)) AS note"
    for name, number, what, rows in (
        # Narrower numbers, and a column that came later.
        ("old", "CAST(i AS INTEGER) AS id", common, "range(0, 4000)"),
        ("new", "CAST(i AS BIGINT) AS id", f"{common}, {note}", "range(3900, 50000)"),
    ):
        path = folder / "data" / "parcels" / f"{name}.parquet"
        duckdb.execute(f"COPY (SELECT {number}, {what} FROM {rows} AS t(i)) TO '{path}'")
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES (1, 'Ann'), (NULL, 'Bob'), (3, 'Cid')) AS t(driver, name)) "
        f"TO '{folder}/data/drivers.parquet'"
    )


class Folder:
    """A pipeline folder and the commands given in it."""

    def __init__(self, path: Path, packages: str = "") -> None:
        self.path = path
        paths = [packages, os.environ.get("PYTHONPATH", "")]
        self.env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def json(self, *words: str):
        program = Path(sys.executable).with_name("penstock")
        done = run(program, "--json", *words, seconds=600, cwd=self.path, env=self.env)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def files(self, target: str) -> list[Path]:
        """The files of a lake table, as a reader finds them."""
        return sorted((self.path / "lake" / target).rglob("*.parquet"))

    def writers(self, target: str) -> set[str]:
        """Which programs wrote them."""
        found = {
            str(pq.read_metadata(path).created_by).split(" ")[0] for path in self.files(target)
        }
        return {{"parquet-mr": "Spark"}.get(name, name) for name in found}


# PySpark 4.1 is there after `make conformance`; without it these are no tests, none is skipped.
SPARK41 = next(iter((ROOT / ".cache" / "spark41").glob("lib/python*/site-packages")), None)


@pytest.fixture(scope="module", params=["3.5", "4.1"] if SPARK41 else ["3.5"])
def runs(request, tmp_path_factory):
    """Engine → its folder, its report, its published tables, what it holds in quarantine."""
    packages = str(SPARK41) if request.param == "4.1" else ""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: the engine spark is not tried")
    found = {}
    for engine in ("duckdb", "spark"):
        folder = Folder(tmp_path_factory.mktemp(engine) / "parcels", packages)
        make(folder.path)
        report = folder.json("run", "--engine", engine, "--memory", "2GB", "--threads", "2")
        tables = {}
        for target in report["targets"]:
            rows = folder.json("query", f"SELECT * FROM {target}")["rows"]
            tables[target] = sorted(json.dumps(row, sort_keys=True) for row in rows)
        held = folder.json("quarantine", "show", "--limit", "100000")["rows"]
        found[engine] = (folder, report, tables, held)
    return found


def test_the_same_rows_are_published(runs):
    expected, got = runs["duckdb"][2], runs["spark"][2]
    assert len(expected["by_day"]) > 30_000
    assert got == expected


def test_every_row_is_counted_and_every_rule_decided_the_same(runs):
    def told(report):
        names = ("rows_in", "rows_out", "rejected", "filtered", "deduplicated", "quarantined")
        counts = {d: {n: c.get(n) for n in names} for d, c in report["datasets"].items()}
        return counts, sorted(json.dumps(rule, sort_keys=True) for rule in report["quality"])

    counts, rules = told(runs["spark"][1])
    assert (counts, rules) == told(runs["duckdb"][1])
    assert counts["regions"]["rejected"] == 1
    assert counts["drivers"]["rejected"] == 1
    assert counts["good"]["deduplicated"] == 100
    assert counts["good"]["quarantined"] > 1000
    assert any('"failed"' in rule for rule in rules)


def test_the_same_rows_are_held_with_the_same_reason(runs):
    def kept(held):
        names = ("dataset", "rule", "reason", "row", "raw", "replay_key")
        return sorted(json.dumps([row.get(n) for n in names]) for row in held)

    assert kept(runs["spark"][3]) == kept(runs["duckdb"][3])


def test_spark_writes_what_it_writes_the_same(runs):
    folder = runs["spark"][0]
    for target in ("by_day", "whole", "deltas", "totals"):
        assert folder.writers(target) == {"Spark"}, target


def test_folders_that_spark_would_not_tell_apart_are_written_by_duckdb(runs):
    assert runs["spark"][0].writers("by_region") == {"DuckDB"}


def test_a_partition_has_one_file_and_a_table_files_of_the_size_asked_for(runs):
    folder = runs["spark"][0]
    assert len(folder.files("by_day")) == 3
    assert len(folder.files("deltas")) == 3
    sizes = [path.stat().st_size for path in folder.files("whole")]
    assert len(sizes) > 1
    assert max(sizes) <= 1_500_000


def test_nothing_of_the_run_is_left_beside_the_tables(runs):
    folder = runs["spark"][0]
    left = [p for p in folder.path.rglob("*") if p.name in ("_SUCCESS", "_temporary", "spark")]
    left += (folder.path / "lake").rglob("*.crc")
    assert not left
