"""`penstock` from PostgreSQL to a lake: incremental, with late updates, secrets and rejects."""

from __future__ import annotations

import json

import pytest

PIPELINE = """\
name: orders
sources:
  orders:
    connector: postgres
    host: {host}
    database: {database}
    user: postgres
    password: ${{secret.DB}}
    table: sales.orders
    parallel: 2
    incremental: {{column: updated_at, lookback: 1 hour}}
targets:
  lake: {{from: orders, connector: lake, path: lake/orders, mode: merge, keys: [id]}}
"""
SECRET = {"PENSTOCK_SECRET_DB": "not-asked-for"}


@pytest.fixture
def orders(shop, database):
    for path in (shop.root / "models").iterdir():
        path.unlink()
    database("CREATE SCHEMA sales")
    database(
        "CREATE TABLE sales.orders (id bigint PRIMARY KEY, amount numeric(10,2), "
        "due date, updated_at timestamptz)"
    )
    database(
        "INSERT INTO sales.orders SELECT i, i * 1.25, DATE '2026-02-01', "
        "TIMESTAMPTZ '2026-01-01 00:00Z' + i * interval '1 minute' FROM generate_series(1, 300) AS i"
    )
    shop.write("pipeline.yaml", PIPELINE.format(host=database.folder, database=database.name))
    shop.database = database
    return shop


def run(shop, *args, status="succeeded"):
    done = shop("run", "--json", *args, env=SECRET)
    assert done.document["status"] == status, (done.out, done.err)
    assert SECRET["PENSTOCK_SECRET_DB"] not in done.out + done.err
    return done.document


def lake(shop, sql):
    found = shop("query", sql, "--json").document
    return [tuple(r.values()) if isinstance(r, dict) else tuple(r) for r in found["rows"]]


def test_incremental_with_updates_inside_the_lookback(orders):
    first = run(orders)["datasets"]["orders"]
    assert (first["rows_in"], first["rows_out"]) == (300, 300)
    run(orders, status="skipped")

    at = "TIMESTAMPTZ '2026-01-01 00:00Z' +"
    orders.database(  # late, inside the lookback; new; and late, outside it
        f"UPDATE sales.orders SET amount = 1000, updated_at = {at} interval '250 minutes' WHERE id = 10"
    )
    orders.database(f"INSERT INTO sales.orders VALUES (301, 7, NULL, {at} interval '301 minutes')")
    orders.database(
        f"UPDATE sales.orders SET amount = 2000, updated_at = {at} interval '100 minutes' WHERE id = 11"
    )
    second = run(orders)["datasets"]["orders"]
    # above 300 - 60 minutes: 241 to 300, the update, and the new one
    assert second["rows_in"] == 62
    totals = "SELECT count(*) AS n, count(DISTINCT id) AS d FROM lake"
    assert lake(orders, totals) == [(301, 301)]
    changed = (
        "SELECT id, CAST(amount AS VARCHAR) AS a FROM lake WHERE id IN (10, 11, 301) ORDER BY 1"
    )
    assert lake(orders, changed) == [(10, "1000.00"), (11, "13.75"), (301, "7.00")]

    third = run(orders, "--from", "2026-01-01T01:00", "--to", "2026-01-01T02:00")
    assert third["datasets"]["orders"]["rows_in"] == 61
    assert lake(orders, changed)[1] == (11, "2000.00")


def test_rows_without_a_value_are_told_and_rejected_ones_are_held(orders):
    orders.database(
        "INSERT INTO sales.orders VALUES (400, 1, NULL, NULL), (401, 1, 'infinity', now())"
    )
    report = run(orders)
    assert report["datasets"]["orders"]["rejected"] == 1
    assert any("no `updated_at` to go by" in note for note in report["notes"])
    held = orders("quarantine", "list", "--json").out
    assert "infinite" in orders("quarantine", "show", "--json").out, held
    orders.edit("    parallel: 2\n", "    parallel: 2\n    on_bad_record: fail\n")
    done = orders("run", "--full-refresh", env=SECRET)
    assert done.code == 1
    assert "`due` is infinite" in done.err


def test_a_rejected_row_is_corrected_and_replayed(orders):
    orders.database("INSERT INTO sales.orders VALUES (401, 1, 'infinity', '2026-01-01')")
    run(orders)
    done = orders("quarantine", "show", "--json")
    (row,) = done.document["rows"]
    fixed = row["raw"].replace("infinity", "2026-03-01")
    orders.write("fixed.ndjson", json.dumps({**row, "raw": fixed}) + "\n")
    done = orders("quarantine", "replay", "--file", "fixed.ndjson", "--json", env=SECRET)
    assert done.code == 0, done.err
    assert lake(orders, "SELECT id, CAST(due AS VARCHAR) AS due FROM lake WHERE id = 401") == [
        (401, "2026-03-01")
    ]


def test_a_column_that_is_new_is_taken_up_and_discover_records(orders):
    done = orders("discover", "--json", env=SECRET)
    assert done.code == 0, done.err
    assert "updated_at: timestamptz" in (orders.root / "schemas" / "orders.yaml").read_text()
    orders.database("ALTER TABLE sales.orders ADD COLUMN note text DEFAULT 'x'")
    report = run(orders)
    assert [c["column"] for c in report["schema_changes"]] == ["note"]
    assert lake(orders, "SELECT DISTINCT note FROM lake") == [("x",)]


def test_what_is_missing_outside_ends_with_4(orders):
    orders.edit(
        "table: sales.orders",
        "table: sales.ordres\n    schema: {id: bigint, updated_at: timestamptz}",
    )
    done = orders("run", env=SECRET)
    assert done.code == 4
    assert "PSK-SRC-103" in done.err
    assert "sales.orders" in done.err
    done = orders("run")
    assert done.code == 4
    assert "PSK-ENV-003" in done.err
