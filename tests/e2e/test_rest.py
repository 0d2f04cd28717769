"""`penstock` from an HTTP API to a lake: only what is new, secrets, rejects, replays."""

from __future__ import annotations

import json

import pytest
from werkzeug import Response

PIPELINE = """\
name: orders
sources:
  orders:
    connector: rest
    url: {url}
    records: data
    paginate: {{cursor: {{path: next, param: cursor}}}}
    auth: {{bearer: '${{secret.API}}'}}
    since: {{param: since}}
    schema: {{id: {{type: integer, required: true}}, amount: "decimal(8,2)", updated_at: timestamptz}}
    schema_evolution: ignore
    incremental: {{column: updated_at, lookback: 1 hour}}
targets:
  lake: {{from: orders, connector: lake, path: lake/orders, mode: merge, keys: [id]}}
"""
SECRET = {"PENSTOCK_SECRET_API": "t0ken"}


@pytest.fixture
def api(shop, httpserver):
    for path in (shop.root / "models").iterdir():
        path.unlink()
    shop.write("pipeline.yaml", PIPELINE.format(url=httpserver.url_for("/orders")))
    shop.rows = {i: (i * 1.25, f"2026-01-01T{i:02}:00:00Z") for i in range(1, 11)}
    shop.asked = []

    def answer(request):
        if request.headers.get("Authorization") != "Bearer t0ken":
            return Response("who?", 401)
        shop.asked.append(dict(request.args))
        since = request.args.get("since", "")
        rows = [
            {"id": i, "amount": a, "updated_at": at}
            for i, (a, at) in shop.rows.items()
            if at >= since
        ]
        start = int(request.args.get("cursor", "0"))
        more = start + 4 < len(rows)
        return Response(
            json.dumps({"data": rows[start : start + 4], "next": start + 4 if more else None})
        )

    httpserver.expect_request("/orders").respond_with_handler(answer)
    return shop


def run(shop, *args, status="succeeded"):
    done = shop("run", "--json", *args, env=SECRET)
    assert done.document["status"] == status, (done.out, done.err)
    assert "t0ken" not in done.out + done.err
    return done.document


def lake(shop, sql):
    found = shop("query", sql, "--json").document
    return [tuple(r.values()) if isinstance(r, dict) else tuple(r) for r in found["rows"]]


TOTAL = "SELECT count(*) AS n, CAST(sum(amount) AS VARCHAR) AS a FROM lake"


def test_only_what_is_new_is_asked_for(api):
    assert run(api)["datasets"]["orders"]["rows_in"] == 10
    assert lake(api, TOTAL) == [(10, "68.75")]
    api.asked.clear()
    api.rows[9] = (100, "2026-01-01T09:30:00Z")
    api.rows[11] = (1, "2026-01-01T11:00:00Z")
    report = run(api)["datasets"]["orders"]
    assert {a["since"] for a in api.asked if "since" in a} == {"2026-01-01T09:00:00Z"}
    assert report["rows_in"] == 3  # 9, 10 and 11; the server gives them, the run loop cuts
    assert lake(api, TOTAL) == [(11, "158.50")]
    assert [p.suffix for p in (api.root / ".penstock" / "landed" / "orders").glob("*/*")]


def test_a_rejected_record_is_corrected_and_replayed(api):
    api.rows[3] = ("many", "2026-01-01T03:00:00Z")
    assert run(api)["datasets"]["orders"]["rejected"] == 1
    (row,) = api("quarantine", "show", "--json").document["rows"]
    fixed = {**row, "raw": row["raw"].replace('"many"', "7.5")}
    api.write("fixed.ndjson", json.dumps(fixed) + "\n")
    done = api("quarantine", "replay", "--file", "fixed.ndjson", "--json", env=SECRET)
    assert done.code == 0, done.err
    assert lake(api, "SELECT CAST(amount AS VARCHAR) AS a FROM lake WHERE id = 3") == [("7.50",)]


def test_a_login_that_is_refused_ends_with_4(api):
    done = api("run", env={"PENSTOCK_SECRET_API": "wr0ng"})
    assert done.code == 4
    assert "PSK-SRC-122" in done.err
    assert "wr0ng" not in done.err + done.out


def test_an_error_while_it_is_asked_names_the_place_of_the_source(api, httpserver):
    run(api)
    httpserver.clear()
    httpserver.expect_request("/orders").respond_with_data("<html>log in</html>")
    error = run(api, status="failed")["error"]
    assert (error["code"], error["file"], error["line"]) == ("PSK-SRC-126", "pipeline.yaml", 3)
    assert lake(api, TOTAL) == [(10, "68.75")]
