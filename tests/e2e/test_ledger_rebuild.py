"""A ledger that was lost is made again, and the next run loses no row and doubles none."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import uuid

import pytest

FILES = """\
name: stock
sources:
  items:
    connector: file
    path: data/*.csv
    schema: {{id: integer, name: varchar}}
    incremental: files
quality:
  items:
    quarantine:
      - IsComplete "name"
targets:
  lake: {{from: items, connector: lake, path: lake/items, format: {form}, {mode}}}
"""
COLUMN = """\
name: stock
sources:
  items:
    connector: file
    path: data/all.csv
    schema: {{id: integer, name: varchar}}
    incremental: {{column: id}}
targets:
  lake: {{from: items, connector: lake, path: lake/items, format: {form}, mode: append}}
"""
MODES = {"append": "mode: append", "merge": "mode: merge, keys: [id]"}


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def emptied(path):
    path.write_bytes(b"")


def overwritten(path):
    data = bytearray(path.read_bytes())
    data[4096 : len(data) - 4096] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(bytes(data))


def deleted(path):
    path.unlink()


DAMAGES = {"cut": cut, "emptied": emptied, "overwritten": overwritten, "deleted": deleted}


def made(shop, text):
    for old in ("data/orders.csv", "data/customers.csv"):
        (shop.root / old).unlink(missing_ok=True)
    shop.write("pipeline.yaml", text)
    return shop


def run(shop, *args):
    done = shop("run", *args, "--json")
    assert done.code == 0, done.out
    return done.document


def rows(shop):
    found = shop("query", "FROM lake ORDER BY id, name", "--json").document["rows"]
    return [(r["id"], r["name"]) for r in found]


def ledger(shop):
    return shop.root / ".penstock/ledger.sqlite"


def known(shop):
    """What the ledger tells of runs; the folder is told of an end a moment before the ledger."""
    found = shop("runs", "list", "--json").document["runs"]
    return [{k: v for k, v in r.items() if k != "ended_at"} for r in found]


def rebuild(shop, *args):
    done = shop("ledger", "rebuild", *args, "--json")
    assert done.code == 0, done.out
    assert done.document["schema"] == "penstock.ledger_rebuild/1"
    assert shop("audit", "verify").code == 0
    return done.document


def killed_at(shop, what, *args):
    """A run that dies when it calls something."""
    module, _, name = what.partition(":")
    script = (
        f"import os, signal, {module} as m\n"
        f"owner = m\n"
        f"*path, last = {name!r}.split('.')\n"
        "for each in path: owner = getattr(owner, each)\n"
        "setattr(owner, last, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))\n"
        "from penstock.cli.main import main\n"
        f"main({['run', *args]!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=shop.root, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_made_again(shop, damage):
    made(shop, FILES.format(form="parquet", mode=MODES["append"]))
    shop.write("data/1.csv", "id,name\n1,a\n2,b\n3,\n")
    run(shop)
    shop.write("data/2.csv", "id,name\n4,d\n5,\n")
    run(shop)
    before = known(shop)
    DAMAGES[damage](ledger(shop))
    old = ledger(shop).read_bytes() if ledger(shop).exists() else None
    refused = shop("run", "--json")
    assert refused.code == 1, "rows would be doubled"
    assert "ledger rebuild" in refused.document["error"]["hint"]
    told = rebuild(shop)
    assert told["rebuilt"]
    assert (told["runs"], told["versions"], told["files"]) == (2, 2, 2)
    if old is not None:
        assert (shop.root / told["kept"]).read_bytes() == old, "the damaged file is kept"
    first = shop("audit", "--json").document["entries"][0]
    assert first["action"] == "ledger.rebuilt"
    assert "the audit trail before this entry" in first["detail"]["not_recovered"]
    assert known(shop) == before
    assert run(shop)["status"] == "skipped"
    shop.write("data/3.csv", "id,name\n6,f\n")
    run(shop)
    assert rows(shop) == [(1, "a"), (2, "b"), (4, "d"), (6, "f")]
    held = shop("quarantine", "list", "--json").document
    assert held["total"] == 2
    assert not rebuild(shop)["rebuilt"], "a whole ledger is left alone"


BEGUN = "penstock.runtime.records:begin"
STAGED = "penstock.runtime.publish:commit"
PUBLISHED = "penstock.runtime.records:end"
TOLD = "penstock.runtime.ledger.sqlite:SQLiteLedger.finish"


@pytest.mark.parametrize(
    ("form", "mode", "point"),
    [
        ("parquet", "append", BEGUN),
        ("parquet", "append", STAGED),
        ("parquet", "append", PUBLISHED),
        ("parquet", "append", TOLD),
        ("orc", "merge", STAGED),
        ("orc", "append", PUBLISHED),
        ("delta", "append", STAGED),
        ("delta", "merge", PUBLISHED),
        ("iceberg", "merge", STAGED),
        ("iceberg", "append", PUBLISHED),
    ],
)
def test_a_run_in_flight_is_finished_once(shop, form, mode, point):
    made(shop, FILES.format(form=form, mode=MODES[mode]))
    shop.write("data/1.csv", "id,name\n1,a\n2,b\n")
    run(shop)
    shop.write("data/2.csv", "id,name\n2,B\n3,c\n")
    killed_at(shop, point)
    deleted(ledger(shop))
    rebuild(shop)
    shop.write("data/3.csv", "id,name\n4,d\n")
    run(shop)
    both = [(1, "a"), (2, "B"), (2, "b"), (3, "c"), (4, "d")]
    assert rows(shop) == (both if mode == "append" else [r for r in both if r != (2, "b")])
    assert run(shop)["status"] == "skipped"
    assert shop("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("form", "mode", "point"),
    [("parquet", "append", TOLD), ("delta", "append", PUBLISHED), ("iceberg", "merge", STAGED)],
)
def test_tables_in_a_bucket(shop, aws, form, mode, point):
    """Each is held against the runs, and a run in flight is finished once."""
    text = FILES.format(form=form, mode=MODES[mode])
    made(shop, text.replace("lake/items", f"s3://acme-lake/{uuid.uuid4().hex}/items"))
    shop.write("data/1.csv", "id,name\n1,a\n2,b\n")
    run(shop)
    shop.write("data/2.csv", "id,name\n2,B\n3,c\n")
    killed_at(shop, point)
    deleted(ledger(shop))
    told = rebuild(shop)
    assert not [x for x in told["lost"] if "whether" in x], "the table was looked at"
    run(shop)
    both = [(1, "a"), (2, "B"), (2, "b"), (3, "c")]
    assert rows(shop) == (both if mode == "append" else [r for r in both if r != (2, "b")])
    assert run(shop)["status"] == "skipped"
    runs = shop.root / ".penstock/runs"
    shutil.rmtree(max(runs.iterdir(), key=lambda p: (p / "end.json").stat().st_mtime))
    deleted(ledger(shop))
    refused = shop("ledger", "rebuild", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "PSK-LED-004")
    assert "of `lake` was published by a run" in refused.document["error"]["message"]


@pytest.mark.parametrize("form", ["parquet", "delta", "iceberg"])
def test_how_far_a_column_was_read(shop, form):
    made(shop, COLUMN.format(form=form))
    shop.write("data/all.csv", "id,name\n1,a\n2,b\n")
    run(shop)
    shop.write("data/all.csv", "id,name\n1,a\n2,b\n3,c\n")
    killed_at(shop, "penstock.runtime.records:end")
    deleted(ledger(shop))
    rebuild(shop)
    shop.write("data/all.csv", "id,name\n1,x\n2,x\n3,x\n4,d\n")
    run(shop)
    assert rows(shop) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def test_what_was_discarded_and_replayed_stays_so(shop):
    made(shop, FILES.format(form="parquet", mode=MODES["merge"]))
    shop.write("data/1.csv", "id,name\n1,a\n2,\n3,\n4,\n")
    run(shop)
    held = shop("quarantine", "show", "--json").document["rows"]
    by_id = {json.loads(r["row"])["id"]: r for r in held}
    assert (
        shop("quarantine", "discard", "--key", by_id[2]["replay_key"], "--reason", "wrong").code
        == 0
    )
    fixed = {**by_id[3], "row": json.dumps({"id": 3, "name": "c"})}
    shop.write("fixed.ndjson", json.dumps(fixed) + "\n")
    assert shop("quarantine", "replay", "--file", "fixed.ndjson").code == 0
    before = shop("quarantine", "list", "--json").document
    assert {g["state"] for g in before["groups"]} == {"held", "replayed", "discarded"}
    assert rows(shop) == [(1, "a"), (3, "c")]
    deleted(ledger(shop))
    assert rebuild(shop)["discarded"] == 1
    assert shop("quarantine", "list", "--json").document == before
    reasons = [e["detail"].get("reason") for e in shop("audit", "--json").document["entries"]]
    assert "wrong" in reasons
    assert run(shop)["status"] == "skipped"
    assert rows(shop) == [(1, "a"), (3, "c")]


def test_rollbacks_and_upkeep_are_known_again(shop):
    made(shop, FILES.format(form="iceberg", mode=MODES["append"]))
    shop.write("data/1.csv", "id,name\n1,a\n")
    first = run(shop)["run_id"]
    shop.write("data/2.csv", "id,name\n2,b\n")
    run(shop)
    assert shop("maintain", "lake").code == 0
    deleted(ledger(shop))
    rebuild(shop)
    assert run(shop)["status"] == "skipped"
    assert shop("rollback", "lake", first).code == 0
    deleted(ledger(shop))
    rebuild(shop)
    assert run(shop)["notes"] == []
    assert rows(shop) == [(1, "a")]


def test_what_is_missing_is_named_and_nothing_is_made(shop):
    made(shop, FILES.format(form="parquet", mode=MODES["append"]))
    ids = []
    for n in (1, 2):
        shop.write(f"data/{n}.csv", f"id,name\n{n},a\n")
        ids.append(run(shop)["run_id"])
    runs = shop.root / ".penstock/runs"
    deleted(ledger(shop))
    for gone in ids:
        shutil.move(runs / gone, shop.root / "aside")
        refused = shop("ledger", "rebuild", "--json")
        assert (refused.code, refused.document["error"]["code"]) == (1, "PSK-LED-004")
        assert not ledger(shop).exists()
        shutil.move(shop.root / "aside", runs / gone)
    told = (runs / ids[1] / "record.json").read_bytes()
    (runs / ids[1] / "record.json").write_bytes(told[:-9])
    refused = shop("ledger", "rebuild", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "PSK-LED-004")
    assert "record.json" in refused.document["error"]["message"]
    # what the hint says works
    run(shop, "--full-refresh")
    assert rows(shop) == [(1, "a"), (2, "a")]
    assert run(shop)["status"] == "skipped"


def test_an_older_copy_is_noticed_and_a_newer_layout_left_alone(shop):
    made(shop, FILES.format(form="parquet", mode=MODES["append"]))
    shop.write("data/1.csv", "id,name\n1,a\n")
    run(shop)
    copy = ledger(shop).read_bytes()
    shop.write("data/2.csv", "id,name\n2,b\n")
    run(shop)
    ledger(shop).write_bytes(copy)
    refused = shop("run", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (1, "PSK-LED-005")
    assert "it knows nothing of run" in rebuild(shop)["damage"]
    assert run(shop)["status"] == "skipped"
    with sqlite3.connect(ledger(shop)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    newer = ledger(shop).read_bytes()
    for args in (("run",), ("ledger", "rebuild"), ("ledger", "rebuild", "--force")):
        refused = shop(*args, "--json")
        assert (refused.code, refused.document["error"]["code"]) == (1, "PSK-LED-003")
    assert ledger(shop).read_bytes() == newer
