"""Reading files into relations: each format has its own module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.engines.base import Extracted
from penstock.runtime.engines.duckdb.csv_read import read_csv
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
    keep: bool,  # noqa: ARG001  # DuckDB holds what it has read
) -> Extracted:
    """Make `relation` of the files, typed as `schema`.

    Raises:
        SourceUnavailable: a file is gone or cannot be opened.
        StepFailed: a file as a whole is not what it should be (names the file).
    """
    if fmt.name == "csv":
        return read_csv(database, relation, files, fmt.options, schema, evolution)
    paths = literal([f.path for f in files])
    columns = literal({c.name: c.type for c in schema})
    if fmt.name == "ndjson":
        source = f"read_ndjson({paths}, columns = {columns})"
    else:
        source = f"read_parquet({paths})"
    chosen = ", ".join(f"CAST({name(c.name)} AS {c.type}) AS {name(c.name)}" for c in schema)
    sql = f"CREATE OR REPLACE TABLE {name(relation)} AS SELECT {chosen} FROM {source}"
    database.execute(sql, f"reading `{relation}`")
    (rows,) = database.execute(f"SELECT count(*) FROM {name(relation)}").fetchone()
    return Extracted(rows_in=rows, rows_out=rows, bytes=sum(f.size for f in files))
