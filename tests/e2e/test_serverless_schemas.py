"""Schemas that change while a pipeline is deployed: the planner compiles it anew, or the run stops."""

from __future__ import annotations

import json

import pytest
from dying import a_minute_passes, dies
from twins import same_as_local

from penstock.errors import RunError
from penstock.runtime.serverless import schemas
from penstock.runtime.sources.s3 import glancing

PIPELINE = """\
name: flights
variables: {most: 100}
sources:
  flights:
    connector: s3
    path: BUCKET/PREFIX/in/*.SUFFIX
    schema: {carrier: varchar, flight: smallint, delay: integer}
    schema_evolution: RULE
    incremental: files
transforms:
  clean:
    from: flights
    steps:
      - standardize: {carrier: [trim, upper]}
      - filter: delay < $most
quality:
  clean:
    warn: ['IsComplete "carrier"']
targets:
  all: {from: clean, connector: lake, format: FORMAT, path: OUT/all, mode: append}
"""
FIRST = {
    "in/a.csv": "carrier,flight,delay\n aa,1,3\n",
    "in/b.csv": "carrier,flight,delay\nbb,2,4\n",
}
MORE = "carrier,flight,delay,note\ncc,3,5,late\n"
WIDE = "carrier,flight,delay\ndd,70000,6\n"
BOTH = "delay,carrier,flight,note\n7,ee,80000,snow\n"


def deployed(case, rule, *, suffix="csv", files=FIRST, **more):
    """A pipeline that has run once."""
    text = PIPELINE.replace("RULE", rule).replace("SUFFIX", suffix)
    made = case(pipeline=text, files=files, **more)
    made.functions.plan()
    made.functions.drain()
    same_as_local(made)
    return made


def trail(made):
    ledger = made.functions.ledger()
    found = [e.detail for e in ledger.audit() if e.action == "schema.changed"]
    assert ledger.verify_audit() == []
    ledger.close()
    return [(d["column"], d["change"], d["to"], d["program"]) for d in found]


def kept(made):
    """Digests of the Programs that lie beside the build's."""
    names = [e.path for e in made.functions.store.list() if e.path.count("/") == 0]
    return {n.removesuffix(".json") for n in names if len(n) == 69}


def by_name(made):
    """The target's rows here and locally."""
    mine, local = made.published_by_name()
    return mine["all"], local["all"]


def test_a_new_column_between_two_runs(case):
    made = deployed(case, "add")
    before = made.functions.program.digest
    made.put("in/c.csv", MORE)
    made.put("in/d.csv", "carrier,flight,delay\ndd,4,6\n")
    assert made.functions.plan()["slices"] == 2
    (digest,) = kept(made)
    assert trail(made) == [("note", "added", "varchar", f"sha256:{digest}")]
    made.functions.drain()
    latest = made.functions.runs()[0]
    assert (latest.status, latest.program) == ("succeeded", f"sha256:{digest}")
    assert latest.program != before
    assert [c["column"] for c in latest.report["schema_changes"]] == ["note"]
    mine, local = by_name(made)
    assert mine == local
    assert sorted(r["note"] or "" for r in mine) == ["", "", "", "late"]
    assert made.functions.plan()["status"] == "skipped"
    # It stays: a file without the column, and one with it, change nothing.
    made.put("in/e.csv", "carrier,flight,delay\nff,5,6\n")
    made.put("in/f.csv", MORE)
    made.functions.plan()
    made.functions.drain()
    mine, local = by_name(made)
    assert mine == local
    assert len(trail(made)) == 1
    assert kept(made) == {digest}
    assert made.functions.runs()[0].program == f"sha256:{digest}"


@pytest.mark.parametrize("form", ["delta", "iceberg"])  # the other tests have parquet
def test_a_wider_type_and_a_new_column_in_one_file_of_several(case, form):
    made = deployed(case, "widen", form=form)
    made.put("in/c.csv", "carrier,flight,delay\ncc,3,5\n")
    made.put("in/d.csv", BOTH)
    made.functions.plan()
    (digest,) = kept(made)
    digest = f"sha256:{digest}"
    assert sorted(trail(made)) == [
        ("carrier", "reordered", "2", digest),
        ("flight", "widened", "integer", digest),
        ("note", "added", "varchar", digest),
    ]
    made.functions.drain()
    mine, local = by_name(made)
    assert mine == local
    assert made.functions.runs()[0].report["datasets"]["flights"]["rejected"] == 0
    assert {"carrier": "EE", "flight": 80000, "delay": 7, "note": "snow"} in mine


