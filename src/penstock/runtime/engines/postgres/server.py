"""The server that statements run on: the user's, or an embedded one; a schema for the run."""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import tempfile
import threading
import warnings
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
            made = psycopg.connect(self._dsn, autocommit=True)
        except psycopg.Error as error:
            raise SourceUnavailable(
                f"the PostgreSQL server for the statements does not answer: {_first_line(error)}",
                hint=f"see the environment variable {DSN}; without it a server is started",
            ) from error
        for setting in _SETTINGS:
            made.execute(setting)
        made.execute(f'SET search_path = "{self.schema}"')
        with self._guard:
            self._open.append(made)
        self._local.connection = made
        return made

    def interrupt(self) -> None:
        """Cancel what runs."""
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
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock({_INSTALLING})")
                found = connection.execute(helpers.INSTALLED).fetchall()
                if not found or found[0][0] != helpers.MARK:
                    connection.execute(helpers.SETUP)
                    connection.execute(f"COMMENT ON SCHEMA penstock IS '{helpers.MARK}'")
            connection.execute(f'CREATE SCHEMA "{self.schema}"')
        except psycopg.Error as error:
            raise SourceUnavailable(
                f"the database cannot be made ready for statements: {_first_line(error)}",
                hint="the user must be allowed to create schemas (`penstock`, `penstock_run_…`)",
            ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
