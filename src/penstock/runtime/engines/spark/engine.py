"""Spark: reads Parquet, runs the statements, evaluates portable rules and writes Parquet itself.

What it cannot do with the same meaning is done by DuckDB, as for every engine: other formats of
files, rules that are not portable, rows that are set aside, Python steps, other targets. A
relation goes from one to the other only then. The session is local, unless Spark's own
configuration names another master; the run's working folder must then be one that its executors
share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.runtime.engines.base import Projection
from penstock.runtime.engines.duckdb.engine import DuckDBEngine
from penstock.runtime.engines.duckdb.quoting import name as quote
from penstock.runtime.engines.spark.reading import Reader
from penstock.runtime.engines.spark.session import Session
from penstock.runtime.engines.spark.workshop import Workshop
from penstock.runtime.engines.spark.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from penstock.program import Column
    from penstock.runtime.engines.base import (
        DataFile,
        Extracted,
        FileFormat,
        InputFile,
        WriteSpec,
    )


class SparkEngine(DuckDBEngine):
    """A Spark session, and DuckDB for what Spark does not do the same.

    Raises:
        MissingExtra: pyspark is not installed.
        Unavailable: there is no Java, or the session does not start.
    """

    name = "spark"

    def __init__(
        self, *, work: Path, memory_bytes: int | None = None, threads: int | None = None
    ) -> None:
        super().__init__(work=work, memory_bytes=memory_bytes, threads=threads)
        try:
            self._session = Session(work, memory_bytes=memory_bytes, threads=self.threads)
        except BaseException:
            super().close()
            raise
        self.transformer = self._workshop = Workshop(self._database, self._session)
        self._reader = Reader(self._database, self._session, self._workshop)
        self._writer = Writer(self._database, self._session, self._workshop)

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
        """Make `relation` of the files: in Spark where it reads the same, else in DuckDB."""
        if fmt.name == "parquet":
            found = self._reader.read(relation, files, schema, evolution, self.work)
            if found is not None:
                return found
        return super().read_files(relation, files, fmt, schema, evolution=evolution, keep=keep)

    def ingest(self, relation: str, batches: Iterable[Any], schema: Sequence[Column]) -> int:
        """Make `relation` of Arrow record batches, in DuckDB."""
        self._workshop.forget(relation)
        return super().ingest(relation, batches, schema)

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of DuckDB's `sql`, in DuckDB."""
        self._bring(sql)
        self._workshop.forget(relation)
        super().create(relation, sql, materialize=materialize)

    def drop(self, relation: str) -> None:
        """Free a relation, here and there."""
        self._workshop.forget(relation)
        super().drop(relation)

    def count(self, relation: str) -> int:
        """Rows of a relation, counted where it is."""
        if self._workshop.has(relation):
            return self._workshop.count(relation)
        return super().count(relation)

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query of DuckDB's."""
        self._bring(sql)
        return super().rows(sql, limit=limit)

    def batches(self, relation: str) -> Iterator[Any]:
        """A relation as Arrow record batches, streamed."""
        self._bring(quote(relation))
        return super().batches(relation)

    def write_files(self, sql: str, spec: WriteSpec) -> list[DataFile]:
        """Write the rows of a query: by Spark where it has them and writes the same."""
        if (
            isinstance(sql, Projection)
            and self._workshop.has(sql.relation)
            and self._writer.can(sql, spec)
        ):
            written = self._writer.write(sql, spec)
            self._reader.unchanged()
            if written is not None:
                return written
        self._bring(sql)
        return super().write_files(sql, spec)

    def _bring(self, sql: str) -> None:
        """Have what Spark made of the files, if they were the same all the time."""
        if self._workshop.bring(sql):
            self._reader.unchanged()

    def interrupt(self) -> None:
        """Make running queries stop, here and there."""
        super().interrupt()
        self._session.interrupt()

    def close(self) -> None:
        """End the session, free the rest."""
        self._session.close()
        super().close()
