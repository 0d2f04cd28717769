"""The table's rows for `penstock query` and for comparing: fetched through the Data API.

What a query of the Data API gives is limited to 500 MB, and meant for looking:
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.errors import SourceUnavailable
from penstock.runtime.targets.merging import quote
from penstock.runtime.targets.parquet import text
from penstock.runtime.targets.redshift.column_types import as_text, folded, from_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Column
    from penstock.runtime.targets.redshift.data_api import DataApi

MOST_ROWS = 1_000_000
CODE = "PSK-TGT-143"


def fetched(
    api: DataApi,
    table: str,
    columns: Sequence[Column],
    wanted: Sequence[Column],
    rows: int,
    file: Path,
) -> str:
    """FROM item over a file of this machine with the rows of a table.

    Args:
        columns: of the table.
        wanted: of the pipeline: they give nested values their types, and names their letter case.
        rows: how many there are.

    Raises:
        SourceUnavailable: they are too many.
    """
    if rows > MOST_ROWS:
        raise SourceUnavailable(
            f"{table} has {rows:,} rows, and the Data API is for {MOST_ROWS:,} at most",
            code=CODE,
            hint="query it in Redshift itself",
        )
    known = {folded(c.name): c for c in wanted}
    chosen = ", ".join(as_text(c.type, quote(c.name)) for c in columns)
    found = api.rows(f"SELECT {chosen} FROM {table}")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as out:
        for row in found:
            told = {f"c{i}": _text(value) for i, value in enumerate(row)}
            out.write(json.dumps(told, ensure_ascii=False) + "\n")
    kinds = ", ".join(f"c{i}: 'varchar'" for i in range(len(columns)))
    shown = []
    for i, column in enumerate(columns):
        mine = known.get(column.name, column)
        value = from_text(column.type, f"c{i}", mine.type)
        shown.append(f"{value} AS {quote(mine.name)}")
    source = f"read_ndjson({text(str(file))}, columns={{{kinds}}})"
    return f"(SELECT {', '.join(shown)} FROM {source})"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
