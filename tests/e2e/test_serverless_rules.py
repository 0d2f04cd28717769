"""Rules about all rows over many functions: slices count, and the sums decide as one scan would."""

from __future__ import annotations

from twins import FILES, same_as_local

PIPELINE = """\
name: flights
sources:
  flights:
    connector: s3
    path: BUCKET/PREFIX/in/*.csv
    schema: {carrier: varchar, flight: integer, dest: varchar, delay: integer}
    incremental: files
transforms:
  clean:
    from: flights
    steps: [{filter: delay < 100}]
quality:
  clean:
    quarantine: ['ColumnValues "flight" > 0']
    ACTION:
      - 'RowCount > LEAST'
      - 'Completeness "dest" > 0.7'
    warn:
      - 'Completeness "dest" > 0.9'
      - 'Completeness "carrier" > 0.5 where "delay > 5"'
      - '(RowCount > 1000) or (Completeness "dest" between 0.79 and 0.81)'
targets:
  all: {from: clean, connector: lake, format: FORMAT, path: OUT/all, mode: append}
"""
# Of 4 rows that are left one has no `dest`: all that one of the slices has.
MORE = {**FILES, "in/c.csv": "carrier,flight,dest,delay\nee,7,,8\n"}


def deployed(case, least):
    text = PIPELINE.replace("ACTION", "stop").replace("LEAST", least)
    made = case(pipeline=text, files=MORE)
    assert made.functions.plan()["slices"] == 3
    made.functions.drain(1, most=2)
    return made


def test_the_verdicts_are_those_of_a_local_run(case):
    made = deployed(case, "3")
    quality = same_as_local(made).report["quality"]
    verdicts = {q["rule"]: q["outcome"] for q in quality}
    assert verdicts['Completeness "dest" > 0.7'] == "passed"
    assert verdicts['Completeness "dest" > 0.9'] == "failed"
    rows = {"Dataset.*.RowCount": 4, "Column.dest.Completeness": 0.75}
    assert rows in [q["observed"] for q in quality]
    assert made.functions.plan()["status"] == "skipped"


def test_a_stop_rule_about_all_rows_publishes_nothing(case):
    made = deployed(case, "4")
    latest = made.functions.runs()[0]
    assert latest.status == "stopped"
    assert latest.report["error"] == made.local_error()
    assert "RowCount > 4: Dataset.*.RowCount is 4" in latest.report["error"]["message"]
    assert made.files() == set()
