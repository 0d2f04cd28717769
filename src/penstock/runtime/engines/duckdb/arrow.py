"""Arrow in and out: relations as record batches, record batches as relations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.runtime.arrow_types import arrow_schema, conform
from penstock.runtime.engines.duckdb.quoting import name
from penstock.runtime.python_step import require_pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.connection import Database

BATCH_ROWS = 61_440  # half a row group: 30 of DuckDB's vectors
_INCOMING = "penstock_incoming"


def batches(database: Database, relation: str) -> Iterator[Any]:
    """A relation as record batches, read as they are asked for, on a cursor of its own.

    There is at least one, so that the schema is known: an empty one where there are no rows.
    """
    require_pyarrow()
    import pyarrow as pa

    sql = f"SELECT * FROM {name(relation)}"
    cursor = database.new_cursor()
    try:
        with database.guarded(sql, f"reading `{relation}`"):
            reader = cursor.sql(sql).to_arrow_reader(BATCH_ROWS)
        some = False
        while True:
            with database.guarded(sql, f"reading `{relation}`"):
                batch = next(reader, None)
            if batch is None:
                break
            some = True
            yield batch
        if not some:
            yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    finally:
        database.release(cursor)


def ingest(
    database: Database, relation: str, incoming: Iterable[Any], schema: Sequence[Column]
) -> int:
    """Make `relation` of record batches; gives the number of rows.

    The iterable is read in the calling thread, one batch at a time.

    Raises:
        StepFailed: a batch's columns or types are not those of `schema`.
    """
    require_pyarrow()
    wanted = arrow_schema(schema)
    columns = ", ".join(f"{name(c.name)} {c.type}" for c in schema)
    database.execute(f"CREATE OR REPLACE TABLE {name(relation)} ({columns})")
    insert = f"INSERT INTO {name(relation)} SELECT * FROM {_INCOMING}"
    rows = 0
    cursor = database.new_cursor()  # the iterable may run queries on this thread's cursor
    try:
        for batch in database.stopping.each(incoming):
            table = conform(batch, wanted, schema, relation)
            if not table.num_rows:
                continue
            with database.guarded(insert, f"taking in `{relation}`"):
                cursor.register(_INCOMING, table)
                cursor.execute(insert)
                cursor.unregister(_INCOMING)
            rows += table.num_rows
    finally:
        database.release(cursor)
    return rows
