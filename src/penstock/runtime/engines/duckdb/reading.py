"""Reading files into relations: copies of those DuckDB has no reader for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from penstock.runtime.engines.base import Extracted
from penstock.runtime.engines.duckdb.csv_dialect import Dialect
from penstock.runtime.engines.duckdb.csv_header import header_lines
from penstock.runtime.engines.duckdb.csv_read import read_csv
from penstock.runtime.engines.duckdb.csv_surplus import Count
from penstock.runtime.engines.duckdb.ndjson_read import read_ndjson
from penstock.runtime.engines.duckdb.packed import whole
from penstock.runtime.engines.duckdb.parquet_read import read_parquet
from penstock.runtime.engines.duckdb.prepared import forget, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import FileFormat, InputFile, Rejected
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.duckdb.prepared import Copy

_numbers = itertools.count(1)
_TEXT = frozenset(("csv", "ndjson"))


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
    # Copies that a view reads live as long as the engine; the others are removed when read.
    folder = database.work / f"files{next(_numbers)}"
    fmt, copies = prepare(files, fmt, schema, folder)
    found = _read(database, relation, copies, fmt, schema, evolution, keep=keep)
    headers = {}
    if fmt.name == "csv":
        bad = {r.file for r in found.rejected} | {c.file.name for c in copies if c.rejected}
        some = [c.file for c in copies if c.file.name in bad]
        headers = header_lines(some, Dialect.of(fmt.options))
    if fmt.name in _TEXT:
        forget(copies, folder)
    by_name: dict[str, list[Rejected]] = {}
    for record in found.rejected:
        by_name.setdefault(record.file, []).append(record)
    rejected = [r for copy in copies for r in copy.all_rejected(by_name.get(copy.file.name, []))]
    size = sum(f.size for f in files)
    rows = found.rows_out
    return Extracted(rows + len(rejected), rows, size, rejected, headers=headers)


def _read(
    database: Database,
    relation: str,
    copies: Sequence[Copy],
    fmt: FileFormat,
    schema: Sequence[Column],
    evolution: str,
    *,
    keep: bool,
) -> Extracted:
    files = [c.file for c in copies]
    if fmt.name == "ndjson":
        with whole(files):
            return read_ndjson(database, relation, files, fmt.options, schema, evolution)
    if fmt.name == "csv":
        delimiter = Dialect.of(fmt.options).delimiter
        with whole(files, lambda: Count(delimiter)) as checked:
            counted = checked.count
            return read_csv(database, relation, files, fmt.options, schema, evolution, counted)
    return read_parquet(database, relation, files, schema, evolution, keep=keep)
