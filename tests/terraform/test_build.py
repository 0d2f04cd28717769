"""`penstock build`: a folder that Terraform can be run in, from real wheels."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.evidence("part:build", "executed locally")
AARCH64 = 183  # e_machine of an ELF file
PIPELINE = """\
name: delays
trigger: {schedule: "15 2 * * *", timezone: America/New_York}
sources:
  flights:
    connector: s3
    path: s3://acme-in/flights/*.csv
    schema: {carrier: varchar, arr_delay: integer}
transforms:
  late:
    from: flights
    steps: [{filter: arr_delay > 15}]
targets:
  late_lake: {from: late, connector: lake, path: "s3://acme-lake/curated/late", mode: overwrite}
deploy: {architecture: lambda, region: us-east-1, environment: test, settings: {max_concurrency: 4}}
"""


def penstock(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "penstock", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("pipeline")
    (place / "pipeline.yaml").write_text(PIPELINE)
    return place


@pytest.fixture(scope="module")
def built(folder: Path) -> Path:
    done = penstock("build", str(folder), "--output", str(folder / "out"))
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_a_build_says_what_it_holds(built: Path):
    record = json.loads((built / "build.json").read_text())
    assert record["schema"] == "penstock.build/1"
    assert record["program"] == json.loads((built / "program.json").read_text())["digest"]
    assert set(record["packages"]) == {"planner-arm64.zip", "runtime-arm64.zip"}
    for name, digest in record["files"].items():
        assert hashlib.sha256((built / name).read_bytes()).hexdigest() == digest
    assert {f"packages/{kind}-arm64.sbom.json" for kind in ("planner", "runtime")} <= set(record["files"])  # fmt: skip


def test_the_inputs_are_those_of_the_pipeline(built: Path):
    inputs = json.loads((built / "terraform/pipeline.auto.tfvars.json").read_text())
    assert inputs["reads"] == [{"bucket": "acme-in", "prefix": "flights/"}]
    assert inputs["writes"] == [{"bucket": "acme-lake", "prefix": "curated/late"}]
    assert inputs["trigger"] == {"schedule": "cron(15 2 * * ? *)", "timezone": "America/New_York"}
    assert inputs["functions"]["max_concurrency"] == 4
    assert inputs["environment"] == "test"


def test_packages_are_for_the_functions_machine_and_hold_the_handlers(built: Path):
    with zipfile.ZipFile(built / "packages/runtime-arm64.zip") as archive:
        names = archive.namelist()
        heads = {name: archive.read(name)[:20] for name in names if name.endswith(".so")}
    assert {"worker.py", "loader.py", "penstock/runtime/run.py", "duckdb/__init__.py"} <= set(names)
    assert not any(n.startswith("sqlglot/") for n in names)
    assert len(heads) >= 2  # of duckdb and obstore
    for name, head in heads.items():
        assert (head[:4], head[18]) == (b"\x7fELF", AARCH64), name
    with zipfile.ZipFile(built / "packages/planner-arm64.zip") as archive:
        names = archive.namelist()
    assert {"planner.py", "sqlglot/__init__.py", "pipeline/pipeline.yaml"} <= set(names)


def test_a_handler_starts_from_the_package_and_loads_little(built: Path, tmp_path: Path):
    """With the runtime's own boto3, and nothing else of this machine.

    A cold start waits for what importing a handler loads: `make bench` says how long.
    """
    for name in ("planner", "worker", "loader"):
        kind = "planner" if name == "planner" else "runtime"
        place = tmp_path / kind
        with zipfile.ZipFile(built / f"packages/{kind}-arm64.zip") as archive:
            # Importing a handler loads no compiled library, so that those of another processor do.
            archive.extractall(place)
        loaded = loaded_by(name, place)
        assert not {"sqlglot", "pydantic", "pydantic_core", "yaml", "duckdb", "obstore"} & loaded
        assert len(loaded) < 100, sorted(loaded)


def loaded_by(name: str, place: Path) -> set[str]:
    """What a handler loads of its package: each module of Penstock, and others by their top name."""
    code = f"""
import sys
sys.path.insert(0, {str(place)!r})
import {name}
assert {name}.handler
import penstock
assert penstock.__file__.startswith({str(place)!r})
for module, loaded in list(sys.modules.items()):
    if (getattr(loaded, "__file__", None) or "").startswith({str(place)!r}):
        print(module if module.startswith("penstock") else module.partition(".")[0])
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-B", "-I", "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.evidence("architecture:lambda", "plan-validated", on="Terraform")
def test_terraform_takes_the_build_as_it_is(built: Path, terraform):
    root = built / "terraform"
    assert "../../../" not in (root / "main.tf").read_text()
    terraform.init(root)
    terraform(root, "validate", "-no-color")


def test_a_second_build_is_the_same_and_keeps_what_is_terraforms(built: Path, folder: Path):
    before = (built / "build.json").read_bytes()
    (built / "terraform/terraform.tfstate").write_text("{}")
    (built / "terraform/backend.tf").write_text("terraform {}\n")
    done = penstock("build", str(folder), "--output", str(built), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == "penstock.build/1"
    assert (built / "build.json").read_bytes() == before
    assert (built / "terraform/terraform.tfstate").exists()
    assert (built / "terraform/backend.tf").exists()


def test_a_folder_with_something_else_is_left_alone(folder: Path):
    done = penstock("build", str(folder), "--output", str(folder))
    assert done.returncode == 1
    assert "PSK-BLD-007" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_package_index_is_told_in_words(folder: Path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    done = penstock("build", str(folder), "--output", str(folder / "none"))
    assert done.returncode == 4
    assert "PSK-BLD-001" in done.stderr
    assert not (folder / "none").exists()


def test_an_architecture_that_is_none_is_told(folder: Path):
    done = penstock("build", str(folder), "--architecture", "lamda")
    assert done.returncode == 2
    assert "did you mean `lambda`" in done.stderr
