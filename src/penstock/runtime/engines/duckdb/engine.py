"""The DuckDB engine: the run loop's `Engine` over one in-memory database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.runtime.engines.duckdb import arrow, reading, results, writing
from penstock.runtime.engines.duckdb.connection import Database
from penstock.runtime.engines.duckdb.quoting import name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Column
    from penstock.runtime.engines.base import (
        DataFile,
        Extracted,
        FileFormat,
        InputFile,
        Transformer,
        WriteSpec,
    )


class DuckDBEngine:
    """Relations are tables and views of one in-memory database; each thread has its cursor.

    Args:
        work: folder for what does not fit in memory.
        memory_bytes: what the process may use; None: 80 % of the machine.
        threads: None: every core (one where 512 MB or less may be used).
    """

    name = "duckdb"
    transformer: Transformer | None = None

    def __init__(
        self, *, work: Path, memory_bytes: int | None = None, threads: int | None = None
    ) -> None:
        self.work = work
        self._database = Database(work, memory_bytes=memory_bytes, threads=threads)
        self.threads = self._database.threads

    def close(self) -> None:
        """Free everything, working files too. Safe to call twice."""
        self._database.close()

    def interrupt(self) -> None:
        """Make running queries stop with `Interrupted`."""
        self._database.interrupt()

    def read_files(
        self,
        relation: str,
        files: Sequence[InputFile],
        fmt: FileFormat,
        schema: Sequence[Column],
        *,
        evolution: str,
        keep: bool,
    ) -> Extracted:
        """Make `relation` of the files, typed as `schema`."""
        with self._database.working(relation):
            return reading.read_files(
                self._database, relation, files, fmt, schema, evolution=evolution, keep=keep
            )

    def ingest(self, relation: str, batches: Iterable[Any], schema: Sequence[Column]) -> int:
        """Make `relation` of Arrow record batches; gives the number of rows."""
        return arrow.ingest(self._database, relation, batches, schema)

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of `sql`; kept if `materialize`, else computed when read."""
        doing = f"making `{relation}`"
        self.drop(relation)
        kind = "TABLE" if materialize else "VIEW"
        with self._database.working(relation):
            self._database.execute(f"CREATE {kind} {name(relation)} AS {sql}", doing)

    def drop(self, relation: str) -> None:
        """Free a relation that nothing reads any more."""
        results.drop(self._database, relation)

    def count(self, relation: str) -> int:
        """Rows of a relation."""
        (row,) = self.rows(f"SELECT count(*) AS n FROM {name(relation)}")
        return int(row["n"])

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query as plain Python values."""
        return results.rows(self._database, sql, limit)

    def batches(self, relation: str) -> Iterator[Any]:
        """A relation as Arrow record batches, streamed."""
        return arrow.batches(self._database, relation)

    def write_files(self, sql: str, spec: WriteSpec) -> list[DataFile]:
        """Write the rows of a query to files, flushed to disk."""
        return writing.write_files(self._database, sql, spec)

    def progress(self) -> Callable[[], Mapping[str, float]] | None:
        """Relation → share done (0 to 1) of what runs now."""
        return self._database.progress

    def row_as_json(self, alias: str) -> str:
        """SQL expression, text: the row of the relation aliased `alias`, as a JSON object."""
        return f"CAST(to_json({name(alias)}) AS VARCHAR)"
