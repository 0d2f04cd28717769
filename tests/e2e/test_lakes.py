"""Lake tables by the command: hidden partitions, and other programs that write to them."""

from __future__ import annotations

import deltalake
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo

PIPELINE = """\
name: orders
sources:
  orders: {connector: file, path: data/orders.csv, schema: {id: integer, seen: timestamp}}
targets:
  lake: {from: orders, connector: lake, path: lake/orders, format: FORMAT, mode: MODE, MORE}
"""


def write(shop, form, mode, more):
    text = PIPELINE.replace("FORMAT", form).replace("MODE", mode).replace("MORE", more)
    shop.write("pipeline.yaml", text)
    shop.write("data/orders.csv", "id,seen\n1,2026-01-01T10:00:00\n2,2026-01-02T10:00:00\n")
    (shop.root / "models/totals.sql").unlink()


def test_the_report_tells_what_another_program_wrote(shop):
    write(shop, "delta", "merge", "keys: [id]")
    first = shop("run", "--json").document
    assert first["notes"] == []
    folder = shop.root / "lake/orders"
    theirs = pa.table(
        {"id": pa.array([7], pa.int32()), "seen": pa.array([None], pa.timestamp("us"))}
    )
    deltalake.write_deltalake(str(folder), theirs, mode="append")
    shop.write("data/orders.csv", "id,seen\n1,2026-01-05T10:00:00\n")
    report = shop("run", "--json").document
    assert report["status"] == "succeeded"
    (note,) = report["notes"]
    assert note.startswith("`lake`: another program wrote version 1 (write): its rows stay")
    rows = shop("query", "SELECT id FROM lake ORDER BY id", "--json").document["rows"]
    assert [r["id"] for r in rows] == [1, 2, 7]


def test_hidden_partitions_by_the_command(shop):
    write(shop, "iceberg", "overwrite_partitions", 'partition_by: ["day(seen)", "bucket(4, id)"]')
    done = shop("run", "--json")
    assert done.code == 0, done.out + done.err
    folder = shop.root / "lake/orders"
    uri = f"sqlite:///{folder}/_penstock/catalog.sqlite"
    catalog = SqlCatalog("penstock", uri=uri, warehouse=str(folder))
    scan = catalog.load_table(("lake", "orders")).scan(row_filter=EqualTo("id", 2))
    catalog.engine.dispose()
    assert len(list(scan.plan_files())) == 1
    assert scan.to_arrow()["id"].to_pylist() == [2]
    shop.write("models/totals.sql", "SELECT 1")
    write(shop, "parquet", "overwrite_partitions", 'partition_by: ["bucket(4, id)"]')
    told = shop("validate", "--json")
    assert told.code == 3
    assert "PSK-TGT-011" in told.codes
