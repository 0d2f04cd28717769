"""Writing query results to Parquet, CSV and NDJSON files with COPY."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed, RunError, StepFailed
from penstock.runtime.engines.base import DataFile
from penstock.runtime.engines.duckdb.orc_write import write_orc
from penstock.runtime.engines.duckdb.quoting import literal, name, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb

    from penstock.runtime.engines.base import FileFormat, WriteSpec
    from penstock.runtime.engines.duckdb.connection import Database

_SUFFIX = {"parquet": ".parquet", "orc": ".orc", "csv": ".csv", "ndjson": ".ndjson"}
# DuckDB's own numbers: rows that wait for the files of their partitions, and files kept open.
_WAITING, _OPEN_FILES = 524_288, 100
_FEW_WAITING = 100_000
_PACKED = {"gzip": ".gz", "zstd": ".zst"}
PARQUET_COMPRESSION = "zstd"
FILE_SIZE = 256 * 1024**2


def file_suffix(fmt: FileFormat) -> str:
    """The suffix of files of a format: `.parquet`, and so on."""
    suffix = _SUFFIX[fmt.name]
    packed = "" if fmt.name in {"parquet", "orc"} else _PACKED.get(fmt.compression or "", "")
    return suffix + packed


def write_files(database: Database, sql: str, spec: WriteSpec) -> list[DataFile]:
    """Write the rows of a query to files, flushed to disk with their folders.

    Raises:
        LoadFailed: the rows cannot be written (full disk, a type, a format).
    """
    try:
        if spec.format.name == "parquet":
            written = _parquet(database, _sorted(sql, spec), spec)
        elif spec.format.name == "orc":
            written = write_orc(database, sql, spec)
        else:
            written = [_text(database, sql, spec)]
    except StepFailed as error:
        raise LoadFailed(error.message, code=error.code, hint=error.hint) from error
    flush((f.path for f in written), spec.folder)
    return written


def _parquet(database: Database, sql: str, spec: WriteSpec) -> list[DataFile]:
    options = [
        "FORMAT parquet",
        f"COMPRESSION {spec.format.compression or PARQUET_COMPRESSION}",
        "RETURN_STATS",
    ]
    if spec.field_ids:
        options.append(f"FIELD_IDS {_field_ids(spec.field_ids)}")
    where = spec.folder
    if spec.single:
        where = spec.folder / (spec.stem + file_suffix(spec.format))
    elif spec.partition_by:
        pattern = literal(spec.stem + "-{i}")
        options += [f"PARTITION_BY ({names(spec.partition_by)})", f"FILENAME_PATTERN {pattern}"]
        options += ["OVERWRITE_OR_IGNORE"]
    else:
        size = spec.file_size or FILE_SIZE
        options += [f"FILE_SIZE_BYTES {size}", f"FILENAME_PATTERN {literal(spec.stem + '-{i}')}"]
        options += ["OVERWRITE_OR_IGNORE"]
    text = f"COPY ({sql}) TO {literal(str(where))} ({', '.join(options)})"
    with database.guarded(text, "writing Parquet"):
        cursor = database.cursor()
        if database.small and spec.partition_by:
            waiting = _rows_waiting(cursor, sql, spec)
            cursor.execute(f"SET partitioned_write_flush_threshold = {waiting}")
        cursor.execute(text)
        columns = [d[0] for d in cursor.description]
        found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return sorted((_data_file(row) for row in found), key=lambda f: str(f.path))


def _rows_waiting(cursor: duckdb.DuckDBPyConnection, sql: str, spec: WriteSpec) -> int:
    """How many rows wait for their partitions' files where memory is small.

    Half a million of 21 columns took more than 338 MB. With fewer, partitions whose files are not
    kept open are split into more files.
    """
    distinct = f"SELECT DISTINCT {names(spec.partition_by)} FROM ({sql}) AS rows"
    ((partitions,),) = cursor.execute(f"SELECT count(*) FROM ({distinct}) AS p").fetchall()
    return _FEW_WAITING if partitions <= _OPEN_FILES else _WAITING


def _sorted(sql: str, spec: WriteSpec) -> str:
    if not spec.order_by:
        return sql
    order = [(key, False) for key in spec.partition_by]
    order += [each for each in spec.order_by if each[0] not in spec.partition_by]
    by = ", ".join(f"{name(c)} {'DESC' if down else 'ASC'} NULLS LAST" for c, down in order)
    return f"SELECT * FROM ({sql}) AS rows ORDER BY {by}"


def _field_ids(ids: Mapping[str, Any]) -> str:
    """DuckDB's spelling of the ids of columns."""
    shown = []
    for column, value in ids.items():
        key = "__duckdb_field_id" if column == "" else name(column)
        shown.append(f"{key}: {value if isinstance(value, int) else _field_ids(value)}")
    return "{" + ", ".join(shown) + "}"


def _data_file(row: dict[str, Any]) -> DataFile:
    keys = row["partition_keys"] or {}
    return DataFile(
        path=Path(row["filename"]),
        rows=int(row["count"]),
        bytes=int(row["file_size_bytes"]),
        partition={k: None if v is None else str(v) for k, v in keys.items()},
    )


def _text(database: Database, sql: str, spec: WriteSpec) -> DataFile:
    """CSV and NDJSON: one file."""
    fmt = spec.format
    if spec.partition_by:
        raise RunError(f"{fmt.name} files cannot be partitioned", code="PSK-TGT-123")
    path = spec.folder / (spec.stem + file_suffix(fmt))
    options = ["FORMAT json"] if fmt.name == "ndjson" else ["FORMAT csv", *_csv_options(fmt)]
    options.append(f"COMPRESSION {fmt.compression or 'none'}")
    text = f"COPY ({sql}) TO {literal(str(path))} ({', '.join(options)})"
    with database.guarded(text, f"writing {fmt.name}"):
        ((rows,),) = database.cursor().execute(text).fetchall()
    return DataFile(path=path, rows=int(rows), bytes=path.stat().st_size)


def _csv_options(fmt: FileFormat) -> list[str]:
    given = fmt.options
    options = [f"HEADER {literal(bool(given.get('header', True)))}"]
    spelled = {
        "delimiter": "DELIMITER",
        "quote": "QUOTE",
        "escape": "ESCAPE",
        "null_value": "NULLSTR",
        "date_format": "DATEFORMAT",
        "timestamp_format": "TIMESTAMPFORMAT",
    }
    options += [f"{word} {literal(given[k])}" for k, word in spelled.items() if given.get(k)]
    return options


def flush(paths: Iterable[Path], top: Path) -> None:
    """Flush files and every folder that holds them, up to `top`, to disk."""
    folders = {top}
    for path in paths:
        _sync(path)
        folder = path.parent
        while folder != top and top in folder.parents:
            folders.add(folder)
            folder = folder.parent
    for folder in folders:
        _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
