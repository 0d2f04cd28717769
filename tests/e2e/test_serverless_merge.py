"""`mode: merge` over many functions: what slices made is merged once, by the loader."""

from __future__ import annotations

import pytest
from dying import dies
from twins import same_as_local

PIPELINE = """\
name: flights
sources:
  flights:
    connector: s3
    path: BUCKET/PREFIX/in/*.csv
    schema:
      flight: {type: integer, required: true}
      carrier: varchar
      fare: decimal(9,2)
      left: timestamptz
      day: date
      more: json
    incremental: files
transforms:
  clean:
    from: flights
    steps: [{standardize: {carrier: [trim, upper]}}]
targets:
  all: {from: clean, connector: lake, format: FORMAT, path: OUT/all, mode: merge, keys: [flight]}
  log: {from: clean, connector: lake, format: FORMAT, path: OUT/log, mode: append}
"""
HEAD = "flight,carrier,fare,left,day,more\n"
FIRST = {
    "in/a.csv": HEAD + '1, aa,1.50,2026-01-01T10:00:00Z,2026-01-01,"{""a"": 1}"\n2,bb,,,,\n',
    "in/b.csv": HEAD + "3,cc,3.50,2026-01-01T11:00:00.000001Z,2026-02-01,\n",
}
SECOND = {
    "in/c.csv": HEAD + "2,bx,2.50,,2026-01-05,\n4,dd,4.50,,,\n",
    "in/d.csv": HEAD + "3,cx,,,,[1]\n",
}


def merged(case, **more):
    """A pipeline that has run once, with the files of a second run there."""
    made = case(pipeline=PIPELINE, files=FIRST, **more)
    assert made.functions.program.slicing.source == "flights"
    assert made.functions.plan()["slices"] == 2
    made.functions.drain()
    same_as_local(made)
    for name, text in SECOND.items():
        made.put(name, text)
    return made


@pytest.mark.parametrize("form", ["delta", "iceberg"])  # the other tests have parquet
def test_the_rows_are_those_of_a_local_run(case, form):
    made = merged(case, form=form)
    assert made.functions.plan()["slices"] == 2
    made.functions.drain(1, most=3)
    latest = same_as_local(made)
    assert [r[:2] for r in made.published()["all"]] == [(1, "AA"), (2, "BX"), (3, "CX"), (4, "DD")]
    assert latest.report["targets"]["all"]["rows_loaded"] == 3
    assert made.functions.plan()["status"] == "skipped"


def test_a_key_in_two_slices_is_refused(case):
    made = merged(case)
    before = made.published()
    made.put("in/d.csv", HEAD + "4,ee,,,,\n")
    made.functions.plan()
    made.functions.drain()
    latest = made.functions.runs()[0]
    assert latest.status == "failed"
    assert latest.report["error"]["code"] == "PSK-TGT-101"
    assert "flight = 4 (2 rows)" in latest.report["error"]["message"]
    assert made.published() == before
    made.put("in/d.csv", SECOND["in/d.csv"])
    made.functions.plan()
    made.functions.drain()
    same_as_local(made)


WORKER = (("penstock.runtime.serverless.work:WorkFolder.leave", "after"),)
LOADER = (
    ("penstock.runtime.targets.lake.target:LakeTarget.stage", "after"),
    ("penstock.runtime.ledger.dynamodb:DynamoDBLedger.stage", "after"),
)


@pytest.mark.parametrize(("point", "when"), [*WORKER, *LOADER])
def test_killed_anywhere_nothing_is_lost_or_doubled(case, point, when):
    made = merged(case)
    made.functions.plan()
    tasks = made.functions.waiting()
    if (point, when) in WORKER:
        dies(made, *tasks[0], point, when)
    for each in tasks:
        assert made.functions.deliver(*each) == []
    ((which, body),) = made.functions.waiting()
    if (point, when) in LOADER:
        dies(made, which, body, point, when)
    assert made.functions.deliver(which, body) == []
    same_as_local(made)
    assert made.functions.plan()["status"] == "skipped"
