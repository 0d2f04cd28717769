"""The ledger in one SQLite file: `.penstock/ledger.sqlite`."""

from __future__ import annotations

from penstock.runtime.ledger.sqlite.ledger import SQLiteLedger

__all__ = ["SQLiteLedger"]
