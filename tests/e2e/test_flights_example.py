"""The flights example, over all 336,776 rows, against counts made by hand with the csv module."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytestmark = pytest.mark.evidence("engine:duckdb", "executed locally")
EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
PENSTOCK = str(Path(sys.executable).with_name("penstock"))
MAKERS = {
    "AIRBUS INDUSTRIE": "AIRBUS",
    "MCDONNELL DOUGLAS AIRCRAFT CO": "MCDONNELL DOUGLAS",
    "MCDONNELL DOUGLAS CORPORATION": "MCDONNELL DOUGLAS",
}


def number(text: str) -> int | None:
    return None if text == "NA" else int(text)


def table(name: str) -> list[dict[str, str]]:
    with (EXAMPLE / "data" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class ByHand:
    """What the pipeline should find, worked out row by row."""

    def __init__(self) -> None:
        self.flights = self.cancelled = self.late = 0
        self.broken: dict[str, int] = defaultdict(int)
        self.delays: dict[tuple[str, str, int], list[int]] = defaultdict(list)
        self.last: dict[str, str] = {}
        self.flown: list[dict[str, str]] = []
        with gzip.open(EXAMPLE / "data" / "flights.csv.gz", "rt", newline="") as file:
            for row in csv.DictReader(file):
                self.flights += 1
                self._flight(row)

    def _flight(self, row: dict[str, str]) -> None:
        if row["dep_time"] == "NA":
            self.cancelled += 1
            return
        air_time = number(row["air_time"])
        if air_time is None:
            self.broken['IsComplete "air_time"'] += 1
        elif not re.fullmatch("N[0-9A-Z]+", row["tailnum"]):
            self.broken['ColumnValues "tailnum" matches "N[0-9A-Z]+"'] += 1
        elif int(row["distance"]) * 60 / air_time > 600:
            self.broken['ColumnValues "speed" <= 600 where "speed is not null"'] += 1
        else:
            self.flown.append(row)
            delay = number(row["arr_delay"])
            assert delay is not None
            self.late += delay > 15
            self.delays[row["carrier"], row["dest"], int(row["month"])].append(delay)
            plane = row["tailnum"]
            self.last[plane] = max(self.last.get(plane, ""), row["time_hour"])

    @property
    def quarantined(self) -> int:
        return sum(self.broken.values())


@pytest.fixture(scope="module")
def by_hand() -> ByHand:
    if not (EXAMPLE / "data").is_dir():
        pytest.skip("the flights are not fetched: `make data` (or `make test`) fetches them")
    return ByHand()


@pytest.fixture(scope="module")
def root(by_hand: ByHand, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, so that a local state of it is neither used nor touched."""
    copy = tmp_path_factory.mktemp("flights") / "flights"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns(".penstock", "out", "data"))
    (copy / "data").symlink_to(EXAMPLE / "data")
    return copy


