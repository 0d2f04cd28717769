"""The installed command over a small pipeline: what a user sees on a good day."""

from __future__ import annotations

import csv
import gzip
import json

import pytest


@pytest.fixture
def shop(shop):
    shop.installed = True
    return shop


def test_validate_test_run_query_and_again(shop):
    checked = shop("validate", "--json")
    assert checked.code == 0, checked.out
    assert checked.document["schema"] == "penstock.diagnostics/1"
    assert checked.document["valid"] is True
    assert checked.document["engines"]["duckdb"] == {"supported": True}

    ran = shop("run", "--json")
    assert ran.code == 0, ran.out + ran.err
    report = ran.document
    assert report["schema"] == "penstock.run/1"
    assert report["status"] == "succeeded"
    assert report["attempt"] == 1
    assert report["error"] is None
    assert report["datasets"]["orders"] | {"seconds": 0, "bytes": 0} == {
        "kind": "source", "rows_in": 5, "rejected": 0, "quarantined": 0, "rows_out": 5,
        "bytes": 0, "seconds": 0,
    }  # fmt: skip
    clean = report["datasets"]["clean"]
    assert {k: clean[k] for k in ("rows_in", "filtered", "deduplicated", "quarantined")} == {
        "rows_in": 5, "filtered": 1, "deduplicated": 1, "quarantined": 1,
    }  # fmt: skip
    assert clean["rows_out"] == 2
    outcomes = {q["rule"]: (q["action"], q["outcome"], q["failed_rows"]) for q in report["quality"]}
    assert outcomes['IsComplete "customer"'] == ("quarantine", "failed", 1)
    assert outcomes["RowCount > 0"][:2] == ("stop", "passed")
    assert report["targets"]["clean_lake"]["rows_loaded"] == 2
    assert (shop.root / ".penstock" / "runs" / report["run_id"] / "report.html").is_file()

    rows = list(csv.DictReader((shop.root / "out" / "totals.csv").read_text().splitlines()))
    assert sorted((r["customer"], r["orders"], r["amount"]) for r in rows) == [
        ("ANN", "1", "10.50"),
        ("BOB", "1", "4.00"),
    ]
    asked = shop("query", "SELECT customer, name, amount FROM clean_lake ORDER BY 1", "--json")
    assert asked.document["rows"] == [
        {"customer": "ANN", "name": "Ann Lee", "amount": 10.5},
        {"customer": "BOB", "name": "Bob Roe", "amount": 4},
    ]

    again = shop("run", "--json")
    assert (again.code, again.document["status"]) == (0, "skipped")
    shown = shop("runs", "show", report["run_id"], "--json").document
    assert shown["run_id"] == report["run_id"]
    assert [r["run_id"] for r in shop("runs", "list", "--json").document["runs"]] == [
        report["run_id"]
    ]
    assert shop("audit", "verify").code == 0


def test_a_bad_record_is_quarantined_with_its_place_and_the_good_rows_are_kept(shop):
    shop.write("data/orders.csv", "id,customer,amount,at\n1,ANN,1.00,2026-01-01T00:00:00Z\n"
               "two,BOB,2.00,2026-01-01T00:00:00Z\n3,BOB,3.00,2026-01-01T00:00:00Z\n")  # fmt: skip
    report = shop("run", "--json").document
    assert report["status"] == "succeeded"
    orders = report["datasets"]["orders"]
    assert (orders["rows_in"], orders["rejected"], orders["rows_out"]) == (3, 1, 2)
    held = shop("quarantine", "show", "--json").document["rows"]
    (row,) = held
    assert (row["dataset"], row["file"], row["line"]) == ("orders", "data/orders.csv", 3)
    assert row["raw"] == "two,BOB,2.00,2026-01-01T00:00:00Z"
    assert "two" in row["reason"]
    assert row["state"] == "held"


def test_quarantined_rows_can_be_listed_and_exported(shop):
    assert shop("run").code == 0
    listed = shop("quarantine", "list", "--json").document
    assert listed["total"] == 1
    assert listed["groups"][0]["rule"] == 'IsComplete "customer"'
    done = shop("quarantine", "export", "--output", "held.ndjson")
    assert done.code == 0, done.err
    (line,) = (shop.root / "held.ndjson").read_text().splitlines()
    row = json.loads(json.loads(line)["row"])
    assert row["id"] == 3
    assert row["customer"] is None


def test_changed_input_runs_again_and_a_deleted_target_is_made_again(shop):
    assert shop("run").code == 0
    (shop.root / "out" / "totals.csv").unlink()
    assert shop("run", "--json").document["status"] == "succeeded"
    assert (shop.root / "out" / "totals.csv").is_file()
    shop.edit("7.00", "8.00", "data/orders.csv")
    assert shop("run", "--json").document["status"] == "succeeded"
    assert shop("run", "--json").document["status"] == "skipped"


def test_json_is_taken_before_and_after_the_command(shop):
    before = shop("--json", "validate").document
    after = shop("validate", "--json").document
    assert before == after


def test_variables_decide_rows(shop):
    report = shop("run", "--json", "--var", "least=5").document
    assert report["datasets"]["clean"]["filtered"] == 3
    report = shop("run", "--json", env={"PENSTOCK_VAR_LEAST": "5"}).document
    assert report["status"] == "skipped"


def test_select_publishes_only_what_was_asked_for(shop):
    report = shop("run", "--json", "--select", "totals").document
    assert set(report["targets"]) == {"totals_csv"}
    assert not (shop.root / "lake").exists()


def test_gzipped_files_and_compile_are_the_same_bytes_each_time(shop):
    packed = gzip.compress((shop.root / "data" / "orders.csv").read_bytes())
    shop.write("data/orders.csv.gz", packed)
    (shop.root / "data" / "orders.csv").unlink()
    shop.edit("orders*.csv", "orders*.csv.gz")
    assert shop("run", "--json").document["datasets"]["clean"]["rows_out"] == 2
    one = shop("compile", "--engine", "duckdb", "--json", env={"PYTHONHASHSEED": "1"})
    two = shop("compile", "--engine", "duckdb", "--json", env={"PYTHONHASHSEED": "2"})
    assert one.code == 0
    assert one.out == two.out
    assert one.document["schema"] == "penstock.program/1"
    sql = shop("compile", "--engine", "duckdb").out
    assert "totals" in sql
    assert "SELECT" in sql