def test_a_wider_type_that_is_not_taken_up_sets_rows_aside(case):
    made = deployed(case, "add")
    made.put("in/c.csv", WIDE)
    made.functions.plan()
    made.functions.drain()
    assert kept(made) == set()
    assert made.functions.runs()[0].report["datasets"]["flights"]["rejected"] == 1
    mine, local = by_name(made)
    assert mine == local


def test_under_strict_the_run_stops_and_names_file_and_column(case):
    made = deployed(case, "strict")
    before = made.published()
    made.put("in/c.csv", MORE)
    made.functions.plan()
    made.functions.drain(2, most=2)
    latest = made.functions.runs()[0]
    assert latest.status == "failed"
    assert "in/c.csv" in latest.report["error"]["message"]
    assert "note" in latest.report["error"]["message"]
    assert made.published() == before
    assert kept(made) == set()
    made.put("in/c.csv", "carrier,flight,delay\ncc,3,5\n")  # its writer has mended it
    made.functions.plan()
    made.functions.drain()
    mine, local = by_name(made)
    assert mine == local
    assert len(mine) == 3


def test_under_ignore_a_column_is_left_out_and_told(case):
    made = deployed(case, "ignore")
    made.put("in/c.csv", MORE)
    made.functions.plan()
    made.functions.drain()
    assert kept(made) == set()
    assert trail(made) == [("note", "ignored", "varchar", made.functions.program.digest)]
    report = made.functions.runs()[0].report
    assert [(c["column"], c["change"]) for c in report["schema_changes"]] == [("note", "ignored")]
    mine, local = by_name(made)
    assert mine == local


def test_a_definition_that_does_not_compile_any_more_begins_no_run(case):
    made = deployed(case, "add")
    package = made.functions.folder.with_name("package") / "pipeline" / "pipeline.yaml"
    package.write_text(package.read_text().replace("filter: delay", "filter: deley"))
    made.put("in/c.csv", MORE)
    made.functions.use()
    with pytest.raises(Exception, match="note") as told:
        made.functions.plan()
    assert told.value.code == "PSK-FN-008"
    assert "deley" in told.value.message
    assert len(made.functions.runs()) == 1
    assert (trail(made), kept(made)) == ([], set())


STEPS = (
    ("penstock.runtime.ledger.dynamodb:DynamoDBLedger.append_audit", "after"),  # the first of 3
    ("penstock.runtime.serverless.programs:make_current", "after"),
)


@pytest.mark.parametrize(("point", "when"), STEPS)
def test_a_planner_killed_while_it_takes_a_schema_up_is_gone_on_with(case, point, when):
    made = deployed(case, "widen")
    made.put("in/c.csv", BOTH)
    made.put("in/d.csv", MORE)
    dies(made, "plan", "", point, when)
    assert a_minute_passes(made)
    assert made.functions.plan()["status"] == "planned"
    made.functions.drain(most=2)
    mine, local = by_name(made)
    assert mine == local
    (digest,) = kept(made)
    assert made.functions.runs()[0].program == f"sha256:{digest}"
    told = trail(made)
    assert len(told) == len(set(told)) == 3
    assert len(made.functions.runs()) == 2


def test_a_run_of_another_build_is_not_gone_on_with(case):
    """Its Program lies there still, but the functions' code and steps are others."""
    made = deployed(case, "add")
    made.put("in/c.csv", MORE)
    made.functions.plan()
    program = made.compile("s3://acme-lake/elsewhere/out", "functions")
    made.functions.store.put("program.json", json.dumps(program.as_json()).encode())
    made.functions.use()
    made.functions.drain()
    latest = made.functions.runs()[0]
    assert latest.status == "failed"
    assert latest.report["error"]["code"] == "PSK-FN-005"


def test_more_than_a_planner_can_look_at_ends_the_planning_in_words(case, monkeypatch):
    made = deployed(case, "widen")
    made.put("in/c.csv", MORE)
    monkeypatch.setattr(schemas, "MOST_LOOKED_AT", 30)
    with pytest.raises(RunError) as told:
        made.functions.plan()
    assert told.value.code == "PSK-FN-010"
    assert "1 files that have to be looked at whole" in told.value.message
    assert "`ignore`" in told.value.hint
    assert len(made.functions.runs()) == 1


def test_of_what_tells_its_columns_by_a_part_any_size_will_do(case, monkeypatch):
    made = deployed(case, "add")
    made.put("in/c.csv", MORE)
    monkeypatch.setattr(schemas, "MOST_LOOKED_AT", 30)
    monkeypatch.setattr(glancing, "ENOUGH", 30)
    assert made.functions.plan()["status"] == "planned"
    made.functions.drain()
    assert by_name(made)[0] == by_name(made)[1]
