"""Reading files into relations: each format has its own module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.engines.base import Extracted
from penstock.runtime.engines.duckdb.quoting import literal, name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import FileFormat, InputFile
    from penstock.runtime.engines.duckdb.connection import Database


def read_files(
    database: Database,
    relation: str,
    files: Sequence[InputFile],
    fmt: FileFormat,
    schema: Sequence[Column],
    *,
    evolution: str,
    keep: bool,
) -> Extracted:
    """Make `relation` of the files, typed as `schema`."""
    paths = literal([f.path for f in files])
    columns = literal({c.name: c.type for c in schema})
    if fmt.name == "csv":
        null = fmt.options.get("null_values") or [""]
        given = (
            f"columns = {columns}, auto_detect = false, header = true, delim = ',', "
            f"quote = '\"', escape = '\"', nullstr = {literal(list(null))}"
        )
        source = f"read_csv({paths}, {given})"
    elif fmt.name == "ndjson":
        source = f"read_ndjson({paths}, columns = {columns})"
    else:
        source = f"read_parquet({paths})"
    chosen = ", ".join(f"CAST({name(c.name)} AS {c.type}) AS {name(c.name)}" for c in schema)
    if fmt.name == "csv":
        chosen = "*"
    sql = f"CREATE OR REPLACE TABLE {name(relation)} AS SELECT {chosen} FROM {source}"
    database.execute(sql, f"reading `{relation}`")
    (rows,) = database.execute(f"SELECT count(*) FROM {name(relation)}").fetchone()
    return Extracted(rows_in=rows, rows_out=rows, bytes=sum(f.size for f in files))
