"""`penstock` into Redshift and Athena: run, query, versions, and loads that are refused."""

from __future__ import annotations

import uuid

import pytest

from penstock.runtime.targets.redshift.data_api import DataApi
from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

pytestmark = [
    pytest.mark.evidence(
        "target:redshift", "executed locally", on="the sandbox's Redshift (PostgreSQL)"
    ),
    pytest.mark.evidence(
        "target:athena", "executed locally", on="S3 and Glue of moto, the sandbox's Athena"
    ),
]
PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/in*.csv
    schema: {id: integer, day: date, note: varchar}
    incremental: files
targets:
  warehouse:
    from: orders
    connector: redshift
    workgroup: e2e
    database: dev
    table: TABLE
    staging: s3://acme-lake/TABLE/rows
    mode: merge
    keys: [id]
    sort_key: [day]
  shown:
    from: orders
    connector: athena
    database: contract
    table: TABLE
    path: s3://acme-lake/TABLE/shown
    mode: append
    partition_by: [day]
"""


@pytest.fixture
def orders(shop, sandbox):
    (shop.root / "models" / "totals.sql").unlink()
    shop.table = f"t{uuid.uuid4().hex[:10]}"
    shop.write("pipeline.yaml", PIPELINE.replace("TABLE", shop.table))
    shop.write("data/in1.csv", "id,day,note\n1,2026-01-01,first\n2,2026-01-02,second\n")
    options = RedshiftTargetOptions(table=shop.table, database="dev", workgroup="e2e")
    shop.sql = DataApi(options).run
    shop.rows = DataApi(options).rows
    return shop


def queried(shop, target):
    done = shop("query", f"SELECT id, note FROM {target} ORDER BY id, note", "--format", "csv")
    assert done.code == 0, done.err
    return done.out.split()[1:]


def test_rows_are_loaded_merged_and_queried(orders):
    checked = orders("validate", "--json")
    assert checked.code == 0, checked.err
    assert "PSK-TGT-016" in checked.codes
    first = orders("run", "--json")
    assert first.code == 0, first.err
    told = first.document["targets"]["warehouse"]
    assert (told["rows_loaded"], told["location"]) == (2, f"dev.public.{orders.table}")
    orders.write("data/in2.csv", "id,day,note\n2,2026-01-02,changed\n3,2026-01-03,third\n")
    assert orders("run", "--json").document["status"] == "succeeded"
    assert queried(orders, "warehouse") == ["1,first", "2,changed", "3,third"]
    assert queried(orders, "shown") == ["1,first", "2,changed", "2,second", "3,third"]
    assert orders("run", "--json").document["status"] == "skipped"
    orders.sql(f"DELETE FROM {orders.table}")
    notes = orders("run", "--json").document["notes"]
    assert any("was changed or removed" in n for n in notes)
    orders.write("data/in2.csv", "id,day,note\n3,2026-01-03,third\n")
    assert orders("run", "--full-refresh").code == 0
    assert queried(orders, "warehouse") == ["1,first", "2,second", "3,third"]


def test_a_refused_load_changes_nothing_and_the_next_run_does_it(orders):
    orders.sql(f"CREATE TABLE {orders.table} (id integer, day date, note varchar(5))")
    done = orders("run", "--json")
    assert done.code == 1
    assert done.document["error"]["code"] == "PSK-TGT-141"
    assert orders.rows(f"SELECT count(*) FROM {orders.table}") == [[0]]
    assert orders("query", "SELECT * FROM shown").code != 0, "nothing of this run is published"
    orders.sql(f"DROP TABLE {orders.table}")
    done = orders("run", "--json")
    assert done.code == 0, done.err
    assert queried(orders, "warehouse") == queried(orders, "shown") == ["1,first", "2,second"]


def test_a_warehouse_keeps_no_older_versions(orders):
    assert orders("run").code == 0
    (version,) = orders.rows(f"SELECT version FROM {orders.table}__penstock")[0]
    orders.write("data/in2.csv", "id,day,note\n3,2026-01-03,third\n")
    assert orders("run").code == 0
    refused = orders("rollback", "warehouse", version, "--json")
    assert refused.code == 2
    assert "there are: 000002-" in refused.out, "the newest is all that is kept"