def penstock(root: Path, *args: str, code: int = 0):
    """The JSON document of a command."""
    done = subprocess.run(
        [PENSTOCK, "--json", *args], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def report(root: Path):
    return penstock(root, "run")


def test_the_definition_is_valid_without_a_warning(root: Path):
    document = penstock(root, "validate")
    assert (document["valid"], document["diagnostics"]) == (True, [])
    assert document["engines"]["duckdb"] == {"supported": True}


def test_its_unit_tests_pass(root: Path):
    document = penstock(root, "test")
    assert document["passed"] >= 8
    assert document["failed"] == 0


def test_every_row_is_accounted_for(report, by_hand: ByHand):
    assert report["status"] == "succeeded"
    assert by_hand.flights == 336_776
    flights, flown = report["datasets"]["flights"], report["datasets"]["flown"]
    assert (flights["rows_in"], flights["rejected"], flights["rows_out"]) == (336_776, 0, 336_776)
    assert {k: flown[k] for k in ("rows_in", "filtered", "deduplicated", "quarantined")} == {
        "rows_in": 336_776,
        "filtered": by_hand.cancelled,
        "deduplicated": 0,
        "quarantined": by_hand.quarantined,
    }
    assert flown["rows_out"] == len(by_hand.flown)
    last = report["datasets"]["last_seen"]
    assert last["rows_in"] == len(by_hand.flown)
    assert last["rows_out"] == len(by_hand.last)
    assert last["deduplicated"] == len(by_hand.flown) - len(by_hand.last)
    for dataset in (flights, flown, last):
        aside = ("rejected", "filtered", "deduplicated", "quarantined")
        assert dataset["rows_in"] == dataset["rows_out"] + sum(dataset.get(k, 0) for k in aside)


def test_rows_are_quarantined_for_the_rules_they_break(root: Path, report, by_hand: ByHand):
    groups = penstock(root, "quarantine", "list")["groups"]
    flown = {g["rule"]: g["rows"] for g in groups if g["dataset"] == "flown"}
    assert flown == dict(by_hand.broken)
    weather = [g["rows"] for g in groups if g["dataset"] == "weather_checked"]
    assert weather == [broken_winds()]


def broken_winds() -> int:
    """Hours with no wind speed, or one that no building would stand."""
    return sum(w["wind_speed"] == "NA" or float(w["wind_speed"]) >= 200 for w in table("weather"))


def test_the_published_delays_are_those_counted_by_hand(root: Path, report, by_hand: ByHand):
    airlines = {a["carrier"]: a["name"] for a in table("airlines")}
    rows = penstock(root, "query", "SELECT * FROM delays_lake")["rows"]
    assert len(rows) == len(by_hand.delays) == report["targets"]["delays_lake"]["rows_loaded"]
    for row in rows:
        delays = by_hand.delays[row["carrier"], row["dest"], row["month"]]
        assert row["airline"] == airlines[row["carrier"]]
        assert row["flights"] == len(delays)
        assert row["late"] == sum(d > 15 for d in delays)
        assert row["worst_arr_delay"] == max(delays)
        assert row["avg_arr_delay"] == pytest.approx(sum(delays) / len(delays), abs=1e-9)


def test_the_lookups_bring_names_and_makers(root: Path, report, by_hand: ByHand):
    names = {a["faa"]: a["name"] for a in table("airports")}
    makers = {p["tailnum"]: p["manufacturer"] for p in table("planes")}
    named = sum(f["dest"] in names for f in by_hand.flown)
    counted: dict[str | None, int] = defaultdict(int)
    for flight in by_hand.flown:
        maker = makers.get(flight["tailnum"])
        counted[MAKERS.get(maker, maker) if maker else None] += 1
    found = penstock(
        root,
        "query",
        "SELECT manufacturer, count(*) AS n, count(dest_name) AS named FROM flights_lake GROUP BY ALL",
    )["rows"]
    assert {r["manufacturer"]: r["n"] for r in found} == counted
    assert sum(r["named"] for r in found) == named


def test_the_last_flight_of_each_plane_is_its_last(root: Path, report, by_hand: ByHand):
    rows = penstock(
        root, "query", "SELECT tailnum, epoch(time_hour)::BIGINT AS at FROM planes_lake"
    )
    found = {r["tailnum"]: r["at"] for r in rows["rows"]}
    assert found == {
        plane: int(datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
        for plane, at in by_hand.last.items()
    }


def test_the_files_are_where_they_were_asked_for(root: Path, report, by_hand: ByHand):
    with (root / "out" / "delays_by_weather.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    wind = {
        (w["origin"], w["time_hour"]): w
        for w in table("weather")
        if w["wind_speed"] != "NA" and float(w["wind_speed"]) < 200
    }
    met: dict[tuple[str, str], int] = defaultdict(int)
    for flight in by_hand.flown:
        hour = wind.get((flight["origin"], flight["time_hour"]))
        if hour:
            met[flight["origin"], kind_of(hour)] += 1
    assert {(r["origin"], r["weather"]): int(r["flights"]) for r in rows} == met
    assert (root / "out" / "trend.parquet").stat().st_size > 1000


def test_another_tool_reads_the_published_version(root: Path, report, by_hand: ByHand):
    script = EXAMPLE.parent / "read_lake.py"
    place = root / ".penstock" / "lake" / "delays"
    done = subprocess.run(
        [sys.executable, script, place], capture_output=True, text=True, check=True
    )
    rows, *columns = done.stdout.splitlines()
    assert rows == f"{len(by_hand.delays):,} rows"
    assert {c.partition(":")[0] for c in columns} >= {"carrier", "flights", "month"}


def kind_of(hour: dict[str, str]) -> str:
    if float(hour["visib"]) < 3:
        return "fog"
    if float(hour["wind_speed"]) >= 25:
        return "strong wind"
    return "rain or snow" if float(hour["precip"]) > 0 else "fair"


def test_a_second_run_has_nothing_to_do(root: Path, report):
    again = penstock(root, "run")
    assert again["status"] == "skipped"
    assert again["run_id"] == report["run_id"]
