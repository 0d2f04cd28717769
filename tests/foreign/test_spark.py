"""Tables that Penstock and Spark read and write in turn, by every format both know."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commands import forked

KINDS = {
    "append": "mode: append",
    "merge": "mode: merge, keys: [id]",
    "overwrite_partitions": "mode: overwrite_partitions",
}
PIPELINE = """\
name: events
sources:
  raw:
    connector: file
    path: data/*.csv
    incremental: files
    schema: {{id: bigint, day: date, amount: "decimal(12,2)", ratio: double, n: integer, ok: boolean,
             seen: timestamptz, name: varchar}}
transforms:
  events: models/events.sql
targets:
  lake: {{from: events, connector: lake, path: lake/events, format: {form}, {load},
         partition_by: [{by}]}}
"""
MODEL = """\
SELECT id, day, amount, ratio, n, ok, seen, name, [name, 'x'] AS tags, {'a': id, 'b': name} AS pair
FROM raw
"""
FIRST = """\
id,day,amount,ratio,n,ok,seen,name
1,2026-01-01,1.50,0.5,7,true,2026-01-01T01:00:00Z,Zoë
2,2026-01-02,-9999999999.99,1e300,-2147483648,false,1969-12-31T23:59:59.999999Z,"a ""b"", c"
3,2026-01-02,,,,,,
"""
SECOND = """\
id,day,amount,ratio,n,ok,seen,name
3,2026-01-02,3.00,3.0,3,true,2026-01-02T03:00:00Z,three
4,2026-02-03,4.00,4.0,4,true,2026-02-03T04:00:00.123456Z,four
"""
THIRD = """\
id,day,amount,ratio,n,ok,seen,name
5,2026-02-03,5.00,5.0,5,true,2026-02-03T05:00:00Z,five
"""
COLUMNS = (
    "id, cast(day AS string), cast(amount AS string), ratio, n, ok, "
    "unix_micros(seen), name, to_json(tags), to_json(pair)"
)


class Shared:
    """A pipeline, and its table as Spark knows it."""

    def __init__(self, root, spark, form, mode):
        self.root, self.spark, self.form = root, spark, form
        (root / "data").mkdir()
        (root / "models").mkdir()
        by = "month(day)" if form == "iceberg" else "day"
        (root / "pipeline.yaml").write_text(PIPELINE.format(form=form, load=KINDS[mode], by=by))
        (root / "models/events.sql").write_text(MODEL)

    def penstock(self, *args):
        done = forked(*args, folder=self.root, env=dict(os.environ))
        assert done.code == 0, done.out + done.err
        return done

    def run(self, name, text):
        (self.root / "data" / name).write_text(text)
        return self.penstock("run", "--json").document

    @property
    def table(self):
        """What Spark calls the table."""
        place = self.root / "lake/events"
        return f"delta.`{place}`" if self.form == "delta" else "penstock.lake.events"

    def ask(self, sql):
        catalog = self.root / "lake/events/_penstock/catalog.sqlite"
        return self.spark(sql, catalog if self.form == "iceberg" else None)

    def by_spark(self):
        return self.ask(f"SELECT {COLUMNS} FROM {self.table} ORDER BY id, name")

    def by_penstock(self):
        sql = (
            "SELECT id, CAST(day AS varchar) AS d, CAST(amount AS varchar) AS amount, ratio, n, ok, "
            "epoch_us(seen) AS seen, name, tags, pair FROM lake ORDER BY id, name NULLS FIRST"
        )
        found = self.penstock("query", sql, "--json").document["rows"]
        return [tuple(map(as_spark_tells, row.values())) for row in found]


def as_spark_tells(value):
    """A value as text, in Spark's way."""
    if isinstance(value, list | dict):
        kept = (
            {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        )
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return None if value is None else str(value)


@pytest.fixture
def shared(tmp_path, spark):
    return lambda form, mode: Shared(tmp_path, spark, form, mode)


@pytest.mark.parametrize("mode", KINDS)
@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_written_in_turn(shared, form, mode):
    there = shared(form, mode)
    there.run("1.csv", FIRST)
    there.run("2.csv", SECOND)
    mine = there.by_penstock()
    assert [r[0] for r in mine] == {
        "append": ["1", "2", "3", "3", "4"],
        "merge": ["1", "2", "3", "4"],
        "overwrite_partitions": ["1", "3", "4"] if form == "delta" else ["3", "4"],
    }[mode]
    assert there.by_spark() == mine

    there.ask(
        f"INSERT INTO {there.table} SELECT 90, DATE'2026-03-01', 9.00, 9.0D, 9, true, "
        "TIMESTAMP'2026-03-01T00:00:00Z', 'spark', array('s'), named_struct('a', 90L, 'b', 's')"
    )
    there.ask(f"UPDATE {there.table} SET name = 'updated' WHERE id = 4")
    there.ask(f"DELETE FROM {there.table} WHERE id = 3")
    theirs = there.by_spark()
    assert (theirs[-1][0], theirs[-2][7]) == ("90", "updated")
    assert there.by_penstock() == theirs, "Penstock reads what Spark wrote"

    noted = there.run("3.csv", THIRD)
    assert any("another program wrote" in note for note in noted["notes"]), noted["notes"]
    after = there.by_spark()
    assert after == there.by_penstock()
    kept = [r for r in theirs if mode != "overwrite_partitions" or not r[1].startswith("2026-02")]
    assert [r for r in after if r[0] != "5"] == kept, "Spark's rows are as Spark left them"
    assert "5" in [r[0] for r in after]

    there.penstock("maintain", "--keep-days", "0")
    assert there.by_spark() == after == there.by_penstock()


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_parquet_files_of_a_table(shared, mode):
    there = shared("parquet", mode)
    there.run("1.csv", FIRST)
    there.run("2.csv", SECOND)
    place = there.root / "lake/events"
    manifest = json.loads((place / "_penstock/current.json").read_text())
    parts = [place / f["path"] for f in manifest["files"]]
    rows = []
    for part in parts:
        day = part.parent.name.removeprefix("day=")
        rows += there.spark(
            f"SELECT {COLUMNS.replace('cast(day AS string)', repr(day))} FROM parquet.`{part}`"
        )
    assert sorted(rows, key=str) == sorted(there.by_penstock(), key=str)


def test_parquet_that_spark_wrote(shared, spark):
    """With Spark's own timestamps (INT96), compression and partition folders."""
    there = shared("delta", "append")
    place = there.root / "in"
    spark(
        f"CREATE TABLE parquet_of_spark USING parquet OPTIONS (path '{place}') PARTITIONED BY (day) "
        "AS SELECT id, amount, seen, name, day FROM VALUES "
        "(1L, 1.50, TIMESTAMP'2026-01-01T01:00:00Z', 'Zoë', DATE'2026-01-01'), "
        "(2L, CAST(NULL AS decimal(3,2)), TIMESTAMP'1969-12-31T23:59:59.999999Z', NULL, "
        "DATE'2026-01-02') AS t(id, amount, seen, name, day)"
    )
    assert list(Path(place).glob("day=*/*.parquet"))
    (there.root / "models/events.sql").unlink()
    (there.root / "pipeline.yaml").write_text(
        "name: events\n"
        "sources: {raw: {connector: file, path: in/*/*.parquet, format: parquet}}\n"
        "targets: {lake: {from: raw, connector: lake, path: lake/events, format: delta, "
        "mode: overwrite}}\n"
    )
    there.penstock("run")
    # INT96 knows no time zone: Penstock reads such a column as a timestamp without one.
    sql = "SELECT id, cast(amount AS string), cast(seen AS timestamp_ntz), name FROM {} ORDER BY id"
    wanted = spark(sql.format("parquet_of_spark"))
    assert len(wanted) == 2
    assert spark(sql.format(there.table)) == wanted
    spark("DROP TABLE parquet_of_spark")
