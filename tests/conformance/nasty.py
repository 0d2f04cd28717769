"""Nasty rows that every engine reads: NULL, NaN, unicode, leap days, huge decimals, odd text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nasty_edges
import nasty_relations
import nasty_values
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path


def _grouped(table: pa.Table) -> pa.Table:
    """With groups for aggregates: three of them, one with NULL rows only where the data has some."""
    groups = pa.array([i % 3 for i in range(table.num_rows)], pa.int32())
    return table.append_column("g", groups)


T = {name: _grouped(table) for name, table in {**nasty_values.T, **nasty_relations.T}.items()}
T |= nasty_edges.T


def write(folder: Path) -> None:
    """Each table as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in T.items():
        pq.write_table(table, folder / f"{name}.parquet")


_NAMES = {
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "string": "varchar",
    "double": "double",
    "date32[day]": "date",
    "timestamp[us]": "timestamp",
    "timestamp[us, tz=UTC]": "timestamptz",
    "bool": "boolean",
    "large_string": "varchar",
    "string_view": "varchar",
}


def type_name(found: pa.DataType) -> str:
    """Penstock's name of an Arrow type."""
    if pa.types.is_decimal(found):
        return f"decimal({found.precision},{found.scale})"
    if pa.types.is_list(found):
        return f"{type_name(found.value_type)}[]"
    return _NAMES[str(found)]


def schemas() -> dict[str, dict[str, str]]:
    """Table → column → Penstock type."""
    return {name: {f.name: type_name(f.type) for f in table.schema} for name, table in T.items()}
