"""Read the current version of a lake table with PyArrow alone: no Penstock needed.

python read_lake.py .penstock/lake/delays
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.dataset as ds


def current(table: Path) -> ds.Dataset:
    """The table as the manifest that readers see names it."""
    manifest = json.loads((table / "_penstock" / "current.json").read_text(encoding="utf-8"))
    files = [str(table / file["path"]) for file in manifest["files"]]
    hive = ds.partitioning(flavor="hive")
    return ds.dataset(files, format="parquet", partitioning=hive, partition_base_dir=str(table))


if __name__ == "__main__":
    data = current(Path(sys.argv[1]))
    print(f"{data.count_rows():,} rows\n{data.schema.to_string(show_schema_metadata=False)}")  # noqa: T201
