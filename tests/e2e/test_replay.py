"""Quarantined rows sent through the pipeline again: as they are, after a rule changed, corrected."""

from __future__ import annotations

import csv
import io
import json

import pytest

PIPELINE = """\
name: ship
sources:
  orders:
    connector: file
    path: data/orders*.csv
    incremental: files
    schema: {id: integer, customer: varchar, amount: "decimal(10,2)", at: timestamptz}
  customers:
    connector: file
    path: data/customers.csv
    schema: {customer: varchar, name: varchar}
transforms:
  clean:
    from: orders
    steps:
      - standardize: {customer: [trim, upper]}
      - filter: amount <> 0
      - lookup: {from: customers, on: {customer: customer}, take: {name: name}, missing: keep}
  totals: models/totals.sql
quality:
  clean:
    quarantine:
      - IsComplete "customer"
      - ColumnValues "amount" > 0
    stop:
      - RowCount > 1
targets:
  clean_lake: {from: clean, connector: lake, path: lake/clean, mode: append}
"""
TOTALS = "SELECT customer, count(*) AS n, sum(amount) AS amount FROM clean GROUP BY customer\n"
ORDERS = """\
id,customer,amount,at
1, ann ,10.50,2026-01-01T10:00:00Z
2,bob,3.25,2026-01-02T10:00:00Z
3,,7.10,2026-01-03T10:00:00Z
4,bob,-1.00,2026-01-03T11:00:00Z
4,bob,-1.00,2026-01-03T11:00:00Z
five,"b,ob",5.00,2026-01-03T11:00:00Z
"""
CUSTOMERS = "customer,name\nANN,Ann Lee\nBOB,Bob Roe\n"
TOTALS_TARGET = "  totals_csv: {from: totals, connector: file, path: out/totals.csv}\n"


@pytest.fixture
def ship(shop):
    """A pipeline that appends row by row, after a run that held four of six records."""
    shop.write("pipeline.yaml", PIPELINE)
    shop.write("models/totals.sql", TOTALS)
    shop.write("data/orders.csv", ORDERS)
    shop.write("data/customers.csv", CUSTOMERS)
    return shop


def rows(shop, sql="SELECT id, customer, name, amount FROM clean_lake ORDER BY id"):
    return shop("query", sql, "--json").document["rows"]


def ids(shop):
    return [r["id"] for r in rows(shop)]


def audited(shop):
    return shop("audit", "--json").document["entries"]


def states(shop):
    found = shop("quarantine", "show", "--json", "--limit", "99").document["rows"]
    return sorted((r["rule"], r["state"]) for r in found)


def held(shop):
    return shop("quarantine", "show", "--state", "held", "--json").document["rows"]


def correct(shop, changes, name="fixed.ndjson"):
    """A file of the held rows, corrected: `changes` is rule → function of the exported row."""
    export = shop("quarantine", "export", "--state", "held")
    lines = []
    for line in export.out.splitlines():
        row = json.loads(line)
        if row["rule"] in changes:
            changes[row["rule"]](row)
            lines.append(row)
    if name.endswith(".csv"):
        out = io.StringIO()
        sheet = csv.DictWriter(out, list(lines[0]))
        sheet.writeheader()
        sheet.writerows(lines)
        shop.write(name, out.getvalue())
    else:
        shop.write(name, "".join(json.dumps(r) + "\n" for r in lines))
    return name


def fix_record(row):
    assert row["raw"].startswith("five,")
    row["raw"] = row["raw"].replace("five", "5")


def fix_amount(row):
    row["row"] = row["row"].replace("-1.00", "1.00").replace("-1.0", "1.00")


