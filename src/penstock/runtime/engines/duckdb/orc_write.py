"""Writing ORC files: DuckDB has no writer, so pyarrow writes what DuckDB streams."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penstock.errors import LoadFailed, MissingExtra
from penstock.runtime.engines.base import DataFile
from penstock.runtime.engines.duckdb.arrow import BATCH_ROWS
from penstock.runtime.engines.duckdb.quoting import name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.runtime.engines.base import WriteSpec
    from penstock.runtime.engines.duckdb.connection import Database

_COMPRESSION = {"gzip": "zlib", "none": "uncompressed"}
_STRIPE = 16 * 1024**2
_NULL = "__HIVE_DEFAULT_PARTITION__"
_PLAIN = " !#$&()+,-.;@[]^_`{}~"
# pyarrow reads ORC timestamps as nanoseconds in 64 bits, and refuses a whole file for one beyond.
_FIRST, _LAST = -9_223_372_036_854_775, 9_223_372_036_854_775


def write_orc(database: Database, sql: str, spec: WriteSpec) -> list[DataFile]:
    """Write the rows of a query; one file open at a time, so sorted rows make few files.

    Raises:
        MissingExtra: pyarrow is not installed.
        LoadFailed: a value that ORC readers cannot take.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtra("pyarrow", "orc", wanted_by="writing ORC files") from error
    files = _Files(spec)
    keys = spec.partition_by
    texts = [f"penstock__part_{i}" for i in range(len(keys))]
    more = "".join(
        f", CAST({name(k)} AS varchar) AS {name(t)}" for k, t in zip(keys, texts, strict=True)
    )
    order = [(k, False) for k in keys]
    order += [each for each in spec.order_by if each[0] not in keys]
    by = ", ".join(f"{name(c)} {'DESC' if down else 'ASC'} NULLS LAST" for c, down in order)
    text = f"SELECT *{more} FROM ({sql}) AS rows" + (f" ORDER BY {by}" if by else "")
    cursor = database.new_cursor()
    try:
        with database.guarded(text, "writing ORC"):
            reader = cursor.sql(text).to_arrow_reader(BATCH_ROWS)
        kept = [i for i, f in enumerate(reader.schema) if f.name not in {*keys, *texts}]
        schema = pa.schema([reader.schema.field(i) for i in kept])
        files.schema = schema
        while True:
            with database.guarded(text, "writing ORC"):
                batch = next(reader, None)
            if batch is None:
                break
            rows = pa.RecordBatch.from_arrays([batch.column(i) for i in kept], schema=schema)
            _refuse_far_times(rows)
            for start, end in _runs(batch, texts):
                values = tuple(batch.column(t)[start].as_py() for t in texts)
                files.write(values, _part(rows, start, end))
        if spec.single and not files.done and files.writer is None:
            files.open(())
        files.close()
    except (pa.ArrowException, NotImplementedError) as error:
        raise LoadFailed(f"ORC cannot hold these rows: {error}", code="PSK-TGT-126") from error
    finally:
        files.abandon()
        database.release(cursor)
    return files.done


def _runs(batch: Any, texts: list[str]) -> Iterator[tuple[int, int]]:
    """Stretches of rows with the same partition."""
    import pyarrow.compute as pc

    if not batch.num_rows:
        return
    ends = {batch.num_rows}
    for column in texts:
        ends.update(pc.run_end_encode(batch.column(column)).run_ends.to_pylist())
    start = 0
    for end in sorted(ends):
        yield start, end
        start = end


def _part(rows: Any, start: int, end: int) -> Any:
    """Some rows, copied: of a slice of structs pyarrow's ORC writer takes the wrong NULLs."""
    import pyarrow as pa

    if (start, end) == (0, rows.num_rows):
        return rows
    return rows.take(pa.array(range(start, end), pa.int64()))


def _refuse_far_times(rows: Any) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    for field, column in zip(rows.schema, rows.columns, strict=True):
        if not pa.types.is_timestamp(field.type) or not len(column):
            continue
        span = pc.min_max(column.cast(pa.timestamp("us")).cast(pa.int64())).as_py()
        if span["min"] is not None and not _FIRST <= span["min"] <= span["max"] <= _LAST:
            raise LoadFailed(
                f"column `{field.name}` has times before 1677-09-22 or after 2262-04-10, which "
                "readers of ORC cannot take",
                code="PSK-TGT-126",
                hint="make it text or a date, or write Parquet, Delta or Iceberg",
            )


class _Files:
    """The files of one query, one after another."""

    def __init__(self, spec: WriteSpec) -> None:
        self.spec = spec
        self.schema: Any = None
        self.done: list[DataFile] = []
        self.writer: Any = None
        self._values: tuple[str | None, ...] | None = None
        self._path: Path = spec.folder
        self._rows = 0
        self._count = 0

    def write(self, values: tuple[str | None, ...], rows: Any) -> None:
        """Add rows of a partition."""
        full = self.spec.file_size is not None and not self.spec.single
        if self.writer is not None and (
            values != self._values or (full and self._path.stat().st_size >= self.spec.file_size)  # type: ignore[operator]
        ):
            self.close()
        if self.writer is None:
            self.open(values)
        import pyarrow as pa

        self.writer.write(pa.Table.from_batches([rows], schema=self.schema))
        self._rows += rows.num_rows

    def open(self, values: tuple[str | None, ...]) -> None:
        """Begin a file."""
        from pyarrow import orc

        folder = self.spec.folder
        for key, value in zip(self.spec.partition_by, values, strict=True):
            folder /= f"{_escaped(key)}={_NULL if value is None else _escaped(value)}"
        folder.mkdir(parents=True, exist_ok=True)
        number = "" if self.spec.single else f"-{self._count}"
        self._path = folder / f"{self.spec.stem}{number}.orc"
        form = self.spec.format.compression or "zstd"
        self.writer = orc.ORCWriter(
            str(self._path),
            compression=_COMPRESSION.get(form, form),
            stripe_size=_STRIPE,
        )
        self._values, self._rows = values, 0
        self._count += 1

    def close(self) -> None:
        """Finish the file that is open."""
        if self.writer is None:
            return
        writer, self.writer = self.writer, None
        writer.close()
        keys = dict(zip(self.spec.partition_by, self._values or (), strict=True))
        size = self._path.stat().st_size
        self.done.append(DataFile(self._path, self._rows, size, keys))

    def abandon(self) -> None:
        """Let go of a file that was not finished."""
        if self.writer is not None:
            writer, self.writer = self.writer, None
            with suppress(Exception):
                writer.close()
            self._path.unlink(missing_ok=True)


def _escaped(text: str) -> str:
    """A name of a folder, as DuckDB's readers and Spark's take it apart again."""
    return quote(text, safe=_PLAIN.replace(" ", ""))
