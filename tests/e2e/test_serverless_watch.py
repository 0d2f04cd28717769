"""What alarms are raised from: metrics of runs, and of the watch that looks while nothing runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from dying import dies
from functions import Context
from telemetry import check_emf
from twins import same_as_local

from penstock.runtime.serverless import entry, gathering, watching, work

pytestmark = pytest.mark.evidence(
    "architecture:lambda", "executed locally", on="S3, SQS and DynamoDB of moto"
)
ALERTS = (
    Path(__file__).parents[2]
    / "architectures/architecture-1-serverless-lambda/monitoring/alerts.yaml"
)
LOOK = {"schema": "penstock.look/1"}


@pytest.fixture
def told(capsys):
    """Gives the metrics that the functions have written since it was asked last: name → value."""
    entry._telemetry.cache_clear()

    def lines():
        found = {}
        for text in capsys.readouterr().out.splitlines():
            line = json.loads(text)
            if "_aws" in line:
                check_emf(line)
                (directive,) = line["_aws"]["CloudWatchMetrics"]
                if directive["Dimensions"] == [["pipeline", "environment"]]:
                    found |= {m["Name"]: line[m["Name"]] for m in directive["Metrics"]}
        return found

    yield lines
    entry._telemetry.cache_clear()
    entry._function.cache_clear()


@pytest.fixture
def hours_pass(monkeypatch):
    """The clock of the watch stands so many hours ahead."""

    def pass_(hours):
        class Later(datetime):
            @classmethod
            def now(cls, tz=None):
                return super().now(tz) + timedelta(hours=hours)

        monkeypatch.setattr(watching, "datetime", Later)

    return pass_


def look():
    return entry.plan(LOOK, Context())


def run(made):
    assert made.functions.plan()["status"] == "planned"
    made.functions.drain()
    assert made.functions.runs()[0].status == "succeeded"


def test_data_that_gets_old_is_told_while_nothing_runs(case, told, hours_pass):
    made = case()
    assert look()["fresh"] < 60  # nothing is published; it was deployed just now
    hours_pass(5)
    look()
    assert 5 * 3600 <= told()["FreshnessSeconds"] < 5 * 3600 + 60
    hours_pass(0)
    run(made)
    told()
    hours_pass(30)
    look()
    assert 30 * 3600 <= told()["FreshnessSeconds"] < 30 * 3600 + 60
    assert made.functions.waiting() == []  # it has looked, and planned nothing
    assert len(made.functions.runs()) == 1
    # A start that finds nothing new has seen that there is nothing newer.
    assert made.functions.plan()["status"] == "skipped"
    hours_pass(1)
    look()
    assert 3600 <= told()["FreshnessSeconds"] < 3600 + 60


def test_what_a_start_saw_before_the_last_run_says_nothing_of_it(case, told, hours_pass):
    made = case()
    run(made)
    assert made.functions.plan()["status"] == "skipped"
    made.put("in/d.csv", "carrier,flight,dest,delay\nff,8,JFK,9\n")
    run(made)
    began = made.functions.runs()[0].started_at
    hours_pass(2)
    told()
    look()
    ago = (watching.datetime.now(UTC) - datetime.fromisoformat(began)).total_seconds()
    assert abs(told()["FreshnessSeconds"] - ago) < 10


def test_how_long_a_run_is_under_way_is_told_before_it_ends(case, told, hours_pass):
    made = case()
    look()
    assert told()["RunningSeconds"] == 0
    made.functions.plan()
    hours_pass(1)
    look()
    assert 3600 <= told()["RunningSeconds"] < 3600 + 60
    made.functions.drain()
    assert told()["RunSeconds"] > 0
    look()
    assert told()["RunningSeconds"] == 0


def test_the_watch_ends_a_run_whose_worker_was_killed_in_its_last_try(case, told, monkeypatch):
    made = case()
    made.functions.plan()
    letter, *_ = made.functions.waiting()
    dies(made, *letter, "penstock.runtime.checks:evaluate", "before", deliveries=5)
    assert look()["ended"] is False
    with monkeypatch.context() as later:
        later.setattr(work, "utc_now", lambda: "2999-01-01T00:00:00.000000Z")
        assert look()["ended"] is True
    (latest,) = made.functions.runs()
    assert (latest.status, latest.report["error"]["code"]) == ("failed", "PSK-FN-009")
    assert "killed in its last try" in latest.report["error"]["message"]
    assert told()["RunsFailed"] == 1
    assert made.functions.deliver(*letter) == []
    made.functions.drain()
    same_as_local(made)


def test_rules_that_warn_and_rows_that_were_set_aside_are_told(case, told):
    made = case()
    made.put("in/d.csv", "carrier,flight,dest,delay\n,8,JFK,9\n")
    run(made)
    found = told()
    assert found["RulesWarned"] == 1
    report = made.functions.runs()[0].report
    counts = report["datasets"]
    held = counts["flights"]["rejected"] + counts["clean"]["quarantined"]
    read = counts["flights"]["rows_in"] + counts["airports"]["rows_in"]
    assert held == 2
    assert found["SetAsidePercent"] == pytest.approx(100 * held / read)


def test_a_run_is_held_against_what_the_runs_before_it_cost(case, told, monkeypatch):
    made = case()
    seconds = iter([100, 200, 100, 200, 150, 900])
    monkeypatch.setattr(gathering, "worked", lambda _: next(seconds))
    for n in range(6):
        made.put(f"in/{n}.csv", f"carrier,flight,dest,delay\nff,{n + 8},JFK,9\n")
        run(made)
        found = told()
        assert found["CostUSD"] > 0
        assert ("CostRatio" in found) is (n == 5)
    assert 5 < found["CostRatio"] < 6.1  # 900 s to 150 s, and what no second is paid for


def test_every_alarm_of_penstocks_own_is_raised_from_a_metric_that_is_written(case, told):
    alarms = yaml.safe_load(ALERTS.read_text().replace("${timeout * 900}", "1"))["alarms"].values()
    own = [alarm for alarm in alarms if alarm["namespace"] == "Penstock"]
    made = case()
    look()
    for n in range(6):
        made.put(f"in/{n}.csv", f"carrier,flight,dest,delay\nff,{n + 8},JFK,9\n")
        run(made)
    assert {alarm["metric"] for alarm in own} <= set(told())
    assert all(set(alarm["dimensions"]) == {"pipeline", "environment"} for alarm in own)
    assert {"FreshnessSeconds", "RunSeconds", "RunsFailed", "RulesWarned", "CostUSD"} <= {
        alarm["metric"] for alarm in own
    }
