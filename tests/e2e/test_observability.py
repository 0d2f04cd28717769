"""The installed command with everything asked for: log, metrics, spans, lineage, and KPIs."""

from __future__ import annotations

import json
import os

import pytest
from telemetry import check_emf, check_lineage, metrics, receiver, spans

KPIS = """\
kpis:
  - {name: revenue, sql: SELECT sum(amount) AS revenue FROM clean, unit: USD}
"""
RUN = {"pipeline": "shop", "environment": "test"}


@pytest.fixture
def watched(shop, monkeypatch):
    """The shop, and a call that gives what a run told on every way."""
    shop.installed = True
    shop.write("pipeline.yaml", (shop.root / "pipeline.yaml").read_text() + KPIS)
    for name in [n for n in os.environ if n.startswith(("OTEL_", "OPENLINEAGE_", "_X_AMZN"))]:
        monkeypatch.delenv(name)

    def run(*args):
        with receiver() as collector, receiver() as catalog:
            environment = {
                "PENSTOCK_LOG_LEVEL": "DEBUG",
                "PENSTOCK_METRICS": "emf",
                "PENSTOCK_ENVIRONMENT": "test",
                "PENSTOCK_SECRET_DB": "hunter2",
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OPENLINEAGE_URL": catalog.url,
            }
            done = shop("run", "--log", "json", "--json", *args, env=environment)
            return Told(shop, done, spans(collector), catalog)

    return run


class Told:
    """What a run told, each part held against its published rules."""

    def __init__(self, shop, done, found, catalog):
        self.code, self.report = done.code, done.document
        lines = [json.loads(line) for line in done.err.splitlines()]
        self.log = [x for x in lines if "event" in x]
        self.metrics = [x for x in lines if "_aws" in x]
        assert len(lines) == len(self.log) + len(self.metrics)
        for line in self.metrics:
            check_emf(line)
        self.spans = {s.name: s for s in found}
        self.lineage = [json.loads(body) for _, _, body in catalog.requests]
        for event in self.lineage:
            check_lineage(event)
        everything = done.err + json.dumps(self.lineage)
        for value in ("ANN", "Ann Lee", "10.50", "hunter2"):  # of the rows, and the secret
            assert value not in everything
        self.folder = shop.root / ".penstock" / "runs" / self.report["run_id"]


def test_a_run_tells_the_same_on_every_way(watched):
    told = watched()
    report = told.report
    assert (told.code, report["status"]) == (0, "succeeded")
    assert report["kpis"] == [{"name": "revenue", "value": 14.5, "unit": "USD"}]
    # The log
    assert told.log[-1]["event"] == "run_finished"
    assert {x["run_id"] for x in told.log if "run_id" in x} == {report["run_id"]}
    rows = {x["dataset"]: x["rows_in"] for x in told.log if x["event"] == "dataset_finished"}
    assert rows == {name: counts["rows_in"] for name, counts in report["datasets"].items()}
    assert (told.folder / "log.ndjson").is_file()
    # The metrics
    run = metrics(told.metrics, **RUN)
    loaded = sum(t["rows_loaded"] for t in report["targets"].values())
    assert (run["RunsSucceeded"], run["RowsOut"], run["Kpi.revenue"]) == (1, loaded, 14.5)
    for name, counts in report["datasets"].items():
        found = metrics(told.metrics, **RUN, dataset=name)
        assert (found["RowsIn"], found["Seconds"]) == (counts["rows_in"], counts["seconds"])
    # The spans
    assert {
        "run shop", "plan", "extract orders", "extract customers", "transform clean",
        "check clean", "transform totals", "write clean_lake", "commit clean_lake",
        "write totals_csv", "commit totals_csv",
    } == told.spans.keys()  # fmt: skip
    assert len({s.trace for s in told.spans.values()}) == 1
    assert told.spans["run shop"].attributes["penstock.run_id"] == report["run_id"]
    # The lineage
    start, end = told.lineage
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    lake = next(o for o in end["outputs"] if o["name"].endswith("lake/clean"))
    assert lake["facets"]["version"]["datasetVersion"] == report["targets"]["clean_lake"]["version"]
    names = lake["facets"]["columnLineage"]["fields"]["name"]["inputFields"]
    assert [(f["name"].rpartition("/")[2], f["field"]) for f in names] == [
        ("customers.csv", "name")
    ]
    kept = (told.folder / "lineage.ndjson").read_text().splitlines()
    assert [json.loads(line) for line in kept] == told.lineage


def test_a_run_that_a_rule_stops_says_so_on_every_way(watched, shop):
    shop.edit("RowCount > 0", "RowCount > 100")
    told = watched()
    assert (told.code, told.report["status"]) == (1, "stopped")
    code = told.report["error"]["code"]
    assert (told.log[-1]["level"], told.log[-1]["code"]) == ("ERROR", code)
    run = metrics(told.metrics, **RUN)
    assert (run["RunsStopped"], run["RunsSucceeded"]) == (1, 0)
    assert told.spans["run shop"].failed
    assert told.spans["run shop"].attributes["error.type"] == code
    assert [e["eventType"] for e in told.lineage] == ["START", "ABORT"]
    assert told.lineage[1]["run"]["facets"]["errorMessage"]["message"].startswith(code)


def test_without_being_asked_a_run_tells_nothing_of_it(shop):
    shop.installed = True
    done = shop("run")
    assert done.code == 0
    folder = next((shop.root / ".penstock" / "runs").iterdir())
    assert not [p.name for p in folder.iterdir() if p.suffix == ".ndjson"]
    assert '"timestamp"' not in done.err


def test_a_wrong_level_is_told(shop):
    done = shop("run", "--log", "json", env={"PENSTOCK_LOG_LEVEL": "loud"})
    assert done.code == 2
    assert "PENSTOCK_LOG_LEVEL is DEBUG, INFO, WARNING, ERROR, not `LOUD`" in done.err
