"""The server that statements run on: the user's, or an embedded one; a schema for the run."""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import tempfile
import threading
import warnings
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, SourceUnavailable
from penstock.runtime.engines.postgres import helpers

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

DSN = "PENSTOCK_POSTGRES_DSN"
_WANTED_BY = "the engine `postgres`"
# What the text of values depends on: https://www.postgresql.org/docs/16/runtime-config-client.html
_SETTINGS = (
    "SET TIME ZONE 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET extra_float_digits = 1",
    "SET bytea_output = 'hex'",
    "SET standard_conforming_strings = on",
)
# One at a time installs the helpers: CREATE OR REPLACE of one function by two fails.
_INSTALLING = 7013201
# Held by the session of a run, so that others know that its schema is in use.
_RUNNING = 7013202
_CONNECT_SECONDS = 15
# https://www.postgresql.org/docs/16/errcodes-appendix.html
_READ_ONLY, _FORBIDDEN, _IN_USE, _OTHER_SHAPE = "25006", "42501", "2BP01", "42P13"


class Server:
    """Connections to one server, one for each thread, all in the run's schema."""

    def __init__(self, work: Path) -> None:
        try:
            importlib.import_module("psycopg")
        except ImportError as error:
            raise MissingExtra("psycopg", "postgres", wanted_by=_WANTED_BY) from error
        self.work = work / "postgres"
        self.work.mkdir(parents=True, exist_ok=True)
        self.schema = f"penstock_run_{secrets.token_hex(6)}"
        self._folder: str | None = None
        self._embedded: Any = None
        self._local = threading.local()
        self._guard = threading.Lock()
        self._open: list[psycopg.Connection[Any]] = []
        self.interrupted = False
        self._dsn = os.environ.get(DSN) or self._start()
        try:
            first = self.connection()
            self._prepare(first)
        except BaseException:
            self.close()
            raise

    def connection(self) -> psycopg.Connection[Any]:
        """This thread's connection.

        Raises:
            SourceUnavailable: the server does not answer, or refuses.
        """
        import psycopg

        found: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if found is not None and not found.closed:
            return found
        try:
            made = psycopg.connect(self._dsn, autocommit=True, **self._patience())
            for setting in _SETTINGS:
                made.execute(setting)
            made.execute(f'SET search_path = "{self.schema}"')
        except psycopg.Error as error:
            raise SourceUnavailable(
                f"the PostgreSQL server for the statements does not answer: {_first_line(error)}",
                hint=f"see the environment variable {DSN}; without it a server is started",
            ) from error
        with self._guard:
            self._open.append(made)
        self._local.connection = made
        return made

    def _patience(self) -> dict[str, Any]:
        """A time limit for connecting, where the user has given none.

        Raises:
            SourceUnavailable: what the user has given is no connection string.
        """
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        try:
            given = conninfo_to_dict(self._dsn)
        except psycopg.Error as error:
            # What libpq says repeats the text, and there is a password in it.
            raise SourceUnavailable(
                f"the environment variable {DSN} is no connection string of PostgreSQL",
                hint="such as postgresql://user:password@host:5432/database",
            ) from error
        return {} if "connect_timeout" in given else {"connect_timeout": _CONNECT_SECONDS}

    def gone(self) -> bool:
        """Whether this thread's connection has broken."""
        found: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        return found is not None and found.broken

    def interrupt(self) -> None:
        """Cancel what runs."""
        self.interrupted = True
        with self._guard:
            running = list(self._open)
        for each in running:
            with suppress(Exception):
                each.cancel()

    def close(self) -> None:
        """Drop the schema, close the connections, end an embedded server. Safe to call twice."""
        with self._guard:
            running, self._open = list(self._open), []
        for i, each in enumerate(running):
            with suppress(Exception):
                if i == 0:
                    each.execute(f'DROP SCHEMA IF EXISTS "{self.schema}" CASCADE')
            with suppress(Exception):
                each.close()
        if self._embedded is not None:
            with suppress(Exception):
                self._embedded.cleanup()
            self._embedded = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it asks for a folder that only desktops have
            try:
                pgserver: Any = importlib.import_module("pgserver")
            except ImportError as error:
                raise MissingExtra("pgserver", "engine-postgres", wanted_by=_WANTED_BY) from error
            # The path of a socket may not be long.
            self._folder = tempfile.mkdtemp(prefix="penstock-pg-")
            self._embedded = pgserver.get_server(self._folder)
        return f"host={self._folder} user=postgres dbname=postgres"

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        import psycopg

        try:
            ((encoding,),) = connection.execute("SHOW server_encoding").fetchall()
            if encoding != "UTF8":
                raise SourceUnavailable(
                    f"the database's encoding is {encoding}, and texts need UTF8",
                    hint="CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
                )
            self._install(connection)
            _sweep(connection)
            # Until this session ends, or its machine does.
            connection.execute(f"SELECT pg_advisory_lock({_RUNNING}, {_key(self.schema)})")
            connection.execute(f'CREATE SCHEMA "{self.schema}"')
        except psycopg.Error as error:
            raise SourceUnavailable(
                f"the database cannot be made ready for statements: {_first_line(error)}",
                hint=_HINTS.get(error.sqlstate or ""),
            ) from error

    def _install(self, connection: psycopg.Connection[Any]) -> None:
        """The helper functions, where they are not there or another Penstock's."""
        import psycopg

        with connection.transaction():
            connection.execute(f"SELECT pg_advisory_xact_lock({_INSTALLING})")
            found = connection.execute(helpers.INSTALLED).fetchall()
            if found and found[0][0] == helpers.MARK:
                return
            try:
                with connection.transaction():
                    connection.execute(helpers.SETUP)
            except psycopg.Error as error:
                if error.sqlstate != _OTHER_SHAPE:
                    raise
                connection.execute(helpers.REMOVE)
                connection.execute(helpers.SETUP)
            connection.execute(f"COMMENT ON SCHEMA penstock IS '{helpers.MARK}'")


_HINTS = {
    _READ_ONLY: "name a server that can be written to, not a standby",
    _FORBIDDEN: "as the owner: GRANT CREATE ON DATABASE … TO …; the functions in the schema "
    "`penstock` are renewed by the user who made them",
    _IN_USE: "a run of another version of Penstock uses its functions: wait for its end",
}


def _sweep(connection: psycopg.Connection[Any]) -> None:
    """Drop the schemas of runs that were killed: no session holds their locks."""
    import psycopg

    sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'penstock\\_run\\_%'"
    for (name,) in connection.execute(sql).fetchall():
        lock = f"{_RUNNING}, {_key(name)}"
        if not connection.execute(f"SELECT pg_try_advisory_lock({lock})").fetchall()[0][0]:
            continue
        # Another user's cannot be dropped, and is no concern of this run.
        with suppress(psycopg.Error):
            connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
        connection.execute(f"SELECT pg_advisory_unlock({lock})")


def _key(schema: str) -> int:
    """A lock's number, of 32 bits with a sign."""
    return zlib.crc32(schema.encode()) - (1 << 31)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
