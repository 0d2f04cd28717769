"""Incremental runs: files once, rows by a column, backfills, and what is said when nothing is new."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

PIPELINE = """\
name: shop
sources:
  orders:
    connector: file
    path: data/*.csv
    schema: {{id: integer, placed: {type}, amount: integer}}
    incremental: {incremental}
transforms:
  latest:
    from: orders
    steps: [{{deduplicate: {{keys: [id], order_by: [amount desc]}}}}]
targets:
  orders_lake: {{from: latest, connector: lake, path: lake/orders, {load}}}
"""
MERGE = "mode: merge, keys: [id]"
APPEND = "mode: append"


@pytest.fixture
def make(shop):
    """Write the pipeline over the shop's folder."""

    def write(incremental="files", load=APPEND, type_="timestamp"):
        for old in (shop.root / "data").iterdir():
            old.unlink()
        text = PIPELINE.format(incremental=incremental, load=load, type=type_)
        shop.write("pipeline.yaml", text)
        return shop

    return write


def orders(shop, name, *rows):
    """A file of orders: (id, placed, amount)."""
    lines = ["id,placed,amount", *(",".join(map(str, r)) for r in rows)]
    shop.write(f"data/{name}.csv", "\n".join(lines) + "\n")


def run(shop, *args, status="succeeded"):
    done = shop("run", "--json", *args)
    assert done.document["status"] == status, done.document
    return done.document


def lake(shop, sql="SELECT id, amount FROM orders_lake ORDER BY ALL"):
    found = shop("query", sql, "--json").document
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in found["rows"]]


def read(report):
    return report["datasets"]["orders"]["rows_in"]


# -- files


def test_each_file_is_read_once(make):
    shop = make()
    orders(shop, "1", (1, "2026-01-01", 10))
    first = run(shop)
    again = run(shop, status="skipped")
    assert again["run_id"] == first["run_id"]
    orders(shop, "2", (2, "2026-01-02", 20))
    assert read(run(shop)) == 1
    assert lake(shop) == [(1, 10), (2, 20)]
    run(shop, status="skipped")
    assert "nothing new" in shop("run").out


def test_a_file_written_again_with_the_same_content_is_not_new(make):
    shop = make()
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    os.utime(shop.root / "data" / "1.csv", (1, 1))
    assert run(shop, status="skipped")["error"] is None
    assert lake(shop) == [(1, 10)]


def test_a_changed_file_is_a_new_version_and_the_report_says_so(make):
    shop = make(load=MERGE)
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-01", 20))
    assert run(shop)["notes"] == []
    orders(shop, "1", (1, "2026-01-01", 11), (2, "2026-01-01", 20))
    orders(shop, "2", (3, "2026-01-02", 30))
    report = run(shop)
    assert read(report) == 3
    (note,) = report["notes"]
    assert "data/1.csv is a new version of a file" in note
    assert lake(shop) == [(1, 11), (2, 20), (3, 30)]
    shown = shop("runs", "show", "latest").out
    assert "new version" in shown


def test_a_changed_definition_and_no_new_file_is_skipped_and_told(make):
    shop = make()
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    shop.edit("order_by: [amount desc]", "order_by: [amount]")
    (note,) = run(shop, status="skipped")["notes"]
    assert "definition changed" in note
    assert "--full-refresh" in note
    assert "--full-refresh" in shop("run").out
    run(shop, "--full-refresh")
    assert run(shop, status="skipped")["notes"] == []


def test_a_target_that_is_gone_is_told_where_there_is_nothing_new_for_it(make):
    shop = make()
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    shutil.rmtree(shop.root / "lake")
    (note,) = run(shop, status="skipped")["notes"]
    assert "`orders_lake` was changed or removed" in note
    run(shop, "--full-refresh")
    assert lake(shop) == [(1, 10)]


def test_files_beside_a_source_that_is_read_whole(make):
    shop = make()
    shop.edit(
        "transforms:",
        "  names: {connector: file, path: names.csv, schema: {id: integer}}\ntransforms:",
    )
    shop.edit(
        "targets:", "targets:\n  names_csv: {from: names, connector: file, path: out/names.csv}"
    )
    shop.write("names.csv", "id\n1\n")
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    run(shop, status="skipped")
    shop.write("names.csv", "id\n1\n2\n")
    report = run(shop)
    assert (read(report), report["datasets"]["names"]["rows_in"]) == (0, 2)
    assert lake(shop) == [(1, 10)]
    run(shop, status="skipped")


def test_a_selection_does_not_keep_rows_from_other_targets(make):
    shop = make()
    shop.edit(
        "targets:",
        "targets:\n  raw_lake: {from: orders, connector: lake, path: lake/raw, mode: append}",
    )
    orders(shop, "1", (1, "2026-01-01", 10))
    done = shop("run", "--select", "raw_lake")
    assert done.code == 2
    assert "PSK-CLI-031" in done.err
    assert "orders_lake" in done.err
    run(shop, "--select", "raw_lake,orders_lake")


# -- by a column


def test_only_what_is_newer_is_read(make):
    shop = make("{column: placed}")
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-02", 20))
    assert read(run(shop)) == 2
    run(shop, status="skipped")
    orders(shop, "2", (3, "2026-01-03", 30), (4, "2026-01-01", 40))
    report = run(shop)
    assert (read(report), report["datasets"]["orders"]["rows_out"]) == (1, 1)
    assert lake(shop) == [(1, 10), (2, 20), (3, 30)]
    run(shop, status="skipped")


@pytest.mark.parametrize("type_", ["date", "timestamp", "timestamptz"])
def test_late_rows_inside_the_lookback_replace(make, type_):
    shop = make("{column: placed, lookback: 2 days}", MERGE, type_)
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-05", 20), (3, "2026-01-04", 30))
    run(shop)
    orders(shop, "2", (3, "2026-01-04", 33), (4, "2026-01-04", 40), (5, "2026-01-01", 50))
    assert read(run(shop)) == 4  # 2, 3 twice, 4; 1 and 5 are too old
    assert lake(shop) == [(1, 10), (2, 20), (3, 33), (4, 40)]


def test_whole_partitions_are_replaced(make):
    """The lookback ends in the middle of a day; that day is read whole."""
    load = "mode: overwrite_partitions, partition_by: [day]"
    shop = make("{column: placed, lookback: 1 day}", load)
    shop.edit(
        "deduplicate: {keys: [id], order_by: [amount desc]}", "derive: {day: CAST(placed AS date)}"
    )
    orders(shop, "1", (1, "2026-01-01T05:00", 10), (2, "2026-01-02T06:00", 20), (3, "2026-01-02T20:00", 30),
           (4, "2026-01-03T12:00", 40))  # fmt: skip
    run(shop)
    orders(shop, "2", (5, "2026-01-02T23:00", 50))
    assert read(run(shop)) == 4  # both days whole: 2, 3, 5 and 4
    assert [r[0] for r in lake(shop)] == [1, 2, 3, 4, 5]


def test_whole_months_are_replaced_where_it_says_so(make):
    load = "mode: overwrite_partitions, partition_by: [month]"
    shop = make("{column: placed, lookback: 1 day, align: month}", load)
    shop.edit(
        "deduplicate: {keys: [id], order_by: [amount desc]}", "derive: {month: month(placed)}"
    )
    orders(shop, "1", (1, "2026-01-05", 10), (2, "2026-02-03", 20), (3, "2026-02-20", 30))
    run(shop)
    orders(shop, "2", (4, "2026-02-20", 40))
    assert read(run(shop)) == 3
    assert [r[0] for r in lake(shop)] == [1, 2, 3, 4]


def test_rows_without_a_value_are_read_each_time_and_told(make):
    shop = make("{column: placed}", MERGE)
    orders(shop, "1", (1, "2026-01-01", 10), (2, "", 20))
    run(shop)
    orders(shop, "2", (3, "2026-01-02", 30))
    report = run(shop)
    assert read(report) == 2
    assert report["notes"] == ["`orders`: 1 row has no `placed` to go by, and every run reads them"]
    assert lake(shop) == [(1, 10), (2, 20), (3, 30)]


def test_numbers_and_texts_have_an_order_too(make):
    shop = make("{column: id}")
    orders(shop, "1", (9, "2026-01-01", 10), (10, "2026-01-01", 20))
    run(shop)
    orders(shop, "2", (2, "2026-01-01", 1), (11, "2026-01-01", 30))
    assert read(run(shop)) == 1  # 2 is less than 10, as numbers go
    shop = make("{column: placed}", type_="varchar", load="mode: append, partition_by: [placed]")
    shop.edit("lake/orders", "lake/texts")
    shop.edit("name: shop", "name: texts")
    orders(shop, "1", (1, "it's a", 1))
    run(shop)
    orders(shop, "2", (2, "it's b", 1), (3, "a", 1))
    assert read(run(shop)) == 1


def test_a_failed_run_does_not_move_the_watermark(make):
    shop = make("{column: placed}", MERGE)
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    shop.edit("targets:", "quality: {latest: {stop: ['ColumnValues \"amount\" < 100']}}\ntargets:")
    orders(shop, "2", (2, "2026-01-05", 100))
    run(shop, status="stopped")
    orders(shop, "2", (2, "2026-01-05", 99))
    orders(shop, "3", (3, "2026-01-03", 30))
    assert read(run(shop)) == 2
    assert lake(shop) == [(1, 10), (2, 99), (3, 30)]


def test_another_column_needs_a_full_refresh(make):
    shop = make("{column: placed}", MERGE)
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    shop.edit("{column: placed}", "{column: id}")
    orders(shop, "2", (2, "2026-01-02", 20))
    done = shop("run")
    assert done.code == 1
    assert "PSK-RUN-030" in done.err
    run(shop, "--full-refresh")
    orders(shop, "3", (3, "2025-01-02", 30))
    assert read(run(shop)) == 1


def test_a_full_refresh_starts_the_watermark_anew(make):
    """A value of the far future would otherwise hide every row to come."""
    shop = make("{column: placed}", MERGE)
    orders(shop, "1", (1, "9999-01-01", 10))
    run(shop)
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop, "--full-refresh")
    orders(shop, "2", (2, "2026-01-02", 20))
    assert read(run(shop)) == 1


# -- backfills


def test_a_backfill_reads_its_span_and_leaves_the_watermark(make):
    shop = make("{column: placed, lookback: 1 day}", MERGE)
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-10", 20))
    run(shop)
    orders(
        shop, "2", (3, "2026-01-01", 30), (4, "2026-01-02", 40), (5, "2026-01-20", 50), (6, "", 60)
    )
    report = run(shop, "--from", "2026-01-01", "--to", "2026-01-02")
    assert read(report) == 2  # 1 and 3: the end is outside
    assert lake(shop) == [(1, 10), (2, 20), (3, 30)]
    assert read(run(shop)) == 3  # 2, 5 and 6: as if there had been no backfill
    run(shop, "--from", "2026-01-02", "--to", "2026-01-03")
    assert lake(shop) == [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50), (6, 60)]
    run(shop, status="skipped")
    assert len(shop("runs", "list", "--json").document["runs"]) == 4


def test_a_backfill_before_anything_else(make):
    shop = make("{column: placed}", MERGE)
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-10", 20))
    assert read(run(shop, "--to", "2026-01-05")) == 1
    assert read(run(shop)) == 2
    assert lake(shop) == [(1, 10), (2, 20)]


@pytest.mark.parametrize(
    ("incremental", "load", "args", "code"),
    [
        ("files", MERGE, ["--from", "2026-01-01"], "PSK-CLI-032"),
        ("{column: placed}", APPEND, ["--from", "2026-01-01"], "PSK-CLI-032"),
        ("{column: placed}", MERGE, ["--from", "2026-01-01", "--full-refresh"], "PSK-CLI-032"),
        ("{column: placed}", MERGE, ["--from", "yesterday"], "PSK-CLI-030"),
        ("{column: placed}", MERGE, ["--from", "2026-01-02", "--to", "2026-01-01"], "PSK-CLI-030"),
        ("{column: id}", MERGE, ["--to", "1.5"], "PSK-CLI-030"),
    ],
)
def test_backfills_that_cannot_be(make, incremental, load, args, code):
    shop = make(incremental, load)
    orders(shop, "1", (1, "2026-01-01", 10))
    done = shop("run", *args)
    assert done.code == 2
    assert code in done.err
    assert not (shop.root / "lake").exists()


SLOW = """\
import pathlib
import time


def slow(batch):
    if batch.num_rows:
        pathlib.Path("busy").touch()
        time.sleep({seconds})
    return batch
"""


def test_a_backfill_and_the_daily_run_side_by_side(make):
    shop = make("{column: placed, lookback: 1 day}", MERGE)
    shop.edit("targets:", "  slow: {from: latest, python: 'steps/slow.py:slow'}\ntargets:")
    shop.edit("{from: latest, connector", "{from: slow, connector")
    shop.write("steps/slow.py", SLOW.format(seconds=0))
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-10", 20))
    run(shop)
    orders(shop, "2", (3, "2026-01-01", 30), (4, "2026-01-20", 40))
    shop.write("steps/slow.py", SLOW.format(seconds=1.5))
    both = [
        subprocess.Popen(
            shop.command("run", "--json", *args), cwd=shop.root, stdout=subprocess.PIPE, text=True
        )
        for args in (["--from", "2026-01-01", "--to", "2026-01-05"], [])
    ]
    reports = [json.loads(p.communicate(timeout=60)[0]) for p in both]
    assert [r["status"] for r in reports] == ["succeeded", "succeeded"]
    assert [read(r) for r in reports] == [2, 2]
    begun = [r["started_at"] for r in shop("runs", "list", "--json").document["runs"][:2]]
    ended = [r["ended_at"] for r in shop("runs", "list", "--json").document["runs"][:2]]
    assert max(begun) < min(ended), "they did not run at the same time"
    assert lake(shop) == [(1, 10), (2, 20), (3, 30), (4, 40)]
    assert shop("audit", "verify").code == 0
    second = shop("run", "--from", "2026-01-01", "--to", "2026-01-05")
    assert second.code == 0


def test_a_daily_run_leaves_a_live_backfill_alone_and_finishes_a_dead_one(make):
    shop = make("{column: placed}", MERGE)
    shop.edit("targets:", "  slow: {from: latest, python: 'steps/slow.py:slow'}\ntargets:")
    shop.edit("{from: latest, connector", "{from: slow, connector")
    shop.write("steps/slow.py", SLOW.format(seconds=0))
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-10", 20))
    run(shop)
    orders(shop, "2", (3, "2026-01-01", 30), (4, "2026-01-20", 40))
    shop.write("steps/slow.py", SLOW.format(seconds=60))
    (shop.root / "busy").unlink()
    backfill = subprocess.Popen(
        shop.command("run", "--from", "2026-01-01", "--to", "2026-01-05"),
        cwd=shop.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
    while not (shop.root / "busy").exists() and time.monotonic() < until:
        time.sleep(0.05)
    db = shop.root / ".penstock" / "ledger.sqlite"
    assert lanes(db)["backfill"] == "running"
    shop.write("steps/slow.py", SLOW.format(seconds=0))
    run(shop)
    assert lanes(db)["backfill"] == "running", "the daily run has touched the backfill"
    backfill.send_signal(signal.SIGKILL)
    backfill.wait()
    report = run(shop, "--from", "2026-01-01", "--to", "2026-01-05")
    assert report["status"] == "succeeded"
    assert lake(shop) == [(1, 10), (2, 20), (3, 30), (4, 40)]


def lanes(path):
    """Lane → status of its latest run, as anybody with SQLite sees it."""
    with sqlite3.connect(path) as db:
        sql = "SELECT lane, status FROM runs AS r JOIN attempts AS a ON a.run_id = r.run_id ORDER BY r.number, a.number"
        found = dict(db.execute(sql).fetchall())
    db.close()
    return found


# -- refused before anything runs


@pytest.mark.parametrize(
    ("incremental", "load", "code"),
    [
        ("files", "mode: overwrite", "PSK-TGT-030"),
        ("{column: placed}", "mode: overwrite", "PSK-TGT-030"),
        ("{column: placed, lookback: 1 day}", APPEND, "PSK-TGT-031"),
        ("{column: placed}", "mode: overwrite_partitions, partition_by: [amount]", "PSK-TGT-032"),
        ("{column: id, lookback: 1 day}", MERGE, "PSK-SRC-061"),
        ("{column: id, align: day}", MERGE, "PSK-SRC-061"),
    ],
)
def test_what_would_lose_or_double_rows_is_refused(make, incremental, load, code):
    shop = make(incremental, load)
    orders(shop, "1", (1, "2026-01-01", 10))
    done = shop("validate", "--json")
    assert done.code == 3
    assert code in done.codes


@pytest.mark.parametrize("load", [APPEND, MERGE])
def test_new_rows_are_not_added_where_the_older_ones_are_not(make, load):
    shop = make(load=load)
    orders(shop, "1", (1, "2026-01-01", 10))
    run(shop)
    orders(shop, "2", (2, "2026-01-02", 20))
    text = (shop.root / "pipeline.yaml").read_text()
    shop.write("pipeline.yaml", text.replace("lake/orders", "elsewhere/orders"))
    refused = shop("run")
    assert refused.code == 1
    assert "PSK-RUN-031" in refused.err
    assert "pipeline.yaml:13" in refused.err
    assert "--full-refresh" in refused.err
    assert not (shop.root / "elsewhere").exists()
    shutil.copytree(shop.root / "lake/orders", shop.root / "elsewhere/orders")
    run(shop)
    assert lake(shop) == [(1, 10), (2, 20)]

    # Back at the first place: the table there is not the one that was added to last.
    orders(shop, "3", (3, "2026-01-03", 30))
    shop.write("pipeline.yaml", text)
    assert "PSK-RUN-031" in shop("run").err
    shutil.rmtree(shop.root / "lake")
    assert "PSK-RUN-031" in shop("run").err
    run(shop, "--full-refresh")
    assert lake(shop) == [(1, 10), (2, 20), (3, 30)]


def test_a_table_that_another_program_changed_is_added_to(make):
    shop = make(load="mode: append, format: delta")
    orders(shop, "1", (1, "2026-01-01", 10), (2, "2026-01-02", 20))
    run(shop)
    from deltalake import DeltaTable

    DeltaTable(shop.root / "lake/orders").delete("id = 1")
    orders(shop, "2", (3, "2026-01-03", 30))
    run(shop)
    assert lake(shop) == [(2, 20), (3, 30)]
