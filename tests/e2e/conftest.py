"""A small pipeline in a folder, and the command to work on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from commands import Done, command, forked, installed

sys.path.insert(0, str(Path(__file__).parent))  # lets tests import `bad_files` by name

PIPELINE = """\
name: shop
variables:
  least: 0
sources:
  orders:
    connector: file
    path: data/orders*.csv
    schema:
      id: integer
      customer: varchar
      amount: decimal(10,2)
      at: timestamptz
  customers:
    connector: file
    path: data/customers.csv
    schema: {customer: varchar, name: varchar}
transforms:
  clean:
    from: orders
    steps:
      - standardize: {customer: [trim, upper]}
      - filter: amount > $least
      - deduplicate: {keys: [id], order_by: [at desc]}
      - lookup: {from: customers, on: {customer: customer}, take: {name: name}, missing: keep}
  totals: models/totals.sql
quality:
  clean:
    quarantine:
      - IsComplete "customer"
    warn:
      - Completeness "name" > 0.9
    stop:
      - RowCount > 0
targets:
  clean_lake: {from: clean, connector: lake, path: lake/clean, partition_by: [customer]}
  totals_csv: {from: totals, connector: file, path: out/totals.csv}
"""
TOTALS = """\
SELECT customer, count(*) AS orders, sum(amount) AS amount
FROM clean
GROUP BY customer
"""
ORDERS = """\
id,customer,amount,at
1, ann ,10.50,2026-01-01T10:00:00Z
2,BOB,3.25,2026-01-02T10:00:00Z
2,BOB,4.00,2026-01-03T10:00:00Z
3,,7.00,2026-01-03T10:00:00Z
4,bob,-1.00,2026-01-03T11:00:00Z
"""
CUSTOMERS = "customer,name\nANN,Ann Lee\nBOB,Bob Roe\n"


class Shop:
    """The pipeline folder and the command.

    Attributes:
        installed: whether calling it starts the installed command, from nothing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.installed = False
        self.write("pipeline.yaml", PIPELINE)
        self.write("models/totals.sql", TOTALS)
        self.write("data/orders.csv", ORDERS)
        self.write("data/customers.csv", CUSTOMERS)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def edit(self, old: str, new: str, name: str = "pipeline.yaml") -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def command(self, *args: str) -> list[str]:
        return command(*args)

    def __call__(self, *args: str, env: dict[str, str] | None = None) -> Done:
        given = env or {}
        # Python reads its own variables when it starts.
        real = self.installed or any(name.startswith("PYTHON") for name in given)
        done = (installed if real else forked)(
            *args, folder=self.root, env={**os.environ, "NO_COLOR": "1", **given}
        )
        assert "Traceback" not in done.err + done.out, done.err
        return done


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop")
