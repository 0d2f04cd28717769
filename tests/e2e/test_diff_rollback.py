"""Versions of a published table compared, and an older one published again."""

from __future__ import annotations

import pytest

PIPELINE = """\
name: stock
sources:
  items:
    connector: file
    path: data/items.csv
    schema: {id: integer, name: varchar, price: "decimal(10,2)"}
targets:
  items_lake: {from: items, connector: lake, path: lake/items, mode: merge, keys: [id]}
  items_csv: {from: items, connector: file, path: out/items.csv}
"""
FIRST = "id,name,price\n1,bolt,1.00\n2,nut,2.00\n3,,3.00\n"
SECOND = "id,name,price\n2,nut,2.50\n3,washer,3.00\n4,screw,4.00\n"


@pytest.fixture
def stock(shop):
    shop.write("pipeline.yaml", PIPELINE)
    shop.write("data/items.csv", FIRST)
    assert shop("run").code == 0
    return shop


def second(shop):
    shop.write("data/items.csv", SECOND)
    done = shop("run", "--json")
    assert done.code == 0, done.out
    return done.document


def names(shop):
    return [
        r["name"] for r in shop("query", "FROM items_lake ORDER BY id", "--json").document["rows"]
    ]


def test_rows_added_removed_and_changed_by_key(stock):
    first = stock("runs", "show", "latest", "--json").document
    second(stock)
    found = stock("diff", "items_lake", "--json").document
    counts = {k: found[k] for k in ("rows_before", "rows_after", "added", "removed", "changed")}
    assert counts == {"rows_before": 3, "rows_after": 4, "added": 1, "removed": 0, "changed": 2}
    assert found["unchanged"] == 1
    assert found["columns"] == {"name": 1, "price": 1}
    assert found["samples"]["added"] == [{"id": 4, "name": "screw", "price": 4}]
    assert found["samples"]["changed"] == [
        {"key": {"id": 2}, "columns": {"price": [2, 2.5]}},
        {"key": {"id": 3}, "columns": {"name": [None, "washer"]}},
    ]
    # by run, the other way round, and as a table
    version = first["targets"]["items_lake"]["version"]
    turned = stock("diff", "items_lake", found["b"], first["run_id"], "--json").document
    assert (turned["b"], turned["added"], turned["removed"]) == (version, 0, 1)
    shown = stock("diff", "items_lake", first["run_id"])
    assert shown.code == 0
    assert "screw" in shown.out
    assert "price" in shown.out


def test_other_keys_and_none(stock):
    second(stock)
    whole = stock("diff", "items_lake", "--keys", "", "--json").document
    assert (whole["added"], whole["removed"], whole["changed"]) == (3, 2, 0)
    unknown = stock("diff", "items_lake", "--keys", "idd", "--json")
    assert (unknown.code, unknown.document["error"]["code"]) == (2, "PSK-CLI-043")
    assert "id" in unknown.document["error"]["hint"]
    stock.write("data/items.csv", "id,name,price\n5,nut,9.00\n")
    assert stock("run").code == 0
    repeated = stock("diff", "items_lake", "--keys", "name", "--json")
    assert (repeated.code, repeated.document["error"]["code"]) == (1, "PSK-RUN-043")


def test_what_is_no_target_or_version_is_refused(stock):
    for args, code in (
        (("diff", "item_lake"), "PSK-CLI-042"),
        (("diff", "items_lake"), "PSK-CLI-044"),
        (("rollback", "items_lake", "nothing"), "PSK-CLI-044"),
        (("rollback", "nothing", "1"), "PSK-CLI-042"),
    ):
        refused = stock(*args, "--json")
        assert (refused.code, refused.document["error"]["code"]) == (2, code)


def test_rollback_is_a_new_version_and_the_next_run_is_not_confused(stock):
    first = stock("runs", "show", "latest", "--json").document["run_id"]
    second(stock)
    assert names(stock) == ["bolt", "nut", "washer", "screw"]
    done = stock("rollback", "items_lake", first, "--reason", "a bad file", "--json")
    assert done.code == 0, done.out
    assert (done.document["changed"], done.document["rows"]) == (True, 3)
    assert names(stock) == ["bolt", "nut", None]
    again = stock("rollback", "items_lake", done.document["version"], "--json").document
    assert again["changed"] is False
    # nothing is new: the table stays rolled back, and the ledger knows its version
    assert stock("run", "--json").document["status"] == "skipped"
    assert names(stock) == ["bolt", "nut", None]
    back = stock("diff", "items_lake", "--json").document
    assert (back["b"], back["removed"], back["changed"]) == (done.document["version"], 1, 2)
    # new input is merged into what is there
    stock.write("data/items.csv", SECOND + "5,pin,5.00\n")
    assert stock("run").code == 0
    assert names(stock) == ["bolt", "nut", "washer", "screw", "pin"]
    entries = stock("audit", "--json").document["entries"]
    told = next(e for e in entries if e["action"] == "target.rollback")
    assert told["subject"] == "items_lake"
    assert told["detail"]["reason"] == "a bad file"
    assert stock("audit", "verify").code == 0


def test_a_target_without_versions_says_so(stock):
    second(stock)
    refused = stock("rollback", "items_csv", "1", "--json")
    assert refused.code != 0
    assert (stock.root / "out/items.csv").read_text().count("\n") == 4
