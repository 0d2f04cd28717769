"""Rows out of a server as Arrow tables: several connections, one snapshot, little memory.

Each range is one COPY. What has arrived and is not taken yet is a few chunks for each connection,
whatever the size of the table. psycopg's COPY keeps up with the server, and pyarrow reads the
chunks outside Python's lock, so that two connections are read faster than one.
"""

from __future__ import annotations

import json
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import StepFailed
from penstock.runtime.arrow_types import arrow_type
from penstock.runtime.engines.base import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from penstock.program import Column

CHUNK = 4 << 20
"""Bytes that are read as one table; a row is never cut."""
WAITING = 2
"""Tables for each connection that may wait for the engine."""
POLL_SECONDS = 0.1


@dataclass(slots=True)
class Told:
    """What is known of the rows once they were read."""

    bytes: int = 0
    rows: int = 0
    rejected: list[Rejected] = field(default_factory=list)


class Reader:
    """Makes tables of chunks of CSV, without the rejected rows.

    Args:
        name: what rejected rows are said to be of.
        reasons: column and reason, by number.
    """

    def __init__(
        self, name: str, schema: Sequence[Column], reasons: Sequence[tuple[str, str]]
    ) -> None:
        import pyarrow as pa

        self._name = name
        self._reasons = reasons
        self._kinds = [types.parse(c.type) for c in schema]
        self._columns = [c.name for c in schema]
        self._names = [*(f"c{i}" for i in range(len(schema))), "reason", "raw"]
        arrived = [
            pa.string() if k.name in {"list", "blob"} else arrow_type(k) for k in self._kinds
        ]
        self._types = dict(zip(self._names, [*arrived, pa.int32(), pa.string()], strict=True))

    def table(self, data: bytes, told: Told) -> Any:
        """The rows of a chunk that are taken; what is rejected is noted."""
        import pyarrow as pa
        from pyarrow import compute, csv

        try:
            table = csv.read_csv(
                pa.py_buffer(data),
                csv.ReadOptions(
                    use_threads=False, block_size=len(data) + 1, column_names=self._names
                ),
                csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                csv.ConvertOptions(
                    column_types=self._types,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    true_values=["t"],
                    false_values=["f"],
                ),
            )
        except pa.ArrowInvalid as error:
            raise StepFailed(
                f"a value of {self._name} is not what its column's type says: {error}",
                hint="is the database's encoding SQL_ASCII? Then text may be no UTF-8",
            ) from error
        reason = table.column("reason")
        if reason.null_count < len(reason):
            bad = table.filter(compute.is_valid(reason))
            pairs = zip(
                bad.column("reason").to_pylist(), bad.column("raw").to_pylist(), strict=True
            )
            told.rejected += [
                Rejected(self._name, None, self._reasons[number][0], self._reasons[number][1], raw)
                for number, raw in pairs
            ]
            table = table.filter(compute.is_null(reason))
        arrays = [_typed(table.column(i), kind) for i, kind in enumerate(self._kinds)]
        told.rows += table.num_rows
        told.bytes += len(data)
        return pa.table(arrays, names=self._columns)


def tables(
    connections: Sequence[Any], statements: Sequence[str], reader: Reader, told: Told
) -> Generator[Any]:
    """The tables of some COPYs, in any order, as they arrive.

    Args:
        connections: each is used by one thread; closed by whoever opened it.
    """
    todo: queue.SimpleQueue[str] = queue.SimpleQueue()
    for statement in statements:
        todo.put(statement)
    arrived: queue.Queue[Any] = queue.Queue(WAITING * len(connections))
    stop = threading.Event()
    guard = threading.Lock()

    def put(item: Any) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                arrived.put(item, timeout=POLL_SECONDS)
                return

    def work(connection: Any) -> None:
        mine = Told()
        try:
            while not stop.is_set():
                try:
                    statement = todo.get_nowait()
                except queue.Empty:
                    break
                for data in _chunks(connection, statement, stop):
                    put(reader.table(data, mine))
        except BaseException as error:  # noqa: BLE001  # raised again where the tables are taken
            put(error)
        finally:
            with guard:
                told.rows += mine.rows
                told.bytes += mine.bytes
                told.rejected += mine.rejected
            put(None)

    threads = [
        threading.Thread(target=work, args=(c,), name="penstock-postgres", daemon=True)
        for c in connections
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _taken(arrived, len(threads))
    finally:
        stop.set()
        for connection, thread in zip(connections, threads, strict=True):
            if thread.is_alive():
                with suppress(Exception):  # it is closed below, whatever it answers
                    connection.cancel_safe(timeout=5)
            thread.join()


def _taken(arrived: queue.Queue[Any], working: int) -> Iterator[Any]:
    while working:
        try:
            # A wait without an end could not be interrupted.
            item = arrived.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if item is None:
            working -= 1
        elif isinstance(item, BaseException):
            raise item
        else:
            yield item


def _chunks(connection: Any, statement: str, stop: threading.Event) -> Iterator[bytes]:
    """The text of a COPY in chunks of whole rows."""
    data = bytearray()
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in copy:
            data += row
            if len(data) >= CHUNK:
                if stop.is_set():
                    return
                yield bytes(data)
                data.clear()
    if data:
        yield bytes(data)


def _typed(column: Any, kind: types.Type) -> Any:
    """A column that arrived as text, as what it is."""
    import pyarrow as pa

    if kind.name == "blob":
        return pa.chunked_array([_bytes(chunk) for chunk in column.chunks], type=pa.binary())
    if kind.name != "list":
        return column
    element = kind.fields[0][1]
    read = _FROM_TEXT.get(element.name, str)
    made = [
        None if text is None else [None if e is None else read(e) for e in json.loads(text)]
        for text in column.to_pylist()
    ]
    return pa.array(made, arrow_type(kind))


def _bytes(chunk: Any) -> Any:
    import pyarrow as pa

    return pa.array(
        [None if t is None else bytes.fromhex(t) for t in chunk.to_pylist()], pa.binary()
    )


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text in {"t", "true"},
    "smallint": int,
    "integer": int,
    "bigint": int,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "blob": bytes.fromhex,
}
