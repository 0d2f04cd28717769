"""The wheel, in an empty environment: what a user gets."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(place)], ROOT)
    [built] = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a new environment that holds the wheel and what it depends on, no extra."""
    place = tmp_path_factory.mktemp("env")
    venv.create(place, with_pip=True)
    run([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)], place)
    return place / "bin"


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_what_the_package_reads_at_run_time(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    for folder in ("penstock/explanations", "penstock/templates"):
        files = [p for p in (source / folder).rglob("*") if p.is_file() and p.suffix != ".pyc"]
        wanted = {str(p.relative_to(source)) for p in files}
        assert wanted
        assert wanted <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for folder in ("architectures", "terraform"):
        files = run(["git", "ls-files", folder], ROOT).split()
        wanted = {f"penstock/deploy/assets/{f}" for f in files if not f.endswith(".tftest.hcl")}
        held = {name for name in names if name.startswith(f"penstock/deploy/assets/{folder}/")}
        assert held == wanted
    assert not [n for n in names if n.startswith(("tests/", "examples/")) or "__pycache__" in n]


def test_init_to_query_in_an_empty_environment(bin_folder: Path, tmp_path: Path):
    penstock = str(bin_folder / "penstock")
    run([penstock, "init", "x"], tmp_path)
    mine = tmp_path / "x"
    assert json.loads(run([penstock, "validate", "--json"], mine))["valid"]
    assert json.loads(run([penstock, "test", "--json"], mine))["failed"] == 0
    report = json.loads(run([penstock, "run", "--json"], mine))
    assert report["status"] == "succeeded"
    loaded = report["targets"]["flights_lake"]["rows_loaded"]
    found = run([penstock, "query", "SELECT count(*) FROM flights_lake", "--format", "csv"], mine)
    assert found.split() == ["count_star()", str(loaded)]
    sample = "SELECT min(time_hour) AS first FROM flights_lake"
    [row] = json.loads(run([penstock, "query", sample, "--json"], mine))["rows"]
    assert row["first"].startswith("2013-01-01")
    assert list((mine / ".penstock" / "runs").glob("*/report.html"))


def test_a_build_finds_its_terraform_in_the_wheel(bin_folder: Path, tmp_path: Path):
    code = "from penstock.deploy.base import assets; print(assets('terraform', 'modules', 'lake'))"
    found = Path(run([str(bin_folder / "python"), "-c", code], tmp_path).strip())
    assert found.is_relative_to(bin_folder.parent)
    assert (found / "main.tf").is_file()


def test_the_version_is_the_wheels(bin_folder: Path, wheel: Path, tmp_path: Path):
    version = json.loads(run([str(bin_folder / "penstock"), "version", "--json"], tmp_path))
    assert wheel.name.startswith(f"penstock-{version['penstock']}-")
    assert version["packages"]["pyarrow"] is None
