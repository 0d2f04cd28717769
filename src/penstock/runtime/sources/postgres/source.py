"""The `postgres` source: a table, or the rows of a query, of PostgreSQL, RDS or Aurora.

Everything is read in one transaction that may not write, by COPY, and under one snapshot however
many connections read: the rows are those of one moment.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.diagnostics import did_you_mean
from penstock.errors import RowsUnaccounted, SourceUnavailable, StepFailed
from penstock.program import Column
from penstock.runtime.engines.base import Extracted
from penstock.runtime.identity import digest
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.postgres import splitting
from penstock.runtime.sources.postgres.columns import describe, take
from penstock.runtime.sources.postgres.connecting import connect, require_psycopg
from penstock.runtime.sources.postgres.options import PostgresSourceOptions
from penstock.runtime.sources.postgres.query import CODE_MISSING, build, inside, matched, quoted
from penstock.runtime.sources.postgres.refusals import CODE_REACH, is_lost, refused_statement
from penstock.runtime.sources.shapes import Shape, Shaped
from penstock.runtime.widening import widens

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import psycopg

    from penstock.program import Read
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.sources.postgres.columns import ServerColumn
    from penstock.runtime.sources.postgres.copying import Told

CODE_UNMAPPED = "PSK-SRC-110"
ATTEMPTS = 3
_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


class PostgresSource:
    """Reads what `table` or `query` names.

    Identity of a slice: of a table, the set of transactions whose work is seen
    (`pg_current_snapshot`) and the start of the server. The same set shows the same rows, so that
    an idle database is not read again; any transaction that writes anywhere on the server makes
    another one, and a run then reads a table that may not have changed. What a query, a view or a
    foreign table gives may also depend on the clock or on another server: each plan of one is new.
    Read by a column, the bounds of the run are beside it.
    """

    honours_bounds = True
    record_format = "ndjson"

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._root = root
        self._options = PostgresSourceOptions(**read.options)
        table = self._options.table
        self._name = table if table is not None else f"the query of `{read.dataset}`"
        # On lines of its own: a query may end in a comment.
        query = (self._options.query or "").strip().rstrip(";")
        self._relation = _identifier(table) if table is not None else f"(\n{query}\n)"

    def check(self) -> None:
        """Whether it can be read, and as the schema says."""
        with closing(connect(self._options)) as connection:
            self._query(self._described(connection))

    def plan(self) -> Slice:
        """The state that the server is in now."""
        with closing(connect(self._options)) as connection:
            self._query(self._described(connection))
            return Slice(digest(self._state(connection)))

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:  # noqa: ARG002
        """Make `relation` of the rows inside the slice's bounds.

        A connection that is lost is made again, twice: then everything is read anew, of another
        snapshot, into an empty relation.

        Raises:
            SourceUnavailable: the server went away, or does not let it be read.
            StepFailed: the statement failed, or the table is not what it was.
        """
        require_psycopg()
        import psycopg

        for attempt in range(1, ATTEMPTS + 1):
            again = attempt < ATTEMPTS
            try:
                return self._extracted(part, engine, relation)
            except psycopg.Error as error:
                if not (is_lost(error) and again):
                    raise refused_statement(error, self._name) from error
            except SourceUnavailable as error:
                # A server that went away takes a while to come back.
                if attempt == 1 or not again or error.code != CODE_REACH:
                    raise
            engine.drop(relation)
            time.sleep(attempt)
        raise AssertionError("the last attempt raises")

    def infer(self) -> Inferred:
        """The columns as the server's catalogue has them.

        Raises:
            StepFailed: there is one of a type that no type of the pipeline file holds.
        """
        with closing(connect(self._options)) as connection:
            server = self._described(connection)
        unmapped = [f"`{c.name}` is {c.spelled}" for c in server if c.type is None]
        if unmapped:
            raise StepFailed(
                f"no type holds every value of these columns of {self._name}: "
                + ", ".join(unmapped),
                code=CODE_UNMAPPED,
                hint="declare them as varchar under `schema`, for their text; or cast them in a "
                "`query:`",
            )
        loose = [f"`{c.name}`" for c in server if c.unconstrained]
        note = (
            f"; numeric without a precision is read as decimal(38,9), and rows that do not fit are "
            f"rejected: {', '.join(loose)}"
            if loose
            else ""
        )
        columns = tuple(Column(c.name, c.type or "") for c in server)
        return Inferred(columns, f"the server's catalogue, {self._name}{note}")

    def shapes(self, schema: Sequence[Column], *, grow: bool) -> list[Shaped]:
        """The columns that are there, as the one shape of this source.

        Args:
            grow: also find the types that are wider there than in the schema.
        """
        with closing(connect(self._options)) as connection:
            server = self._described(connection)
        grown, unread = {}, []
        unnamed = {c.name: c.spelled for c in server if c.type is None}
        found = matched(schema, server)
        for column in schema:
            have = found.get(column.name)
            if have is None:
                continue
            want, mine = types.parse(column.type), have.type
            if take(have, want, "x") is None:
                unread.append(column.name)
                continue
            unnamed.pop(have.name, None)  # declared, and read as its text
            if grow and mine and widens(want, types.parse(mine)):
                grown[column.name] = mine
        shape = Shape(
            columns=tuple(Column(c.name, c.type or "") for c in server),
            grown=grown,
            unread=tuple(unread) if grow else (),
            unnamed=unnamed,
        )
        return [Shaped(self._name, shape, ordered=False)]

    # -- the server

    def _extracted(self, part: Slice, engine: Engine, relation: str) -> Extracted:
        from penstock.runtime.sources.postgres.copying import Reader, Told, tables

        told = Told()
        with ExitStack() as stack:
            first = stack.enter_context(closing(connect(self._options)))
            server = self._described(first)
            query = self._query(server)
            conditions = self._conditions(part, server)
            ranges = splitting.ranges(first, self._options, self._relation, server, conditions)
            connections: list[psycopg.Connection[Any]] = [first]
            if len(ranges) > 1:
                row = first.execute("SELECT pg_export_snapshot()").fetchone()
                assert row is not None
                # The snapshot is there as long as `first` stays in its transaction.
                connections = [
                    stack.enter_context(closing(connect(self._options, str(row[0]))))
                    for _ in range(min(self._options.parallel, len(ranges)))
                ]
            statements = [query.copy([*conditions, *within]) for within in ranges]
            reader = Reader(self._name, self._read.schema, query.reasons)
            incoming = stack.enter_context(closing(tables(connections, statements, reader, told)))
            rows = engine.ingest(relation, incoming, self._read.schema)
        return self._accounted(rows, told)

    def _accounted(self, rows: int, told: Told) -> Extracted:
        if rows != told.rows:
            raise RowsUnaccounted(
                f"{self._name} gave {told.rows:,} rows, and {rows:,} were taken in",
                hint="nothing was published; please report it",
            )
        return Extracted(rows + len(told.rejected), rows, told.bytes, told.rejected)

    def _described(self, connection: psycopg.Connection[Any]) -> list[ServerColumn]:
        import psycopg

        try:
            server = describe(connection, f"{self._relation} AS t")
        except psycopg.Error as error:
            near = None
            if error.sqlstate in {"42P01", "3F000"} and self._options.table is not None:
                near = self._near(connection)
            raise refused_statement(error, self._name, near) from error
        names = [c.name for c in server]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise StepFailed(
                f"{self._name} gives two columns named `{twice}`",
                code=CODE_UNMAPPED,
                hint="name each column of a query, once",
            )
        return server

    def _query(self, server: Sequence[ServerColumn]) -> Any:
        read = self._read
        return build(self._relation, self._name, server, read.schema, read.schema_evolution)

    def _conditions(self, part: Slice, server: Sequence[ServerColumn]) -> list[str]:
        """SQL of the rows that are inside the bounds of a run."""
        if not part.bounds:
            return []
        column = str(part.bounds["column"])
        have = matched(self._read.schema, server).get(column)
        if have is None:
            raise StepFailed(
                f"{self._name} has no column `{column}` to read by",
                code=CODE_MISSING,
                hint="its columns: " + ", ".join(c.name for c in server),
            )
        return [inside(part.bounds, have)]

    def _state(self, connection: psycopg.Connection[Any]) -> list[str]:
        """What the rows follow from; with the time where they may follow from more."""
        snapshot = (
            "pg_current_snapshot"
            if connection.info.server_version >= 130_000
            else "txid_current_snapshot"
        )
        row = connection.execute(
            f"SELECT {snapshot}()::text, pg_postmaster_start_time()::text, current_database(), "
            "clock_timestamp()::text, EXISTS (SELECT FROM pg_catalog.pg_foreign_table), "
            "(SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = to_regclass(%s))",
            (self._relation if self._options.table is not None else "-",),
        ).fetchone()
        assert row is not None
        *state, now, foreign, kind = row
        plain = kind in {"r", "p", "m"} and not foreign
        return [*map(str, state), *([] if plain else [str(now)])]

    def _near(self, connection: psycopg.Connection[Any]) -> str:
        """Tables whose names are like the one asked for."""
        connection.rollback()
        rows = connection.execute(
            "SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) FROM pg_catalog.pg_class AS c "
            "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' "
            "AND n.nspname NOT LIKE 'pg\\_%%' ORDER BY 1, 2 LIMIT 10000",
        ).fetchall()
        bare = "." not in (self._options.table or "")
        names = [n if bare and visible else f"{schema}.{n}" for schema, n, visible in rows]
        return did_you_mean(self._options.table or "", names, noun="tables there")


def _identifier(table: str) -> str:
    """A table's name as SQL: each part as it is.

    >>> _identifier("sales.Orders"), _identifier('"a.b".c')
    ('"sales"."Orders"', '"a.b"."c"')
    """
    parts = [a.replace('""', '"') if a else b for a, b in _PART.findall(table)]
    return ".".join(quoted(p.strip() if p else p) for p in parts)