def test_only_the_held_rows_flow_and_twice_changes_nothing(ship):
    assert ship("run").code == 0
    assert ids(ship) == [1, 2]
    before = rows(ship)
    failed = ship("quarantine", "replay", "--json")
    assert failed.code == 0, failed.out
    assert rows(ship) == before  # unchanged, all four fail again
    assert len(held(ship)) == 4

    name = correct(ship, {"parse error": fix_record, 'ColumnValues "amount" > 0': fix_amount})
    done = ship("quarantine", "replay", "--file", name, "--json")
    assert done.code == 0, done.out
    report = done.document
    assert report["status"] == "succeeded"
    orders, clean = report["datasets"]["orders"], report["datasets"]["clean"]
    assert (orders["rows_in"], orders["replayed"], orders["rows_out"]) == (1, 1, 1)
    assert (clean["rows_in"], clean["replayed"], clean["rows_out"]) == (3, 2, 3)
    assert report["targets"]["clean_lake"]["rows_loaded"] == 3
    assert ids(ship) == [1, 2, 4, 4, 5]
    assert rows(ship)[-1] == {"id": 5, "customer": "B,OB", "name": None, "amount": 5}
    assert rows(ship)[2] == {"id": 4, "customer": "BOB", "name": "Bob Roe", "amount": 1}

    again = ship("quarantine", "replay", "--file", name, "--json").document
    assert again["status"] == "skipped"
    assert ids(ship) == [1, 2, 4, 4, 5]
    assert [s for _, s in states(ship)].count("replayed") == 3
    assert ship("run", "--json").document["status"] == "skipped"
    assert ids(ship) == [1, 2, 4, 4, 5]
    assert ship("audit", "verify").code == 0
    actions = [e["action"] for e in audited(ship)]
    assert actions.count("quarantine.replayed") == 1


def test_a_rule_that_changed_lets_rows_through_by_rule_run_or_key(ship):
    assert ship("run").code == 0
    (run,) = {r["run_id"] for r in held(ship)}
    key = next(r["replay_key"] for r in held(ship) if "amount" in r["rule"])
    ship.edit('- ColumnValues "amount" > 0', '- ColumnValues "amount" > -5')
    assert ship("quarantine", "replay", "--key", key).code == 0
    assert ids(ship) == [1, 2, 4]
    assert ship("quarantine", "replay", "--rule", 'ColumnValues "amount" > 0').code == 0
    assert ids(ship) == [1, 2, 4, 4]
    ship.edit("    schema: {id: integer", "    schema: {id: varchar")
    assert ship("quarantine", "replay", "--run", run, "--rule", "parse error").code != 0
    ship.edit("    schema: {id: varchar", "    schema: {id: integer")
    assert len(held(ship)) == 2


def test_equal_rows_of_another_file_are_other_rows(ship):
    assert ship("run").code == 0
    name = correct(ship, {'ColumnValues "amount" > 0': fix_amount})
    assert ship("quarantine", "replay", "--file", name).code == 0
    ship.write("data/orders2.csv", ORDERS.replace("five", "six"))
    assert ship("run").code == 0
    assert [r["rule"] for r in held(ship)].count('ColumnValues "amount" > 0') == 2


def test_a_full_refresh_does_not_lose_corrections(ship):
    assert ship("run").code == 0
    fixes = {"parse error": fix_record, 'ColumnValues "amount" > 0': fix_amount}
    assert ship("quarantine", "replay", "--file", correct(ship, fixes)).code == 0
    ship.write(
        "data/orders2.csv",
        "id,customer,amount,at\n9,ann,9.00,2026-02-01T00:00:00Z\n8,ann,9.00,2026-02-01T00:00:00Z\n",
    )
    assert ship("run").code == 0
    want = [1, 2, 4, 4, 5, 8, 9]
    assert ids(ship) == want
    done = ship("run", "--full-refresh", "--json")
    assert done.code == 0, done.out
    assert ids(ship) == want
    assert done.document["datasets"]["clean"]["replayed"] == 2
    assert len(held(ship)) == 1
    assert (
        ship("quarantine", "replay", "--json").document["targets"]["clean_lake"]["rows_loaded"] == 0
    )
    assert ids(ship) == want


