"""Spark: statements run in a Spark session; rows travel as Parquet.

Files are read, rules checked and targets written by DuckDB, as for every engine. The session is
local, unless Spark's own configuration names another master; the run's working folder must then be
one that its executors share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.engines.duckdb.engine import DuckDBEngine
from penstock.runtime.engines.spark.session import Session
from penstock.runtime.engines.spark.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path


class SparkEngine(DuckDBEngine):
    """DuckDB around a Spark session.

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
        self.transformer = Workshop(self._database, self._session)

    def interrupt(self) -> None:
        """Make running queries stop, here and there."""
        super().interrupt()
        self._session.interrupt()

    def close(self) -> None:
        """End the session, free the rest."""
        self._session.close()
        super().close()
