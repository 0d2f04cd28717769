"""A small pipeline that is compiled and run for real, and what listens to it."""

from __future__ import annotations

import pytest

from penstock.compiler import compile_definition
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.run import RunOptions, run
from penstock.spec import load_definition

PIPELINE = """\
name: shop
sources:
  orders: {connector: file, path: data/orders.csv}
transforms:
  clean:
    from: orders
    steps:
      - standardize: {customer: [trim, upper]}
      - filter: amount > 0
  totals:
    sql: "SELECT customer, sum(amount) AS spent, count(*) AS orders FROM clean GROUP BY customer"
quality:
  orders:
    warn: ['IsComplete "customer"']
  clean:
    quarantine: ['IsComplete "customer"']
    stop: [RowCount > 0]
targets:
  totals_lake: {from: totals, connector: lake, path: lake/totals}
"""
ORDERS = "id,customer,amount\n1, secretann ,10\n2,bob,5\n3,,7\n4,bob,-1\n"


class Pipeline:
    """A folder; each call of `run` is a run."""

    def __init__(self, root):
        self.root = root
        (root / "data").mkdir(parents=True)
        self.orders(ORDERS)
        self.define(PIPELINE)

    def orders(self, text):
        (self.root / "data" / "orders.csv").write_text(text)

    def define(self, text):
        (self.root / "pipeline.yaml").write_text(text)

    def edit(self, old, new):
        text = (self.root / "pipeline.yaml").read_text()
        assert old in text
        self.define(text.replace(old, new))

    @property
    def program(self):
        found = compile_definition(load_definition(self.root))
        assert found.program, found.diagnostics
        return found.program

    def run(self, observer, **options):
        ledger = SQLiteLedger(self.root / "ledger.sqlite", actor="me@mill")
        try:
            return run(self.program, self.root, ledger, observer, RunOptions(None, 1, **options))
        finally:
            ledger.close()


@pytest.fixture
def pipeline(tmp_path):
    return Pipeline(tmp_path / "shop")
