"""KPIs at run time: in the report, in the log and in the metrics."""

from __future__ import annotations

import io
import json

from telemetry import check_emf, metrics

from penstock.observe.summary import summary_text
from penstock.runtime.telemetry.opening import open_in_function

KPIS = """\
kpis:
  - {name: spent, sql: "SELECT sum(spent) AS s FROM totals", unit: USD}
  - {name: valid_share, sql: "SELECT 100.0 * (SELECT count(*) FROM clean) / count(*) AS share FROM orders", unit: percent}
  - {name: youngest, sql: "SELECT max(id) AS n FROM clean WHERE id > 100"}
  - {name: broken, sql: "SELECT sum(CAST(customer AS integer)) AS n FROM clean"}
"""


def test_numbers_of_what_was_made_are_told_and_kept(pipeline):
    text = (pipeline.root / "pipeline.yaml").read_text()
    pipeline.define(text + KPIS)
    out = io.StringIO()
    result = pipeline.run(open_in_function({}, pipeline.root, out))
    report = result.document.as_json()
    assert report["status"] == "succeeded"
    assert report["kpis"] == [
        {"name": "spent", "value": 15, "unit": "USD"},
        {"name": "valid_share", "value": 50.0, "unit": "percent"},
        {"name": "youngest", "value": None, "unit": None},
        {"name": "broken", "value": None, "unit": None},
    ]
    (note,) = report["notes"]
    assert note.startswith("the KPI `broken` could not be computed: ")
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    logged = {x["kpi"]: x.get("value") for x in found if x.get("event") == "kpi"}
    assert logged == {"spent": 15, "valid_share": 50.0, "youngest": None, "broken": None}
    found = [x for x in found if "_aws" in x]
    for line in found:
        check_emf(line)
    run = metrics(found, pipeline="shop", environment="local")
    assert (run["Kpi.spent"], run["Kpi.valid_share"]) == (15, 50.0)
    assert "Kpi.broken" not in run
    told = summary_text(report)
    assert "kpi spent        15 USD" in told
    assert "kpi youngest     not known" in told


def test_a_selection_computes_what_it_makes_alone(pipeline):
    text = (pipeline.root / "pipeline.yaml").read_text()
    more = "  orders_csv: {from: orders, connector: file, path: out/orders.csv}\n"
    pipeline.define(text + more + KPIS)
    from penstock.runtime.selection import select

    kept = select(pipeline.program, ["orders_csv"])
    assert kept.kpis == ()
    assert [k.name for k in select(pipeline.program, ["totals_lake"]).kpis] == [
        "spent", "valid_share", "youngest", "broken",
    ]  # fmt: skip
