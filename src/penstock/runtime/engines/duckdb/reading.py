"""Reading files into relations: each format has its own module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.engines.duckdb.csv_read import read_csv
from penstock.runtime.engines.duckdb.linking import linked
from penstock.runtime.engines.duckdb.ndjson_read import read_ndjson
from penstock.runtime.engines.duckdb.packed import whole
from penstock.runtime.engines.duckdb.parquet_read import read_parquet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import Extracted, FileFormat, InputFile
    from penstock.runtime.engines.duckdb.connection import Database

_TEXT = {"csv": read_csv, "ndjson": read_ndjson}


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
    files = [linked(f, database.work / "links") for f in files]
    if fmt.name in _TEXT:
        with whole(files):
            return _TEXT[fmt.name](database, relation, files, fmt.options, schema, evolution)
    return read_parquet(database, relation, files, schema, evolution, keep=keep)
