"""Merges as a good engineer writes them with the format's own library.

Usage: merges_by_hand.py delta|iceberg TABLE first|merge ROWS.parquet
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq


def iceberg(table: Path) -> Any:
    """The table in a SQLite catalog in its folder, or in Penstock's."""
    from pyiceberg.catalog.sql import SqlCatalog

    own = table / "_penstock" / "catalog.sqlite"
    uri = own if own.exists() else table / "catalog.sqlite"
    name = "penstock" if own.exists() else "hand"
    catalog = SqlCatalog(name, uri=f"sqlite:///{uri}", warehouse=str(table))
    return catalog.load_table(("lake" if own.exists() else "hand", table.name))


def delta(table: Path, what: str, rows: Path) -> None:
    """deltalake's own merge."""
    from deltalake import DeltaTable, write_deltalake

    if what == "first":
        write_deltalake(str(table), pq.read_table(rows))
        return
    (
        DeltaTable(str(table))
        .merge(pq.read_table(rows), "t.k = s.k", source_alias="s", target_alias="t")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


def by_iceberg(table: Path, what: str, rows: Path) -> None:
    """Merge in DuckDB, then one overwrite of the keys between the least and the greatest."""
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.expressions import And, GreaterThanOrEqual, LessThanOrEqual

    if what == "first":
        table.mkdir(parents=True)
        catalog = SqlCatalog(
            "hand", uri=f"sqlite:///{table / 'catalog.sqlite'}", warehouse=str(table)
        )
        catalog.create_namespace("hand")
        arrow = pq.read_table(rows)
        catalog.create_table(("hand", table.name), schema=arrow.schema).append(arrow)
        return
    found = iceberg(table)
    changes = pq.read_table(rows)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("changes", changes)
    ((least, most),) = con.execute("SELECT min(k), max(k) FROM changes").fetchall()
    touched = And(GreaterThanOrEqual("k", least), LessThanOrEqual("k", most))
    con.register("old", found.scan(row_filter=touched).to_arrow())
    merged = con.execute(
        "SELECT * FROM old ANTI JOIN changes USING (k) UNION ALL SELECT * FROM changes"
    ).to_arrow_table()
    found.overwrite(merged.cast(found.schema().as_arrow()), overwrite_filter=touched)


if __name__ == "__main__":
    form, table, what, rows = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    (delta if form == "delta" else by_iceberg)(table, what, rows)
