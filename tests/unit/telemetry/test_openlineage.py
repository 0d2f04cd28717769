"""OpenLineage events: kept to the published schemas, taken by the published client."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from uuid import uuid4

import attr
import pytest
from telemetry import check_lineage, receiver

from penstock.errors import UsageError
from penstock.runtime.plan import Span
from penstock.runtime.telemetry.opening import open_in_function, open_telemetry
from penstock.runtime.telemetry.openlineage import run_uuid

BY_TIME = """\
name: shop
sources:
  orders:
    connector: file
    path: data/orders.csv
    schema: {id: integer, customer: varchar, amount: integer, at: timestamp}
    incremental: {column: at}
transforms:
  clean: {from: orders, steps: [filter: amount > 0]}
targets:
  clean_lake: {from: clean, connector: lake, path: lake/clean, mode: merge, keys: [id]}
"""


def told(pipeline, environment=None, **options):
    """The result of a run, and its events, each held against its schemas."""
    environment = {"PENSTOCK_LINEAGE": "file", **(environment or {})}
    telemetry = open_telemetry(environment, pipeline.root)
    result = pipeline.run(telemetry, **options)
    telemetry.close()
    return result, events_of(pipeline, result)


def events_of(pipeline, result):
    file = pipeline.root / ".penstock" / "runs" / result.document.run_id / "lineage.ndjson"
    found = [json.loads(line) for line in file.read_text().splitlines()]
    for event in found:
        check_lineage(event)
        assert len({e["run"]["runId"] for e in found}) == 1
    return found


def test_a_run_begins_and_is_complete(pipeline):
    result, (start, end) = told(pipeline)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["eventTime"] == result.document.started_at < end["eventTime"]
    assert end["run"]["runId"] == run_uuid("shop", result.document.run_id, 1)
    assert (end["job"]["namespace"], end["job"]["name"]) == ("penstock", "shop")
    (orders,) = end["inputs"]
    (lake,) = end["outputs"]
    assert (orders["namespace"], orders["name"]) == ("file", f"{pipeline.root}/data/orders.csv")
    assert lake["name"] == f"{pipeline.root}/lake/totals"
    assert [f["name"] for f in lake["facets"]["schema"]["fields"]] == [
        "customer",
        "spent",
        "orders",
    ]
    assert lake["facets"]["dataSource"]["uri"] == f"file://{pipeline.root}/lake/totals"
    done = result.document.targets["totals_lake"]
    assert lake["facets"]["version"]["datasetVersion"] == done["version"]
    statistics = lake["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"]) == (done["rows_loaded"], done["bytes"])
    assert "outputFacets" not in start["outputs"][0]


def test_columns_go_back_to_the_columns_of_sources(pipeline):
    _, (_, end) = told(pipeline)
    lineage = end["outputs"][0]["facets"]["columnLineage"]["fields"]
    orders = end["inputs"][0]

    def from_(column):
        return [(f["namespace"], f["name"], f["field"]) for f in lineage[column]["inputFields"]]

    place = (orders["namespace"], orders["name"])
    assert from_("customer") == [(*place, "customer")]
    assert from_("spent") == [(*place, "amount")]
    assert "orders" not in lineage  # count(*) comes from no column


def test_rules_are_assertions_of_what_they_were_asked_of(pipeline):
    _, (_, end) = told(pipeline)
    (source,) = end["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert source == {
        "assertion": "IsComplete", "success": False, "severity": "warn", "column": "customer",
        "name": 'orders: IsComplete "customer"',
    }  # fmt: skip
    published = end["outputs"][0]["facets"]["dataQualityAssertions"]["assertions"]
    assert [(a["assertion"], a["success"], a["severity"]) for a in published] == [
        ("IsComplete", False, "warn"),
        ("RowCount", True, "error"),
    ]


def test_a_rule_that_stops_aborts_and_says_why(pipeline):
    pipeline.edit("RowCount > 0", "RowCount > 10")
    _, (start, end) = told(pipeline)
    assert (start["eventType"], end["eventType"]) == ("START", "ABORT")
    message = end["run"]["facets"]["errorMessage"]
    assert message["message"].startswith("PSK-RUN-015: ")
    assert "RowCount > 10" in message["message"]
    assert "version" not in end["outputs"][0]["facets"]


def test_a_run_that_fails_says_so_without_a_value(pipeline):
    pipeline.edit("filter: amount > 0", "derive: {n: cast(customer as integer)}")
    result, (_, end) = told(pipeline)
    assert end["eventType"] == "FAIL"
    message = end["run"]["facets"]["errorMessage"]["message"]
    assert message.startswith(f"{result.document.error['code']}: ")
    assert "SECRETANN" not in message


def test_a_run_that_is_interrupted_is_aborted(pipeline):
    class Interrupting:
        def event(self, name, **values):
            if name == "target_started":
                raise KeyboardInterrupt

    telemetry = open_telemetry({"PENSTOCK_LINEAGE": "file"}, pipeline.root, beside=Interrupting())
    result = pipeline.run(telemetry)
    assert result.document.error["code"] == "PSK-RUN-130"
    assert [e["eventType"] for e in events_of(pipeline, result)] == ["START", "ABORT"]


def test_a_run_with_nothing_new_is_no_run(pipeline):
    told(pipeline)
    again, found = told(pipeline)
    assert again.document.status == "skipped"
    assert [e["eventType"] for e in found] == ["START", "COMPLETE"]  # of the first


def test_the_time_that_a_slice_is_of(pipeline):
    pipeline.define(BY_TIME)
    pipeline.orders(
        "id,customer,amount,at\n1,ann,3,2026-01-02T10:00:00\n2,bob,4,2026-02-02T10:00:00\n"
    )
    _, (_, first) = told(pipeline)
    assert "nominalTime" not in first["run"]["facets"]  # everything there is
    pipeline.orders("id,customer,amount,at\n3,ann,3,2026-03-02T10:00:00\n")
    _, (_, later) = told(pipeline)
    times = later["run"]["facets"]["nominalTime"]
    assert times["nominalStartTime"] == "2026-02-02T10:00:00+00:00"
    assert "nominalEndTime" not in times
    _, (_, span) = told(pipeline, span=Span("2026-03-01", "2026-04-01"))
    times = span["run"]["facets"]["nominalTime"]
    assert (times["nominalStartTime"], times["nominalEndTime"]) == (
        "2026-03-01T00:00:00+00:00",
        "2026-04-01T00:00:00+00:00",
    )


def test_whoever_started_the_run_is_its_parent(pipeline):
    run = str(uuid4())
    environment = {
        "OPENLINEAGE_PARENT_ID": f"airflow/prod/nightly.shop/{run}",
        "OPENLINEAGE_NAMESPACE": "analytics",
    }
    _, (start, end) = told(pipeline, environment)
    for event in (start, end):
        parent = event["run"]["facets"]["parent"]
        assert parent["run"]["runId"] == run
        assert (parent["job"]["namespace"], parent["job"]["name"]) == (
            "airflow/prod",
            "nightly.shop",
        )
        assert event["job"]["namespace"] == "analytics"
    _, found = told(pipeline, {"OPENLINEAGE_PARENT_ID": "no/such/form"}, full_refresh=True)
    assert "parent" not in found[0]["run"]["facets"]


def test_events_are_posted_in_order_with_the_key(pipeline):
    with receiver() as server:
        _, found = told(
            pipeline, {"OPENLINEAGE_URL": f"{server.url}/", "OPENLINEAGE_API_KEY": "k-1"}
        )
        posted = [json.loads(body) for _, _, body in server.requests]
        path, headers, _ = server.requests[0]
    assert posted == found
    assert path == "/api/v1/lineage"
    assert headers["authorization"] == "Bearer k-1"
    assert headers["content-type"] == "application/json"


def test_a_server_that_refuses_hangs_or_is_away_ends_no_run(pipeline, monkeypatch):
    monkeypatch.setattr("penstock.runtime.telemetry.lineage.TIMEOUT_SECONDS", 0.5)
    gone = threading.Event()
    with receiver(lambda path: 500) as server:
        assert told(pipeline, {"OPENLINEAGE_URL": server.url})[0].document.status == "succeeded"
    with receiver(lambda path: gone.wait(20) or 200) as server:
        clock = time.monotonic()
        result, found = told(pipeline, {"OPENLINEAGE_URL": server.url}, full_refresh=True)
        assert time.monotonic() - clock < 8
        gone.set()
    assert result.document.status == "succeeded"
    assert [e["eventType"] for e in found] == ["START", "COMPLETE"]  # the file has them
    result, _ = told(pipeline, {"OPENLINEAGE_URL": "http://127.0.0.1:9"}, full_refresh=True)
    assert result.document.status == "succeeded"


def test_it_can_be_turned_off_and_a_wrong_address_is_told(pipeline):
    with receiver() as server:
        telemetry = open_telemetry(
            {"OPENLINEAGE_URL": server.url, "OPENLINEAGE_DISABLED": "true"}, pipeline.root
        )
        pipeline.run(telemetry)
        telemetry.close()
        assert not server.requests

    texts = []

    class Heard:
        def event(self, name, **values):
            texts.append(values["text"])

    with pytest.raises(UsageError, match="`file` or `none`, not `yes`"):
        open_telemetry({"PENSTOCK_LINEAGE": "yes"}, pipeline.root)
    open_telemetry({"OPENLINEAGE_URL": "file:///etc"}, pipeline.root, beside=Heard())
    assert texts == ["no lineage: OPENLINEAGE_URL is no http address"]


def test_a_loader_ends_what_a_planner_began(pipeline):
    """Two functions: each tells its part, of one run."""
    with receiver() as server, Path(os.devnull).open("w") as out:
        environment = {"OPENLINEAGE_URL": server.url}
        result = pipeline.run(open_telemetry({}, pipeline.root))
        planner = open_in_function(environment, pipeline.root, out)
        with planner.about(request_id="r-1"):
            planner.event(
                "run_started", pipeline="shop", run_id="r", attempt=1, document=result.document
            )
        loader = open_in_function(environment, pipeline.root, out)
        with loader.about(request_id="r-2"):
            loader.event("run_finished", status="succeeded", document=result.document)
        posted = [json.loads(body) for _, _, body in server.requests]
    assert [e["eventType"] for e in posted] == ["START", "COMPLETE"]
    assert posted[0]["run"]["runId"] == posted[1]["run"]["runId"]


CLIENT = {
    "columnLineage": "column_lineage_dataset.ColumnLineageDatasetFacet",
    "dataQualityAssertions": "data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet",
    "dataSource": "datasource_dataset.DatasourceDatasetFacet",
    "errorMessage": "error_message_run.ErrorMessageRunFacet",
    "jobType": "job_type_job.JobTypeJobFacet",
    "nominalTime": "nominal_time_run.NominalTimeRunFacet",
    "outputStatistics": "output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet",
    "parent": "parent_run.ParentRunFacet",
    "processing_engine": "processing_engine_run.ProcessingEngineRunFacet",
    "schema": "schema_dataset.SchemaDatasetFacet",
    "version": "dataset_version_dataset.DatasetVersionDatasetFacet",
}


def test_the_published_client_knows_every_field(pipeline):
    """Its classes are generated from the schemas, and take no field that is not there."""
    from openlineage.client import event_v2, facet_v2

    pipeline.edit("RowCount > 0", "RowCount > 10")
    parent = {"OPENLINEAGE_PARENT_ID": f"airflow/nightly/{uuid4()}"}
    stopped = told(pipeline, parent)[1]
    pipeline.edit("RowCount > 10", "RowCount > 0")
    met = set()
    for event in [*stopped, *told(pipeline)[1]]:
        made = event_v2.RunEvent(
            eventTime=event["eventTime"],
            producer=event["producer"],
            eventType=event_v2.RunState[event["eventType"]],
            run=event_v2.Run(event["run"]["runId"]),
            job=event_v2.Job(event["job"]["namespace"], event["job"]["name"]),
        )
        assert made.schemaURL == event["schemaURL"]
        every = [event["run"]["facets"], event["job"]["facets"]]
        for dataset in event["inputs"] + event["outputs"]:
            every += [dataset.get(k, {}) for k in ("facets", "inputFacets", "outputFacets")]
        for facets in every:
            for name, facet in facets.items():
                met.add(name)
                module, _, kind = CLIENT[name].partition(".")
                _take(getattr(getattr(facet_v2, module), kind), module, facet, facet_v2)
    assert met == CLIENT.keys() - {"nominalTime"}


def _take(kind, module, content, facet_v2):
    """Build the client's object of a facet, and of the parts that have classes of their own."""
    plain = {k: v for k, v in content.items() if not k.startswith("_")}
    known = {a.name for a in attr.fields(kind)}
    assert plain.keys() <= known, kind
    parts = {"assertions": "Assertion", "inputFields": "InputField"}
    home = getattr(facet_v2, module)
    for key, value in plain.items():
        if key == "fields" and isinstance(value, dict):
            for each in value.values():
                _take(home.Fields, module, each, facet_v2)
        elif key == "fields":
            for each in value:
                _take(home.SchemaDatasetFacetFields, module, each, facet_v2)
        elif key in parts:
            for each in value:
                _take(getattr(home, parts[key]), module, each, facet_v2)
    kind(**plain)
