"""COPY … FROM 's3://…' FORMAT PARQUET: files of the sandbox's S3 into a table.

As strict as Redshift's: the columns of a file and of the table must be as many, in the same order,
and of the same types.
https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.sandbox.warehouse.refusal import SqlError, unknown
from penstock.sandbox.warehouse.tokens import Token, tokens, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Fetch = Callable[[str, str], bytes | None]  # bucket, key → content; None: it is not there
    Keys = Callable[[str, str], list[str]]  # bucket, prefix → keys


@dataclass(frozen=True, slots=True)
class Copy:
    """What a COPY says."""

    table: str
    url: str
    manifest: bool
    to_json: bool


def parsed(sql: str) -> Copy | None:
    """A COPY in parts; None: it is another statement.

    Raises:
        SqlError: it says what the sandbox, or COPY of Parquet, does not know.
    """
    found = tokens(sql)
    if not found or found[0].word != "COPY":
        return None
    words = [t.word for t in found]
    if "FROM" not in words:
        raise SqlError("syntax error: COPY needs FROM")
    source = words.index("FROM")
    if "(" in words[:source]:
        raise unknown("COPY with a list of columns")
    url = found[source + 1]
    if url.kind != "text" or not url.value.startswith("s3://"):
        raise unknown("COPY from anything but 's3://…'")
    said = _options(found[source + 2 :])
    if "role" not in said:
        raise SqlError("Invalid operation: COPY needs IAM_ROLE or CREDENTIALS")
    if "parquet" not in said:
        raise unknown("COPY of other formats than PARQUET")
    return Copy(written(found[1:source]), url.value, "manifest" in said, "json" in said)


def _options(found: Sequence[Token]) -> set[str]:
    said: set[str] = set()
    place = 0
    while place < len(found):
        word = found[place].word
        if word in {"IAM_ROLE", "CREDENTIALS"}:
            said.add("role")
            place += 1
        elif word == "STATUPDATE":
            place += 1
        elif word == "MANIFEST":
            said.add("manifest")
        elif word == "SERIALIZETOJSON":
            said.add("json")
        elif word == "PARQUET":
            said.add("parquet")
        elif word not in {"FORMAT", "AS", "WITH"}:
            raise unknown(f"COPY's {found[place].sql}")
        place += 1
    return said


def copied(connection: Any, copy: Copy, fetch: Fetch, keys: Keys) -> int:
    """Do it, in the transaction of the connection; gives the rows.

    Raises:
        SqlError: a file is missing or cut short, or it is not of the table's columns.
    """
    columns = _columns(connection, copy.table)
    rows = 0
    statement = f"COPY {copy.table} FROM STDIN".encode()
    for url, length in _files(copy, fetch, keys):
        content = _fetched(url, fetch)
        if content is None:
            raise SqlError(f"Spectrum Scan Error: the S3 object {url} does not exist")
        if length is not None and length != len(content):
            raise SqlError(f"Spectrum Scan Error: {url} is not of the manifest's content_length")
        with connection.cursor() as cursor, cursor.copy(statement) as out:
            for row in _rows(url, content, columns, to_json=copy.to_json):
                out.write_row(row)
                rows += 1
    return rows


def _files(copy: Copy, fetch: Fetch, keys: Keys) -> list[tuple[str, int | None]]:
    if not copy.manifest:
        bucket, _, prefix = copy.url.removeprefix("s3://").partition("/")
        found = [(f"s3://{bucket}/{key}", None) for key in keys(bucket, prefix)]
        if not found:
            raise SqlError(f"The specified S3 prefix '{copy.url}' does not exist")
        return list(found)
    content = _fetched(copy.url, fetch)
    if content is None:
        raise SqlError(f"The specified S3 prefix '{copy.url}' does not exist")
    try:
        entries = json.loads(content)["entries"]
        # Columnar formats need `meta`:
        # https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
        return [(e["url"], int(e["meta"]["content_length"])) for e in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise SqlError(f"the manifest {copy.url} cannot be read: {error!r}") from error


def _fetched(url: str, fetch: Fetch) -> bytes | None:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return fetch(bucket, key)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    length: int | None
    scale: int | None


def _columns(connection: Any, table: str) -> list[_Column]:
    found = connection.execute(
        """SELECT a.attname, format_type(a.atttypid, NULL),
                  CASE WHEN a.atttypid = 'varchar'::regtype THEN a.atttypmod - 4 END,
                  CASE WHEN a.atttypid = 'numeric'::regtype THEN (a.atttypmod - 4) & 65535 END
           FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0
           AND NOT a.attisdropped ORDER BY a.attnum""",
        (table,),
    ).fetchall()
    return [_Column(*row) for row in found]


def _rows(
    url: str, content: bytes, columns: Sequence[_Column], *, to_json: bool
) -> Iterator[list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
    except pa.ArrowInvalid as error:
        raise SqlError(f"Spectrum Scan Error: {url} is no Parquet file: {error}") from error
    fields = list(file.schema_arrow)
    if len(fields) != len(columns):
        raise SqlError(
            f"Spectrum Scan Error: {url} has {len(fields)} columns, the table {len(columns)}"
        )
    for field, column in zip(fields, columns, strict=True):
        _refuse_other_type(url, field, column, to_json=to_json)
    for batch in file.iter_batches():
        values = [batch.column(i).to_pylist() for i in range(len(columns))]
        for row in zip(*values, strict=True):
            yield [_value(v, c) for v, c in zip(row, columns, strict=True)]


def _refuse_other_type(url: str, field: Any, column: _Column, *, to_json: bool) -> None:
    import pyarrow.types as t

    kind = field.type
    if column.type == "jsonb":
        fits = t.is_nested(kind) and to_json
    elif column.type == "numeric":
        fits = t.is_decimal(kind) and kind.scale == column.scale
    else:
        tests = {
            "smallint": t.is_int16,
            "integer": t.is_int32,
            "bigint": t.is_int64,
            "double precision": t.is_float64,
            "real": t.is_float32,
            "boolean": t.is_boolean,
            "date": t.is_date,
            "character varying": t.is_string,
            "bytea": t.is_binary,
            "timestamp without time zone": lambda k: t.is_timestamp(k) and k.tz is None,
        }
        if column.type not in tests:
            raise unknown(f"COPY of Parquet into a column of type {column.type}")
        fits = tests[column.type](kind)
    if not fits:
        raise SqlError(
            f"Spectrum Scan Error: incompatible Parquet schema: column '{field.name}' of {url} is "
            f"{kind}, the table's `{column.name}` {column.type}"
        )


def _value(value: Any, column: _Column) -> Any:
    if value is None:
        return None
    if column.type == "jsonb":
        return json.dumps(value, default=str)
    if column.length is not None and len(value.encode()) > column.length:
        # Redshift counts bytes, PostgreSQL characters.
        raise SqlError(
            f"Spectrum Scan Error: the length of the data column {column.name} is longer than the "
            f"length defined in the table: {len(value.encode())} > {column.length}"
        )
    return value
