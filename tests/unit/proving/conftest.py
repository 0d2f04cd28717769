"""A small pipeline with every kind of dataset a test can be about, and its tests run over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.proving.session import prove

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.proving.outcome import Report

PIPELINE = """
name: shop
variables:
  big: 100
  rate: 0.5
sources:
  orders:
    connector: file
    path: data/orders.csv
    schema:
      id: integer
      customer: varchar
      amount: decimal(8,2)
      at: timestamptz
  customers:
    connector: file
    path: data/customers.csv
    schema: {name: varchar, city: varchar}
transforms:
  checked:
    from: orders
    steps:
      - filter: amount IS NOT NULL
      - derive: {is_big: amount >= $big}
  named:
    from: checked
    steps:
      - lookup: {from: customers, on: {customer: name}, take: {city: city}, missing: keep}
  totals: models/totals.sql
  doubled:
    from: checked
    python: steps/doubled.py:doubled
    schema: {id: integer, amount: double}
quality:
  orders:
    quarantine:
      - IsComplete "customer"
  checked:
    quarantine:
      - ColumnValues "amount" > 0
      - IsUnique "id"
    stop:
      - RowCount > 1000
targets:
  out: {from: totals, connector: lake, path: out/totals}
  named_out: {from: named, connector: lake, path: out/named}
  doubled_out: {from: doubled, connector: lake, path: out/doubled}
"""
TOTALS = """
SELECT customer, sum(amount) AS total, count(*) FILTER (WHERE is_big) AS big,
       sum(amount) * $rate AS weighted
FROM checked
GROUP BY customer
ORDER BY customer
"""
DOUBLED = """
import pyarrow as pa
import pyarrow.compute as pc


def doubled(table: pa.Table) -> pa.Table:
    if pc.any(pc.equal(table["id"], 13)).as_py():
        raise ValueError("thirteen")
    amount = pc.multiply(pc.cast(table["amount"], pa.float64()), 2.0)
    return pa.table({"id": table["id"], "amount": amount})
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    files = {
        "pipeline.yaml": PIPELINE,
        "models/totals.sql": TOTALS,
        "steps/doubled.py": DOUBLED,
        "data/orders.csv": "id,customer,amount,at\n1,Ann,5.00,2013-01-01T05:00:00Z\n",
        "data/customers.csv": "name,city\nAnn,Oslo\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def proved(shop: Path) -> Callable[..., Report]:
    """Run one test file over the pipeline."""

    def run(tests: str, **options: object) -> Report:
        folder = shop / "tests"
        folder.mkdir(exist_ok=True)
        (folder / "shop.yaml").write_text(tests, encoding="utf-8")
        return prove(shop, "duckdb", **options)

    return run
