"""Reading files into relations: each format has its own module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.engines.duckdb.csv_read import read_csv
from penstock.runtime.engines.duckdb.ndjson_read import read_ndjson
from penstock.runtime.engines.duckdb.parquet_read import read_parquet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import Extracted, FileFormat, InputFile
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
    """Make `relation` of the files, typed as `schema`.

    Raises:
        SourceUnavailable: a file is gone or cannot be opened.
        StepFailed: a file as a whole is not what it should be (names the file).
    """
    if fmt.name == "csv":
        return read_csv(database, relation, files, fmt.options, schema, evolution)
    if fmt.name == "ndjson":
        return read_ndjson(database, relation, files, fmt.options, schema, evolution)
    return read_parquet(database, relation, files, schema, evolution, keep=keep)
