"""Relations of one run in PostgreSQL: taken in, made by statements, given back."""

from __future__ import annotations

import itertools
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from penstock.errors import Interrupted, SourceUnavailable, StepFailed
from penstock.runtime.engines.postgres import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.postgres.server import Server

# https://www.postgresql.org/docs/16/errcodes-appendix.html
_CANCELED = "57014"
_ENDED = ("08", "57P")  # the connection, the server
_HINTS = {
    "22021": "PostgreSQL's texts hold no character 0: take it out where the data is made",
    "22P05": "PostgreSQL's texts hold no character 0: take it out where the data is made",
    "54011": "a table of PostgreSQL has at most 1,600 columns: select those that are needed",
    "53100": "the server's disk is full",
}
_CHUNK = 1 << 20


class Workshop:
    """The engine's `Transformer`."""

    lazy = False

    def __init__(self, database: Database, server: Server) -> None:
        self._database = database
        self._server = server
        self._there: set[str] = set()
        self._numbers = itertools.count()
        self._taking = threading.Lock()

    def has(self, relation: str) -> bool:  # noqa: ARG002
        """Rules are evaluated over the copy that DuckDB has anyway."""
        return False

    def take(self, relations: Sequence[str]) -> None:
        """Copy relations of DuckDB into the run's schema, each once."""
        for relation in relations:
            # Datasets side by side may need the same one: whoever comes second waits for it.
            with self._taking:
                self._take(relation)

    def _take(self, relation: str) -> None:
        if relation in self._there:
            return
        columns = exchange.columns_of(self._database, relation)
        path = self._server.work / f"in-{next(self._numbers)}.csv"
        try:
            self._database.execute(
                exchange.copy_out(relation, columns, path), f"reading `{relation}`"
            )
            self._copy_in(relation, columns, path)
        finally:
            path.unlink(missing_ok=True)
        self._there.add(relation)

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of `sql`."""
        kind = "UNLOGGED TABLE" if materialize else "VIEW"
        with self._told(f"making `{relation}`"):
            connection = self._server.connection()
            connection.execute(f"CREATE {kind} {exchange.quote(relation)} AS {sql}")
            if materialize:
                connection.execute(f"ANALYZE {exchange.quote(relation)}")
        self._there.add(relation)

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query."""
        text = sql if limit is None else f"SELECT * FROM ({sql}) AS q LIMIT {int(limit)}"
        with self._told():
            done = self._server.connection().execute(text)
            names = [c.name for c in done.description or ()]
            return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def give(self, relation: str, schema: Sequence[Column]) -> None:
        """Copy the rows of `relation` into a table of DuckDB."""
        path = self._server.work / f"out-{next(self._numbers)}.csv"
        try:
            with self._told(f"reading `{relation}`"), path.open("wb") as file:
                connection = self._server.connection()
                with connection.cursor().copy(exchange.give_sql(relation, schema)) as copy:
                    for block in copy:
                        file.write(block)
            sql = exchange.read_back(path, schema)
            self._database.execute(
                f"CREATE OR REPLACE TABLE {exchange.quote(relation)} AS {sql}",
                f"making `{relation}`",
            )
        finally:
            path.unlink(missing_ok=True)

    def _copy_in(self, relation: str, columns: Sequence[Column], path: Any) -> None:
        # A name of its own, which PostgreSQL does not cut.
        staged = f"in {next(self._numbers)}" if exchange.staged(columns) else relation
        with self._told(f"copying `{relation}`"):
            connection = self._server.connection()
            connection.execute(exchange.table_sql(staged, columns))
            names = ", ".join(exchange.quote(c.name) for c in columns)
            into = f"COPY {exchange.quote(staged)} ({names}) FROM STDIN (FORMAT csv)"
            with path.open("rb") as file, connection.cursor().copy(into) as copy:
                while block := file.read(_CHUNK):
                    copy.write(block)
            if staged != relation:
                connection.execute(exchange.unstaged_sql(relation, staged, columns))
                connection.execute(f"DROP TABLE {exchange.quote(staged)}")
            connection.execute(f"ANALYZE {exchange.quote(relation)}")

    @contextmanager
    def _told(self, doing: str = "") -> Iterator[None]:
        """PostgreSQL's errors in the reader's words."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            if state == _CANCELED and self._server.interrupted:
                raise Interrupted("interrupted") from error
            message = _plain(error.diag.message_primary or str(error))
            before = f"{doing}: " if doing else ""
            if state.startswith(_ENDED) or self._server.gone():
                raise SourceUnavailable(
                    f"{before}the PostgreSQL server ended: {message}",
                    hint="nothing of this run is published; start it again when the server is back",
                ) from error
            hint = _HINTS.get(state) or error.diag.message_hint or error.diag.message_detail
            raise StepFailed(
                f"{before}PostgreSQL says: {message}{_row(error.diag.context)}", hint=hint
            ) from error


def _row(context: str | None) -> str:
    """Where in the rows, of `COPY orders, line 3, column at: "x"`."""
    found = re.match(r"COPY .*?, line (\d+)(?:, column (\w+))?", context or "")
    if not found:
        return ""
    return f" (row {found[1]}" + (f", column `{found[2]}`)" if found[2] else ")")


def _plain(message: str) -> str:
    return re.sub(r"\s+", " ", message).strip()
