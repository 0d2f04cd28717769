"""What a source writes down when a run is planned, read by functions on other machines."""

from __future__ import annotations

import json

import pytest
from functions import named_rows
from werkzeug import Response

pytestmark = pytest.mark.evidence(
    "source:rest", "executed locally", on="S3, SQS and DynamoDB of moto"
)
PIPELINE = """\
name: delays
sources:
  flights:
    connector: rest
    url: URL
    paginate: {page: {param: page, start: 1}}
    schema: {id: integer, delay: integer}
targets:
  late: {from: flights, connector: lake, path: OUT/late, mode: overwrite}
"""
ROWS = [{"id": n, "delay": n * 10} for n in range(5)]


@pytest.fixture
def url(httpserver):
    def page(request):
        at = 2 * (int(request.args.get("page", 1)) - 1)
        return Response(json.dumps(ROWS[at : at + 2]), content_type="application/json")

    httpserver.expect_request("/flights").respond_with_handler(page)
    return httpserver.url_for("/flights")


def test_pages_are_there_for_a_worker_elsewhere(case, tmp_path, url):
    functions = case(pipeline=PIPELINE.replace("URL", url), files={}).functions
    assert functions.plan()["status"] == "planned"
    # Another machine: nothing of what the planner wrote down is on its disk.
    elsewhere = tmp_path / "elsewhere"
    functions.environment["PENSTOCK_ROOT"] = str(elsewhere)
    functions.use()
    functions.drain()
    (run,) = functions.runs()
    assert run.status == "succeeded"
    assert functions.rows("late") == [(row["id"], row["delay"]) for row in ROWS]
    landed = elsewhere / ".penstock" / "landed"
    assert not [f for f in landed.rglob("*") if f.is_file()], "what was fetched goes with it"


EVENTS = """\
name: hooks
sources:
  events:
    connector: webhook
    path: /hooks/flights
    inbox: BUCKET/PREFIX/inbox
    schema: {id: bigint, delay: "decimal(8,2)"}
targets:
  late: {from: events, connector: lake, path: OUT/late, mode: append}
"""


def test_events_of_an_inbox(case):
    made = case(pipeline=EVENTS, files={"inbox/events/1.ndjson": '{"id": 1, "delay": 2.5}\n'})
    functions = made.functions
    assert functions.plan()["status"] == "planned"
    functions.drain()
    made.put("inbox/events/2.ndjson", '{"id": 2, "delay": 1, "gate": "A1"}\n')
    assert functions.plan()["status"] == "planned"
    functions.drain()
    assert [run.status for run in functions.runs()] == ["succeeded"] * 2
    rows = named_rows(functions.program, functions.folder, "late")
    assert {row["id"]: row["gate"] for row in rows} == {1: None, 2: "A1"}
