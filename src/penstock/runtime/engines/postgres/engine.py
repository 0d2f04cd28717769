"""PostgreSQL: statements run in a database; sources are copied in, results copied out.

Files are read, rules checked and targets written by DuckDB, as for every engine; between the two
rows travel as CSV over COPY. Each run has a schema of its own in the database, gone after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.engines.duckdb.engine import DuckDBEngine
from penstock.runtime.engines.postgres.server import Server
from penstock.runtime.engines.postgres.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path


class PostgresEngine(DuckDBEngine):
    """DuckDB around a PostgreSQL database.

    The server is that of the environment variable `PENSTOCK_POSTGRES_DSN`, or an embedded one for
    the length of the run.

    Raises:
        MissingExtra: psycopg, or for an embedded server pgserver, is not installed.
        SourceUnavailable: there is no server, or it refuses.
    """

    name = "postgres"

    def __init__(
        self, *, work: Path, memory_bytes: int | None = None, threads: int | None = None
    ) -> None:
        super().__init__(work=work, memory_bytes=memory_bytes, threads=threads)
        try:
            self._server = Server(work)
        except BaseException:
            super().close()
            raise
        self.transformer = self._workshop = Workshop(self._database, self._server)

    def interrupt(self) -> None:
        """Make running queries stop, here and there."""
        super().interrupt()
        self._server.interrupt()

    def close(self) -> None:
        """Drop the run's schema, end an embedded server, free the rest."""
        self._server.close()
        super().close()
