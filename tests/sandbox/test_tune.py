"""`penstock tune`: the real package at several sizes of memory."""

from __future__ import annotations

import json
import os
import sys

import pytest
from programs import run

PIPELINE = """\
name: delays
variables: {in: data, lake: lake}
sources:
  flights:
    connector: file
    path: ${var.in}/*.csv
    incremental: files
    schema: {carrier: varchar, arr_delay: integer}
transforms:
  late:
    from: flights
    steps: [{filter: arr_delay > 15}]
targets:
  late_lake: {from: late, connector: lake, path: "${var.lake}/late", mode: append}
profiles:
  prod:
    sources: {flights: {connector: s3, path: "s3://acme-in/flights/*.csv"}}
    variables: {lake: "s3://acme-lake/curated"}
    deploy: {architecture: lambda, region: us-east-1}
"""
# A state of 400 MB that DuckDB cannot put on disk.
HUNGRY = "SELECT length(string_agg(repeat('x', 20000), '')) AS n FROM flights\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "data").mkdir()
    for name in "ab":
        rows = "".join(f"AA,{n % 60}\n" for n in range(20_000 if name == "a" else 10))
        (tmp_path / "data" / f"{name}.csv").write_text("carrier,arr_delay\n" + rows)
    return tmp_path


def tuned(folder, *words):
    command = [sys.executable, "-m", "penstock", "--json", "tune", str(folder), *words]
    return run(*command, seconds=280, env={**os.environ, "NO_COLOR": "1"})


def test_each_size_has_its_seconds_its_memory_and_its_price(folder):
    done = tuned(folder, "--profile", "prod", "--sizes", "1769,512", "--repeats", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["schema"] == "penstock.tune/1"
    size = sum((folder / "data" / f"{name}.csv").stat().st_size for name in "ab")
    assert told["slice"] == {"number": 0, "of": 1, "files": 2, "bytes": size}
    small, large = told["sizes"]
    assert (small["memory"], large["memory"]) == (512, 1769)
    for each in (small, large):
        assert each["failed"] is None
        assert 0 < each["seconds"] < each["cold_seconds"]
        assert 50 << 20 < each["peak_bytes"] < each["memory"] << 20
        assert each["usd"] > 0
    assert small["processors"] == pytest.approx(512 / 1769, abs=0.001)
    assert small["processor_seconds"] <= small["seconds"] * small["processors"] + 0.1
    assert told["knee"] in {512, 1769}
    assert told["recommended"] == {"deploy.settings.memory": told["knee"]}
    assert any("arm64" in text for text in told["differences"]) == (os.uname().machine != "aarch64")
    assert not (folder / ".penstock" / "sandbox").exists(), "its sandbox is its own"
    assert not (folder / "lake").exists()


def test_a_size_that_is_too_small_is_told_with_its_reason(folder):
    text = (folder / "pipeline.yaml").read_text()
    late = "late:\n    from: flights\n    steps: [{filter: arr_delay > 15}]"
    assert late in text
    (folder / "pipeline.yaml").write_text(text.replace(late, "late: models/late.sql"))
    (folder / "models").mkdir()
    (folder / "models" / "late.sql").write_text(HUNGRY)
    done = tuned(folder, "--profile", "prod", "--sizes", "512,3008", "--repeats", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    small, large = json.loads(done.stdout)["sizes"]
    assert "memory" in small["failed"]
    assert small["seconds"] is None
    assert small["usd"] is None
    assert large["failed"] is None
    assert large["peak_bytes"] > 512 << 20
    assert json.loads(done.stdout)["knee"] == 3008


def test_data_that_no_run_can_be_planned_of(folder):
    text = (folder / "pipeline.yaml").read_text()
    strict = text.replace("    schema:", "    schema_evolution: strict\n    schema:", 1)
    assert strict != text
    (folder / "pipeline.yaml").write_text(strict)
    (folder / "data" / "a.csv").write_text("other,columns\n1,2\n")
    (folder / "data" / "b.csv").unlink()
    done = tuned(folder, "--profile", "prod", "--sizes", "1769", "--repeats", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] in {"PSK-TUNE-004", "PSK-TUNE-005"}
    assert "Traceback" not in done.stderr


def test_a_pipeline_of_this_machine_alone_is_refused(folder):
    done = tuned(folder, "--architecture", "lambda")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "PSK-BLD-005"