def test_an_overwriting_pipeline_keeps_accepted_corrections(ship):
    ship.edit("    incremental: files\n", "")
    ship.edit("mode: append", "mode: overwrite")
    ship.write("pipeline.yaml", (ship.root / "pipeline.yaml").read_text() + TOTALS_TARGET)
    assert ship("run").code == 0
    fixes = {"parse error": fix_record, 'ColumnValues "amount" > 0': fix_amount}
    assert ship("quarantine", "export", "--output", "held.csv").code == 0
    assert (ship.root / "held.csv").read_text().startswith("run_id,dataset,rule")
    name = correct(ship, fixes, "fixed.csv")
    done = ship("quarantine", "replay", "--file", name, "--json")
    assert done.code == 0, done.out
    want = [1, 2, 4, 4, 5]
    assert ids(ship) == want
    totals = (ship.root / "out/totals.csv").read_text()
    assert "BOB,3,5.25" in totals
    clean = done.document["datasets"]["clean"]
    assert (clean["replayed"], clean["rows_out"], clean["quarantined"]) == (2, 5, 3)
    assert ship("run", "--json").document["status"] == "skipped"
    # the source's file grows: what was corrected stays corrected
    ship.write("data/orders.csv", ORDERS + "7,ann,7.00,2026-03-01T00:00:00Z\n")
    ran = ship("run", "--json").document
    assert ran["status"] == "succeeded"
    assert ids(ship) == [*want, 7]
    assert [r["rule"] for r in held(ship)] == ['IsComplete "customer"']
    # the source's file is mended: its own rows count, nothing is there twice
    ship.write("data/orders.csv", ORDERS.replace("five", "5").replace("-1.00", "1.00"))
    assert ship("run").code == 0
    assert ids(ship) == want


def test_rows_and_models_go_together(ship):
    """An appending target takes the rows by themselves, and what is made of all is made again."""
    target = "  totals_lake: {from: totals, connector: lake, path: lake/t, mode: merge, keys: [customer]}\n"
    ship.write("pipeline.yaml", PIPELINE + target)
    assert ship("run").code == 0
    fixes = {"parse error": fix_record, 'ColumnValues "amount" > 0': fix_amount}
    done = ship("quarantine", "replay", "--file", correct(ship, fixes), "--json")
    assert done.code == 0, done.out
    assert ids(ship) == [1, 2, 4, 4, 5]
    totals = rows(ship, "SELECT customer, n FROM totals_lake ORDER BY customer")
    assert totals == [{"customer": c, "n": n} for c, n in (("ANN", 1), ("B,OB", 1), ("BOB", 3))]
    assert len(held(ship)) == 1


def test_an_appending_target_behind_a_model_is_refused(ship):
    ship.edit("{from: clean, connector", "{from: totals, connector")
    assert ship("run").code == 0
    refused = ship("quarantine", "replay", "--json")
    assert refused.code == 1
    assert refused.document["error"]["code"] == "PSK-RUN-040"
    assert len(held(ship)) == 4


def test_a_corrected_row_that_still_fails_stays_held_with_the_new_reason(ship):
    assert ship("run").code == 0

    def worse(row):
        row["row"] = {**json.loads(row["row"]), "amount": -9}

    def unknown(row):
        row["row"] = {**json.loads(row["row"]), "custommer": "x"}

    fixes = {'ColumnValues "amount" > 0': worse, 'IsComplete "customer"': unknown}
    done = ship("quarantine", "replay", "--file", correct(ship, fixes), "--json")
    assert done.code == 0, done.out
    reasons = sorted(r["reason"] for r in held(ship) if r["rule"] != "parse error")
    assert "corrected, and still: there is no column `custommer`" in reasons
    assert sum("corrected, and still: breaks" in r for r in reasons) == 2
    assert ids(ship) == [1, 2]


def test_discard_needs_a_reason_and_is_audited(ship):
    assert ship("run").code == 0
    assert ship("quarantine", "discard", "--rule", "parse error").code == 2
    assert ship("quarantine", "discard", "--rule", "parse error", "--reason", " ").code == 2
    assert ship("quarantine", "discard", "--reason", "all of it").code == 2
    done = ship("quarantine", "discard", "--rule", "parse error", "--reason", "a test", "--json")
    assert done.document["discarded"] == 1
    assert ("parse error", "discarded") in states(ship)
    last = audited(ship)[-1]
    assert (last["action"], last["detail"]["reason"]) == ("quarantine.discarded", "a test")
    name = correct(ship, {'ColumnValues "amount" > 0': fix_amount})
    assert ship("quarantine", "replay", "--file", name).code == 0
    assert ids(ship) == [1, 2, 4, 4]
    assert ("parse error", "discarded") in states(ship)


def test_a_file_of_corrections_that_says_nothing_is_refused(ship):
    assert ship("run").code == 0
    ship.write("a.ndjson", '{"replay_kye": "1"}\n')
    refused = ship("quarantine", "replay", "--file", "a.ndjson", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (2, "PSK-CLI-040")
    ship.write("b.ndjson", '{"replay_key": "1", "raw": "x"}\n')
    refused = ship("quarantine", "replay", "--file", "b.ndjson", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (2, "PSK-CLI-041")
