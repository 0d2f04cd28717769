"""The sample pipeline, unchanged, on each engine: the same rows published, held and counted."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest
from programs import run

ENGINES = ("duckdb", "postgres", "spark")
OTHERS = [
    pytest.param(
        name,
        marks=pytest.mark.evidence(f"engine:{name}", "executed locally", on=on),
    )
    for name, on in (("postgres", "an embedded PostgreSQL 16"), ("spark", "a local Spark 3.5"))
]


class Folder:
    """A pipeline folder and the commands given in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def json(self, *words: str, code: int = 0, **more: str):
        program = Path(sys.executable).with_name("penstock")
        done = run(program, "--json", *words, seconds=300, cwd=self.path, env=os.environ | more)
        assert "Traceback" not in done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Engine → its report, its published tables, what it holds in quarantine."""
    found = {}
    for engine in ENGINES:
        for package in {"postgres": ["pgserver", "psycopg"], "spark": ["pyspark"]}.get(engine, []):
            if importlib.util.find_spec(package) is None:
                pytest.skip(f"{package} is not installed: the engine {engine} is not tried")
        place = tmp_path_factory.mktemp(engine)
        run(Path(sys.executable).with_name("penstock"), "init", "mine", seconds=60, cwd=place)
        folder = Folder(place / "mine")
        report = folder.json("run", "--engine", engine)
        tables = {
            target: sorted(
                json.dumps(row, sort_keys=True)
                for row in folder.json("query", f"SELECT * FROM {target}")["rows"]
            )
            for target in report["targets"]
        }
        held = folder.json("quarantine", "show", "--limit", "1000")["rows"]
        found[engine] = (report, tables, held)
    return found


@pytest.mark.parametrize("engine", OTHERS)
def test_the_same_rows_are_published(published, engine):
    report, tables, _ = published[engine]
    _, expected, _ = published["duckdb"]
    assert report["status"] == "succeeded"
    assert all(expected.values())
    assert set(expected) == {"flights_lake", "delays_csv"}
    assert tables == expected


@pytest.mark.parametrize("engine", OTHERS)
def test_every_row_is_counted_the_same(published, engine):
    def counts(report):
        names = ("rows_in", "rows_out", "rejected", "filtered", "deduplicated", "quarantined")
        return {d: {n: c.get(n) for n in names} for d, c in report["datasets"].items()}

    assert counts(published[engine][0]) == counts(published["duckdb"][0])


@pytest.mark.parametrize("engine", OTHERS)
def test_the_same_rows_are_held(published, engine):
    def keys(held):
        return sorted((row["dataset"], row.get("rule") or "", row["replay_key"]) for row in held)

    assert published[engine][2]
    assert keys(published[engine][2]) == keys(published["duckdb"][2])
