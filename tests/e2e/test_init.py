"""`penstock init`: a folder in which everything runs, or a refusal that helps."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "src" / "penstock" / "templates" / "pipeline"
REAL = ROOT / "examples" / "flights" / "data"
PENSTOCK = str(Path(sys.executable).with_name("penstock"))
# No way out: whatever would fetch something fails.
OFFLINE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


def penstock(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PENSTOCK, *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **OFFLINE},
    )


def document(folder: Path, *args: str):
    done = penstock(folder, "--json", *args)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def flown() -> list[dict[str, str]]:
    """The sample's flights that left, by hand."""
    rows = []
    for path in sorted((SAMPLE / "data" / "flights").glob("*.csv")):
        with path.open(newline="") as file:
            rows += [r for r in csv.DictReader(file) if r["dep_time"] != "NA"]
    return rows


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("init")
    made = document(place, "init", "mine")
    assert made["pipeline"] == "mine"
    assert made["next"] == ["cd mine", "penstock validate", "penstock test", "penstock run"]
    assert sorted(made["files"]) == sorted(
        str(p.relative_to(place / "mine")) for p in (place / "mine").rglob("*") if p.is_file()
    )
    return place / "mine"


def test_it_is_valid_and_its_tests_pass(mine: Path):
    checked = document(mine, "validate")
    assert (checked["valid"], checked["diagnostics"]) == (True, [])
    tested = document(mine, "test")
    assert tested["passed"] == 5
    assert tested["failed"] == 0


def test_it_runs_and_publishes_what_the_sample_holds(mine: Path):
    report = document(mine, "run")
    assert report["status"] == "succeeded"
    left = flown()
    lost = [r for r in left if r["air_time"] == "NA"]
    counts = report["datasets"]["flown"]
    assert counts["rows_in"] == 1785
    assert counts["filtered"] == 1785 - len(left)
    assert counts["quarantined"] == len(lost) > 0
    assert report["targets"]["flights_lake"]["rows_loaded"] == len(left) - len(lost)
    rows = document(mine, "query", "SELECT sum(flights) AS n, sum(late) AS late FROM delays_csv")
    late = sum(int(r["arr_delay"]) > 15 for r in left if r["air_time"] != "NA")
    assert rows["rows"] == [{"n": len(left) - len(lost), "late": late}]
    assert (mine / "out" / "delays.csv").is_file()


def test_the_editor_finds_the_schema(mine: Path):
    first = (mine / "pipeline.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=.penstock/pipeline.schema.json"
    kept = json.loads((mine / ".penstock" / "pipeline.schema.json").read_text())
    assert kept == document(mine, "schema")


def test_local_state_is_not_kept_in_git(mine: Path):
    subprocess.run(["git", "init", "-q"], cwd=mine, check=True)
    subprocess.run(["git", "add", "."], cwd=mine, check=True)
    kept = subprocess.run(["git", "ls-files"], cwd=mine, check=True, capture_output=True, text=True)
    assert "data/airlines.csv" in kept.stdout
    assert ".penstock" not in kept.stdout
    assert "out/" not in kept.stdout


def test_it_fills_the_empty_folder_one_is_in(tmp_path: Path):
    here = tmp_path / "Daily Flights"
    here.mkdir()
    made = document(here, "init", ".")
    assert made["pipeline"] == "daily-flights"
    assert made["next"][0] == "penstock validate"
    assert document(here, "validate")["valid"]


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    done = penstock(tmp_path, "init", "mine")
    assert done.returncode == 2
    assert "PSK-CLI-020" in done.stderr
    assert "notes.txt" in done.stderr
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_file_of_that_name_is_left_alone(tmp_path: Path):
    (tmp_path / "mine").write_text("keep")
    done = penstock(tmp_path, "init", "mine")
    assert (done.returncode, "is a file" in done.stderr) == (2, True)
    assert (tmp_path / "mine").read_text() == "keep"


@pytest.mark.parametrize(
    ("bad", "near"),
    [
        ("My Flights", "my-flights"),
        ("2013-flights", "flights"),
        ("a__b", "a_b"),
        ("é!", "pipeline"),
    ],
)
def test_a_bad_name_is_refused_with_a_near_one(tmp_path: Path, bad: str, near: str):
    done = penstock(tmp_path, "init", bad)
    assert done.returncode == 2
    assert "PSK-CLI-021" in done.stderr
    assert f"did you mean `{near}`?" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = penstock(tmp_path, "init", "file/mine")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_sample_is_real_and_small():
    if not REAL.is_dir():
        pytest.skip("the flights are not fetched: `make data` (or `make test`) fetches them")
    size = sum(p.stat().st_size for p in SAMPLE.rglob("*") if p.is_file())
    assert size < 300_000
    with gzip.open(REAL / "flights.csv.gz", "rt", newline="") as file:
        header = next(file)
        real = {"1": [header], "2": [header]}
        for line in file:
            year, month, day, _ = line.split(",", 3)
            if (year, month) == ("2013", "1") and day in real:
                real[day].append(line)
    for day, lines in real.items():
        path = SAMPLE / "data" / "flights" / f"2013-01-0{day}.csv"
        assert path.read_text().splitlines(keepends=True) == lines
    for name in ("airlines.csv", "airports.csv"):
        known = (REAL / name).read_text().splitlines()
        assert set((SAMPLE / "data" / name).read_text().splitlines()) <= set(known)
