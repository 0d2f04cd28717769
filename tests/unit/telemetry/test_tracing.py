"""Spans, as an OTLP receiver gets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from telemetry import receiver, spans

from penstock.runtime.telemetry import xray
from penstock.runtime.telemetry.opening import open_in_function, open_telemetry

HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled={}"


@pytest.fixture
def asked(monkeypatch):
    """Sets the variables that ask for traces, which the SDK reads for itself."""
    for name in [n for n in os.environ if n.startswith(("OTEL_", "TRACEPARENT", "_X_AMZN"))]:
        monkeypatch.delenv(name)

    def ask(server, **more):
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, **more}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return dict(os.environ)

    return ask


def traced(pipeline, environment, **options):
    telemetry = open_telemetry(environment, pipeline.root)
    result = pipeline.run(telemetry, **options)
    telemetry.close()
    return result


def test_a_run_is_one_trace_of_what_it_did(pipeline, asked):
    with receiver() as server:
        result = traced(pipeline, asked(server))
        found = spans(server)
    by_name = {s.name: s for s in found}
    root = by_name["run shop"]
    assert {s.name: by_name_of(found, s.parent) for s in found} == {
        "run shop": None,
        "plan": "run shop",
        "extract orders": "run shop",
        "check orders": "extract orders",
        "transform clean": "run shop",
        "check clean": "transform clean",
        "transform totals": "run shop",
        "write totals_lake": "run shop",
        "commit totals_lake": "run shop",
    }
    assert {s.trace for s in found} == {root.trace}
    for span in found:
        assert root.start <= span.start <= span.end <= root.end
        assert not span.failed
    assert root.attributes["penstock.run_id"] == result.document.run_id
    assert root.attributes["penstock.status"] == "succeeded"
    assert by_name["transform clean"].attributes["penstock.rows_out"] == 2
    assert by_name["transform clean"].attributes["penstock.dataset"] == "clean"
    assert by_name["commit totals_lake"].attributes["penstock.rows_loaded"] == 2
    rules = {e["penstock.rule"]: e["penstock.outcome"] for e in by_name["check clean"].events}
    assert rules == {'IsComplete "customer"': "failed", "RowCount > 0": "passed"}
    assert root.resource["service.name"] == "penstock"
    # X-Ray takes a trace whose id begins with a time of the last 30 days.
    assert abs(int(root.trace[:8], 16) - time.time()) < 60


def by_name_of(found, span_id):
    return next((s.name for s in found if s.id == span_id), None)


def test_the_variables_of_opentelemetry_are_kept(pipeline, asked):
    with receiver() as server:
        environment = asked(
            server,
            OTEL_SERVICE_NAME="orders-service",
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test",
            OTEL_EXPORTER_OTLP_HEADERS="x-team=data",
        )
        traced(pipeline, environment)
        (found, *_) = spans(server)
        assert server.requests[0][1]["x-team"] == "data"
    assert found.resource["service.name"] == "orders-service"
    assert found.resource["deployment.environment.name"] == "test"


@pytest.mark.parametrize(
    "more", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}], ids=str
)
def test_nothing_is_sent_where_the_variables_say_so(pipeline, asked, more):
    with receiver() as server:
        traced(pipeline, asked(server, **more))
        assert not server.requests


def test_what_broke_is_marked_with_its_code_and_without_values(pipeline, asked):
    pipeline.edit("filter: amount > 0", "derive: {n: cast(customer as integer)}")
    with receiver() as server:
        result = traced(pipeline, asked(server))
        found = {s.name: s for s in spans(server)}
    code = result.document.error["code"]
    assert found["run shop"].failed
    assert found["transform clean"].failed
    assert not found["extract orders"].failed
    assert found["run shop"].attributes["error.type"] == code
    assert found["run shop"].status.startswith(f"{code}: ")
    assert "SECRETANN" not in "".join(s.status for s in found.values())


def test_a_function_goes_on_with_the_trace_of_its_invocation(pipeline, asked, tmp_path):
    header = HEADER.format(1)
    with receiver() as server, Path(os.devnull).open("w") as out:
        environment = asked(server, **{xray.VARIABLE: header})
        telemetry = open_in_function(environment, tmp_path, out)
        with telemetry.about(request_id="r-1", slice=3):
            telemetry.event("dataset_started", dataset="orders", kind="source")
            passed_on = xray.read(telemetry.trace_header())
            telemetry.event("dataset_finished", dataset="orders", rows_in=1)
        root, extract = spans(server)  # sent before the function is frozen
        # A message's own trace comes before that of the invocation.
        with telemetry.about(request_id="r-2", trace=HEADER.format(1).replace("bd86", "aaaa")):
            telemetry.event("commit_started", target="lake")
            telemetry.event("target_finished", target="lake")
        telemetry.close()
        later = spans(server)[2:]
    assert (root.name, extract.name) == ("slice 3", "extract orders")
    assert (root.trace, root.parent) == ("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
    assert passed_on == xray.Remote(root.trace, root.id, sampled=True)
    assert xray.message_attributes(xray.header(passed_on))["AWSTraceHeader"]["DataType"] == "String"
    assert root.attributes["penstock.request_id"] == "r-1"
    assert {s.trace for s in later} == {"5759e988aaaa2e3fe1be46a994272793"}


def test_a_trace_that_is_not_sampled_is_not_sent(pipeline, asked):
    with receiver() as server:
        traced(pipeline, asked(server, **{xray.VARIABLE: HEADER.format(0)}))
        assert not server.requests


def test_a_caller_may_name_the_trace(pipeline, asked):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with receiver() as server:
        traced(pipeline, asked(server, TRACEPARENT=parent))
        found = {s.name: s for s in spans(server)}
    assert found["run shop"].trace == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert found["run shop"].parent == "00f067aa0ba902b7"


def test_a_collector_that_refuses_ends_no_run_and_delays_it_little(pipeline, asked, capfd):
    with receiver(lambda path: 400) as server:
        result = traced(pipeline, asked(server))
    assert result.document.status == "succeeded"
    assert "Traceback" not in capfd.readouterr().err
    clock = time.monotonic()
    result = traced(
        pipeline, asked(server, OTEL_EXPORTER_OTLP_TIMEOUT="1"), full_refresh=True
    )  # nobody listens there now
    assert result.document.status == "succeeded"
    assert time.monotonic() - clock < 12


def test_without_the_extra_a_run_says_how_to_get_it(pipeline):
    script = (
        "import json, os, sys; from pathlib import Path\n"
        "sys.modules['opentelemetry'] = None\n"
        "from penstock.runtime.telemetry.opening import open_telemetry\n"
        "t = open_telemetry(os.environ, Path('.'), log=sys.stdout)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
        cwd=pipeline.root,
    )
    (line,) = done.stdout.splitlines()
    assert "pip install 'penstock[otel]'" in json.loads(line)["message"]


def test_each_piece_of_work_of_a_batch_is_a_span_of_its_own(asked, tmp_path):
    with receiver() as server, Path(os.devnull).open("w") as out:
        telemetry = open_in_function(asked(server), tmp_path, out)
        with telemetry.about(request_id="r-1"):
            for number in (1, 2):
                with telemetry.about(run_id="run-1", slice=number):
                    telemetry.event("dataset_started", dataset="orders", kind="source")
                    telemetry.event("dataset_finished", dataset="orders", rows_in=number)
        telemetry.close()
        found = spans(server)
    assert [s.name for s in found] == ["slice 1", "extract orders", "slice 2", "extract orders"]
    assert [s.attributes["penstock.request_id"] for s in found] == ["r-1"] * 4


def test_what_goes_to_cloudwatch_itself_is_signed(pipeline, asked, monkeypatch):
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
        ("AWS_SESSION_TOKEN", "token-1"),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ):
        monkeypatch.setenv(name, value)
    with receiver() as server:
        monkeypatch.setenv("http_proxy", server.url)  # where the name leads to, here
        environment = asked(
            server, OTEL_EXPORTER_OTLP_ENDPOINT="http://xray.eu-west-1.amazonaws.com"
        )
        traced(pipeline, environment)
        assert {s.name for s in spans(server)} >= {"run shop", "plan"}
        url, headers, body = server.requests[0]
    assert url == "http://xray.eu-west-1.amazonaws.com/v1/traces"
    assert headers["x-amz-security-token"] == "token-1"
    assert headers["authorization"] == signature(url, headers, body)


def signature(url, headers, body):
    """What botocore would send with these headers at that time."""
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest(
        "POST", url, headers={k: headers[k] for k in signed if k != "host"}, data=body
    )
    request.context["timestamp"] = headers["x-amz-date"]
    keys = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "token-1")
    auth = SigV4Auth(keys, "xray", "eu-west-1")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
        f"SignedHeaders={';'.join(signed)}, Signature={auth.signature(text, request)}"
    )
