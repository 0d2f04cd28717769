"""Metrics: lines that CloudWatch takes, with the values of the run report."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from telemetry import check_emf, metrics

from penstock.errors import UsageError
from penstock.runtime.telemetry.emf import lines as lines_of
from penstock.runtime.telemetry.opening import open_in_function, open_telemetry

RUN = {"pipeline": "shop", "environment": "test"}


def measured(pipeline, cost=None, **options):
    out = io.StringIO()
    telemetry = open_in_function({"PENSTOCK_ENVIRONMENT": "test"}, pipeline.root, out, cost=cost)
    result = pipeline.run(telemetry, **options)
    telemetry.close()
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    found = [line for line in found if "_aws" in line]
    for line in found:
        check_emf(line)
        assert line["run_id"] == result.document.run_id
    return result, found


def test_rows_bytes_seconds_and_rules_of_the_run_and_of_each_dataset(pipeline):
    result, found = measured(pipeline)
    report = result.document.as_json()
    run = metrics(found, **RUN)
    assert run | {"RunSeconds": 0, "FreshnessSeconds": 0, "PeakMemoryBytes": 0} == {
        "RunsSucceeded": 1, "RunsFailed": 0, "RunsStopped": 0, "RunsSkipped": 0,
        "FreshnessSeconds": 0, "RunSeconds": 0, "PeakMemoryBytes": 0,
        "RowsIn": 4, "RowsOut": 1, "RowsRejected": 0, "RowsQuarantined": 1,
        "BytesRead": report["datasets"]["orders"]["bytes"],
        "BytesWritten": report["targets"]["totals_lake"]["bytes"],
        "RulesPassed": 1, "RulesFailed": 2, "RulesWarned": 1, "SetAsidePercent": 25,
    } | {"RowsOut": report["targets"]["totals_lake"]["rows_loaded"]}  # fmt: skip
    assert run["RunSeconds"] == report["seconds"]
    clean = metrics(found, **RUN, dataset="clean")
    assert clean | {"Seconds": 0} == {
        "RowsIn": 4, "RowsOut": 2, "RowsQuarantined": 1, "RowsFiltered": 1, "RowsDeduplicated": 0,
        "Seconds": 0, "RulesPassed": 1, "RulesFailed": 1,
    }  # fmt: skip


def test_freshness_goes_on_growing_while_runs_fail(pipeline):
    measured(pipeline)
    pipeline.orders("id,customer,amount\n1,ann,-10\n")
    result, found = measured(pipeline)
    run = metrics(found, **RUN)
    assert (run["RunsStopped"], run["RunsSucceeded"]) == (1, 0)
    published = result.previous["started_at"]
    assert run["FreshnessSeconds"] > run["RunSeconds"]
    later = list(
        lines_of(
            result.document.as_json(),
            environment="test",
            previous=result.previous,
            now=found[0]["_aws"]["Timestamp"] / 1000 + 3600,
        )
    )
    grown = metrics(later, **RUN)["FreshnessSeconds"]
    assert grown == pytest.approx(run["FreshnessSeconds"] + 3600, abs=0.01), published


def test_nothing_is_said_of_freshness_before_anything_was_published(pipeline):
    pipeline.orders("id,customer,amount\n1,ann,-10\n")
    assert "FreshnessSeconds" not in metrics(measured(pipeline)[1], **RUN)


def test_a_backfill_does_not_make_old_data_fresh(pipeline):
    report = pipeline.run(open_telemetry({}, pipeline.root)).document.as_json()
    found = list(lines_of(report, environment="test", daily=False))
    assert "FreshnessSeconds" not in metrics(found, **RUN)
    assert metrics(found, **RUN)["RunsSucceeded"] == 1


def test_a_run_with_nothing_new_is_counted_and_is_fresh(pipeline):
    measured(pipeline)
    _, found = measured(pipeline)
    run = metrics(found, **RUN)
    assert (len(found), run["RunsSkipped"], run["RunsSucceeded"]) == (1, 1, 0)
    assert run["FreshnessSeconds"] < 60


def test_what_a_run_cost_is_told_where_it_is_known(pipeline):
    costs = []

    def cost(report):
        costs.append(report["run_id"])
        return 0.0125

    result, found = measured(pipeline, cost)
    assert metrics(found, **RUN)["CostUSD"] == 0.0125
    assert costs == [result.document.run_id]
    assert "CostUSD" not in metrics(measured(pipeline, full_refresh=True)[1], **RUN)


def test_what_a_run_cost_is_held_against_the_middle_one_of_those_before(pipeline):
    report = pipeline.run(open_telemetry({}, pipeline.root)).document.as_json()

    def ratio(*costs):
        found = list(lines_of(report, environment="test", cost=0.6, costs=costs))
        return metrics(found, **RUN).get("CostRatio")

    assert ratio(0.1, 0.3, 9, 0.2, 0.2) == 3
    assert ratio(0.1, 0.3, 9, 0.2) is None  # of too few nothing is usual
    assert ratio(0, 0, 0, 0, 0) is None


def test_what_the_watch_saw_is_a_line_of_its_own():
    out = io.StringIO()
    telemetry = open_in_function({"PENSTOCK_ENVIRONMENT": "test"}, Path(), out)
    telemetry.event("looked", pipeline="shop", fresh=7200.5, running=0.0)
    telemetry.close()
    (line,) = [json.loads(text) for text in out.getvalue().splitlines()]
    check_emf(line)
    seen = metrics([line], pipeline="shop", environment="test")
    assert seen == {"FreshnessSeconds": 7200.5, "RunningSeconds": 0}


def test_more_than_a_hundred_metrics_are_several_lines(pipeline):
    report = pipeline.run(open_telemetry({}, pipeline.root)).document.as_json()
    report["kpis"] = [{"name": f"k{i}", "value": i, "unit": "percent"} for i in range(250)]
    report["kpis"] += [{"name": "none", "value": None, "unit": None}]
    report["kpis"] += [{"name": "dollars", "value": 2.5, "unit": "USD"}]
    found = list(lines_of(report, environment="test"))
    for line in found:
        check_emf(line)
    run = metrics(found, **RUN)
    assert [run[f"Kpi.k{i}"] for i in (0, 99, 100, 249)] == [0, 99, 100, 249]
    assert "Kpi.none" not in run
    units = {
        m["Name"]: m["Unit"] for x in found for m in x["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert (units["Kpi.k1"], units["Kpi.dollars"]) == ("Percent", "None")


def test_locally_metrics_are_a_file_of_the_run_when_asked_for(pipeline):
    telemetry = open_telemetry({"PENSTOCK_METRICS": "emf"}, pipeline.root)
    result = pipeline.run(telemetry)
    telemetry.close()
    file = pipeline.root / ".penstock" / "runs" / result.document.run_id / "metrics.ndjson"
    found = [json.loads(line) for line in file.read_text().splitlines()]
    for line in found:
        check_emf(line)
    assert metrics(found, pipeline="shop", environment="local")["RunsSucceeded"] == 1
    with pytest.raises(UsageError, match="`emf` or `none`, not `statsd`"):
        open_telemetry({"PENSTOCK_METRICS": "statsd"}, pipeline.root)


def test_a_function_may_be_told_to_write_no_metrics(pipeline):
    out = io.StringIO()
    pipeline.run(open_in_function({"PENSTOCK_METRICS": "none"}, pipeline.root, out))
    assert "_aws" not in out.getvalue()


def test_the_page_names_every_metric_and_no_other(pipeline):
    text = (Path(__file__).parents[3] / "docs" / "observability.md").read_text()
    table = text.partition("| dimensions | metrics |")[2].partition("\n\n")[0]
    rows = [set(re.findall(r"`([A-Z]\w+)`", line)) for line in table.splitlines()[2:]]
    found = measured(pipeline, lambda report: 1.0)[1]
    assert rows[0] == metrics(found, **RUN).keys()
    datasets = metrics(found, **RUN, dataset="clean") | metrics(found, **RUN, dataset="orders")
    assert rows[1] == datasets.keys()
