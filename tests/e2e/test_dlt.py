"""`penstock` from a dlt resource to a lake: three runs, errors with their lines, what is told."""

from __future__ import annotations

import json

import pytest

PIPELINE = """\
name: shop
sources:
  orders:
    connector: dlt
    source: steps/shop_api.py:shop
    resource: orders
    arguments: {key: '${secret.API}'}
    schema: {id: integer, at: timestamptz, lines: "struct(sku varchar, n bigint)[]"}
    incremental: state
targets:
  lake: {from: orders, connector: lake, path: lake/orders, mode: append}
"""
MODULE = """\
import json, pathlib
import dlt

@dlt.source
def shop(key):
    if key != "t0ken":
        raise PermissionError(f"who is {key}?")

    @dlt.resource(primary_key="id")
    def orders(at=dlt.sources.incremental("at", initial_value="2026-01-01T00:00:00Z")):
        print("reading from", at.last_value)
        for row in json.loads(pathlib.Path("orders.json").read_text()):
            if row["at"] >= at.last_value:
                yield row

    @dlt.resource
    def customers():
        yield {"id": 1}

    return orders, customers
"""
SECRET = {"PENSTOCK_SECRET_API": "t0ken"}


def order(number, **more):
    lines = [{"sku": f"s{n}", "n": n} for n in range(number % 3)]
    return {"id": number, "at": f"2026-01-{number // 2 + 1:02}T00:00:00Z", "lines": lines, **more}


@pytest.fixture
def api(shop):
    for path in (shop.root / "models").iterdir():
        path.unlink()
    shop.write("pipeline.yaml", PIPELINE)
    shop.write("steps/shop_api.py", MODULE)
    shop.write("orders.json", json.dumps([order(i) for i in range(1, 6)]))
    return shop


def run(shop, *args, status="succeeded"):
    done = shop("run", "--json", *args, env=SECRET)
    assert done.document["status"] == status, (done.out, done.err)
    assert "t0ken" not in done.out + done.err
    return done.document


def lake(shop, sql="SELECT count(*) AS n, sum(id) AS s FROM lake"):
    found = shop("query", sql, "--json").document
    return [tuple(r.values()) if isinstance(r, dict) else tuple(r) for r in found["rows"]]


def test_three_runs_give_each_order_once(api):
    assert run(api)["datasets"]["orders"]["rows_in"] == 5
    assert lake(api) == [(5, 15)]
    run(api, status="skipped")
    api.write("orders.json", json.dumps([order(i) for i in range(1, 9)]))
    report = run(api)["datasets"]["orders"]
    assert report["rows_in"] == 3  # not the one at the edge again
    assert lake(api) == [(8, 36)]
    run(api, status="skipped")
    lines = "SELECT sum(len(lines)) AS n FROM lake"  # nested, in the table itself
    assert lake(api, lines) == [(sum(i % 3 for i in range(1, 9)),)]
    assert run(api, "--full-refresh")["datasets"]["orders"]["rows_in"] == 8
    assert lake(api) == [(8, 36)]
    run(api, status="skipped")


def test_a_new_key_is_taken_up_and_a_bad_record_is_held(api):
    run(api)
    rows = [order(i) for i in range(1, 6)] + [order(6, coupon="x"), order(7, id="seven")]
    api.write("orders.json", json.dumps(rows))
    first = api("run", "--json", env=SECRET).document
    if first["status"] == "failed":  # the key came after the Program was compiled
        assert first["error"]["code"] == "PSK-SRC-072"
        first = run(api)
    assert first["datasets"]["orders"]["rejected"] == 1
    assert lake(api, "SELECT coupon FROM lake WHERE id = 6") == [("x",)]
    (row,) = api("quarantine", "show", "--json").document["rows"]
    fixed = {**row, "raw": row["raw"].replace('"seven"', "7")}
    api.write("fixed.ndjson", json.dumps(fixed) + "\n")
    done = api("quarantine", "replay", "--file", "fixed.ndjson", "--json", env=SECRET)
    assert done.code == 0, done.err
    assert lake(api) == [(7, 28)]


def test_what_the_resource_raises_is_told_at_its_line(api):
    run(api)
    api.edit("            if row", "            row['no']\n            if row", "steps/shop_api.py")
    error = run(api, status="failed")["error"]
    assert error["code"] == "PSK-SRC-131"
    assert "KeyError: 'no'" in error["message"]
    line = (api.root / "steps" / "shop_api.py").read_text().split("row['no']")[0].count("\n") + 1
    assert (error["file"], error["line"]) == ("steps/shop_api.py", line)
    assert lake(api) == [(5, 15)]


def test_a_secret_that_the_resource_tells_is_taken_out(api):
    done = api("run", env={"PENSTOCK_SECRET_API": "wr0ng"})
    assert done.code != 0
    assert "who is ***?" in done.err
    assert "wr0ng" not in done.err + done.out


def test_discover_records_the_schema(api):
    api.edit(
        '    schema: {id: integer, at: timestamptz, lines: "struct(sku varchar, n bigint)[]"}\n', ""
    )
    done = api("discover", env=SECRET)
    assert done.code == 0, done.err
    recorded = (api.root / "schemas" / "orders.yaml").read_text()
    assert "struct(sku varchar, n bigint)[]" in recorded


def test_a_resource_that_remembers_and_may_not_is_told(api):
    api.edit("    incremental: state\n", "")
    api.edit("mode: append", "mode: overwrite")
    notes = run(api).get("notes") or []
    assert any("incremental: state" in note for note in notes), notes
    run(api, status="skipped")


def test_going_on_does_not_go_with_overwriting(api):
    api.edit("mode: append", "mode: overwrite")
    done = api("validate", "--json", env=SECRET)
    assert done.code == 3
    assert "PSK-TGT-030" in done.codes


def test_another_way_to_go_on_needs_a_full_refresh(api):
    run(api)
    api.edit("    incremental: state", "    incremental: {column: at}")
    assert run(api, status="failed")["error"]["code"] == "PSK-RUN-030"
    run(api, "--full-refresh")
    api.edit("    incremental: {column: at}", "    incremental: state")
    assert run(api, status="failed")["error"]["code"] == "PSK-RUN-030"
