"""`penstock maintain`: the same rows in fewer files, and nothing gone that is still needed."""

from __future__ import annotations

import os
import time
import uuid
from decimal import Decimal

import duckdb
import pytest

FORMATS = ["parquet", "orc", "delta", "iceberg"]
PIPELINE = """\
name: stock
sources:
  items:
    connector: file
    path: data/*.csv
    schema: {{id: integer, name: varchar, price: "decimal(10,2)"}}
    incremental: files
targets:
  lake: {{from: items, connector: lake, path: "{path}", format: {form}, mode: append}}
"""
WHOLE = [(i, f"n{i}", i) for i in range(1, 9)]


@pytest.fixture(params=FORMATS)
def form(request):
    return request.param


def filled(shop, form, path="lake/items", runs=4):
    """Two rows from each of some runs."""
    shop.write("pipeline.yaml", PIPELINE.format(form=form, path=path))
    for old in ("data/orders.csv", "data/customers.csv"):
        (shop.root / old).unlink()
    for n in range(runs):
        first = 2 * n + 1
        rows = f"{first},n{first},{first}\n{first + 1},n{first + 1},{first + 1}\n"
        shop.write(f"data/{n}.csv", "id,name,price\n" + rows)
        assert shop("run").code == 0
    return shop


def rows(shop):
    found = shop("query", "FROM lake ORDER BY id", "--json").document["rows"]
    return [(r["id"], r["name"], r["price"]) for r in found]


def versions(shop):
    return shop("diff", "lake", "zzz", "--json").document["error"]["hint"]


def maintain(shop, *args):
    done = shop("maintain", *args, "--json")
    assert done.code == 0, done.out
    assert done.document["schema"] == "penstock.maintain/1"
    (found,) = done.document["targets"]
    return found


def whole_and_skipped(shop):
    assert rows(shop) == WHOLE
    again = shop("run", "--json").document
    assert again["status"] == "skipped"
    assert again["notes"] == []
    assert shop("audit", "verify").code == 0


def by_another_reader(root, form):
    """The rows as the format's own library gives them."""
    folder = root / "lake/items"
    if form == "delta":
        import deltalake

        table = deltalake.DeltaTable(str(folder)).to_pyarrow_table()
    elif form == "iceberg":
        from pyiceberg.table import StaticTable

        newest = max(
            (folder / "metadata").glob("*.metadata.json"), key=lambda p: int(p.name.split("-")[0])
        )
        table = StaticTable.from_metadata(str(newest)).scan().to_arrow()
    else:
        import json

        import pyarrow.dataset

        names = json.loads((folder / "_penstock/current.json").read_text())["files"]
        paths = [str(folder / f["path"]) for f in names]
        table = pyarrow.dataset.dataset(paths, format=form).to_table()
    return sorted((r["id"], r["name"], int(r["price"])) for r in table.to_pylist())


def data_files(root):
    table = root / "lake/items"
    return {
        p.relative_to(table).as_posix()
        for p in table.rglob("*")
        if p.suffix in {".parquet", ".orc"}
        and "_penstock" not in p.parts
        and "_delta_log" not in p.parts
    }


def test_small_files_are_written_together_and_old_versions_go(shop, form):
    filled(shop, form)
    before = data_files(shop.root)
    first = shop("runs", "list", "--json").document["runs"][-1]["run_id"]
    told = maintain(shop, "--keep-days", "0", "--dry-run")
    assert (told["files_compacted"], told["files_written"]) == (4, 0)
    assert data_files(shop.root) == before
    # What was seen within the time stays, and can be compared and rolled back to.
    done = maintain(shop, "lake")
    assert (done["files_compacted"], done["files_written"]) == (4, 1)
    assert (done["files_removed"], done["versions_removed"]) == (0, [])
    assert data_files(shop.root) > before
    whole_and_skipped(shop)
    compared = shop("diff", "lake", first, "--json").document
    assert (compared["added"], compared["removed"]) == (6, 0)
    done = maintain(shop, "--keep-days", "0")
    assert done["files_removed"] == 4
    assert len(done["versions_removed"]) == 4
    assert not data_files(shop.root) & before
    whole_and_skipped(shop)
    assert by_another_reader(shop.root, form) == WHOLE
    for command in ("diff", "rollback"):
        gone = shop(command, "lake", first, "--json")
        assert (gone.code, gone.document["error"]["code"]) == (2, "PSK-CLI-044")
        assert "penstock maintain" in gone.document["error"]["message"]
    assert not maintain(shop, "--keep-days", "0")["changed"]
    # and the table goes on
    shop.write("data/more.csv", "id,name,price\n9,n9,9\n")
    assert shop("run").code == 0
    assert rows(shop) == [*WHOLE, (9, "n9", 9)]
    assert shop("audit", "verify").code == 0


