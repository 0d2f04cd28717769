"""What the functions of a run tell: one trace, one lineage, metrics, and a log with their ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from functions import Context
from telemetry import check_emf, check_lineage, metrics, receiver, spans

from penstock.cost.rates import rates_of
from penstock.cost.shape import shape_of
from penstock.runtime.cost import Rates
from penstock.runtime.serverless import entry, settings
from penstock.spec import load_definition


class Invocation(Context):
    def __init__(self, number):
        super().__init__()
        self.aws_request_id = f"request-{number}"


def package(functions):
    """Where the functions' own copy of the definition lies."""
    return Path(functions.environment["LAMBDA_TASK_ROOT"]) / "pipeline"


@pytest.fixture
def opened_anew():
    entry._telemetry.cache_clear()
    yield
    entry._telemetry.cache_clear()
    entry._function.cache_clear()


def test_one_run_over_functions_is_told_as_one(case, capsys, monkeypatch, opened_anew):
    functions = case().functions
    passed, send = {}, settings.send

    def remembered(queue, *batch, trace=None):
        passed[queue] = trace  # moto's SendMessageBatch drops it (SQS does not)
        send(queue, *batch, trace=trace)

    monkeypatch.setattr(settings, "send", remembered)
    with receiver() as collector, receiver() as catalog:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OPENLINEAGE_URL", catalog.url)
        functions.use()
        entry.plan({"schema": "penstock.ask/1"}, Invocation(0))
        number = 0
        while found := functions.waiting():
            for which, body in found:
                number += 1
                record = {
                    "messageId": "m",
                    "body": body,
                    "receiptHandle": "r",
                    "eventSource": "aws:sqs",
                    "attributes": {"AWSTraceHeader": passed[functions.queues[which]]},
                }
                handler = {"tasks": entry.work, "loads": entry.load}[which]
                assert handler({"Records": [record]}, Invocation(number)) == {
                    "batchItemFailures": []
                }
        made = spans(collector)
        posted = [json.loads(body) for _, _, body in catalog.requests]
    lines = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    # One trace, from the planner through the workers to the loader
    assert len({s.trace for s in made}) == 1
    assert {"slice 0", "slice 1", "slice 2", "extract flights", "commit late"} <= {
        s.name for s in made
    }
    # One lineage, told by two functions
    for event in posted:
        check_lineage(event)
    assert [e["eventType"] for e in posted] == ["START", "COMPLETE"]
    assert len({e["run"]["runId"] for e in posted}) == 1
    # Metrics once, and a log with the ids
    emf = [x for x in lines if "_aws" in x]
    for line in emf:
        check_emf(line)
    run = metrics(emf, pipeline=functions.program.pipeline, environment="local")
    assert run["RunsSucceeded"] == 1
    (record,) = functions.runs()
    workers = record.report["workers"]
    assert workers["count"] == 3
    shape = shape_of(load_definition(package(functions)).pipeline, functions.program)
    written = sum(target["bytes"] for target in record.report["targets"].values())
    rates = Rates.from_json(rates_of("lambda", shape))
    assert run["CostUSD"] == rates.cost(
        workers=3, seconds=workers["seconds"], bytes_out=float(written)
    )
    log = [x for x in lines if "event" in x]
    assert len(log) + len(emf) == len(lines)
    assert all(x["request_id"].startswith("request-") for x in log)
    assert {x["slice"] for x in log if "slice" in x} == {0, 1, 2}
    assert len({x["run_id"] for x in log}) == 1