def test_tables_in_a_bucket(shop, form, aws):
    filled(shop, form, path=f"s3://acme-lake/{uuid.uuid4().hex}/items", runs=4)
    done = maintain(shop, "--keep-days", "0")
    assert (done["files_compacted"], done["files_written"], done["files_removed"]) == (4, 1, 4)
    whole_and_skipped(shop)
    assert not maintain(shop, "--keep-days", "0")["changed"]
    shop.write("data/more.csv", "id,name,price\n9,n9,9\n")
    assert shop("run").code == 0
    assert rows(shop) == [*WHOLE, (9, "n9", 9)]


def test_what_another_writer_has_not_committed_yet_stays(shop, form):
    filled(shop, form)
    folder = shop.root / "lake/items" / ("data" if form == "iceberg" else "")
    suffix = "orc" if form == "orc" else "parquet"
    young, old = folder / f"part-00000-young.{suffix}", folder / f"part-00000-old.{suffix}"
    other = folder / f"mine.{suffix}"
    for path in (young, old, other):
        path.write_bytes(b"not committed")
    long_ago = time.time() - 8 * 86_400
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    maintain(shop, "--keep-days", "0", "--no-compact")
    assert young.exists(), "a day has not passed since it was written"
    assert other.exists(), "nobody knows what it is"
    assert not old.exists()
    assert rows(shop) == WHOLE


def test_what_is_asked_for_and_what_is_refused(shop):
    filled(shop, "parquet", runs=2)
    assert shop("maintain", "lake", "--no-compact", "--no-vacuum").out.count("nothing to do") == 1
    shown = shop("maintain", "--dry-run").out
    assert "to write together" in shown
    assert "nothing was changed" in shown
    wrong = shop("maintain", "lak", "--json")
    assert (wrong.code, wrong.document["error"]["code"]) == (2, "PSK-CLI-042")
    assert "lake" in wrong.document["error"]["hint"]
    assert shop("maintain", "--keep-days", "-1").code == 2
    actions = [e["action"] for e in shop("audit", "--json").document["entries"]]
    assert "target.maintain" not in actions
    maintain(shop)
    entries = shop("audit", "--json").document["entries"][-3:]
    assert [e["action"] for e in entries] == [
        "target.maintain",
        "target.maintained",
        "run.succeeded",
    ]
    assert entries[1]["detail"]["files_compacted"] == 2


def test_a_tag_of_an_iceberg_table_keeps_its_version(shop):
    from pyiceberg.catalog.sql import SqlCatalog

    filled(shop, "iceberg")
    place = shop.root / "lake/items"
    catalog = SqlCatalog("penstock", uri=f"sqlite:///{place}/_penstock/catalog.sqlite")
    table = catalog.load_table(("lake", "items"))
    first = table.history()[0].snapshot_id
    table.manage_snapshots().create_tag(first, "audit").commit()
    done = maintain(shop, "--keep-days", "0")
    assert str(first) not in done["versions_removed"]
    assert len(done["versions_removed"]) == 3
    kept = catalog.load_table(("lake", "items")).scan(snapshot_id=first).to_arrow()
    assert sorted(kept["id"].to_pylist()) == [1, 2]
    whole_and_skipped(shop)
    catalog.engine.dispose()


def test_a_foreign_commit_is_still_noticed_after_upkeep(shop):
    import deltalake
    import pyarrow as pa

    filled(shop, "delta")
    price = pa.array([Decimal(1)], pa.decimal128(10, 2))
    table = pa.table({"id": pa.array([99], pa.int32()), "name": ["foreign"], "price": price})
    deltalake.write_deltalake(str(shop.root / "lake/items"), table, mode="append")
    assert maintain(shop)["files_compacted"] == 5
    assert (99, "foreign", 1) in rows(shop)
    noted = shop("run", "--json").document
    assert noted["status"] == "skipped"
    assert "was changed or removed" in noted["notes"][0]
    with duckdb.connect() as con:
        found = con.execute("SELECT count(*) FROM read_csv(?)", [str(shop.root / "data/*.csv")])
        assert len(rows(shop)) == found.fetchone()[0] + 1
