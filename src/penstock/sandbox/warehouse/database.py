"""PostgreSQL as the warehouse: one server, one database for each workgroup's or cluster's."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import warnings
from importlib import import_module
from typing import Any

# What Redshift has and PostgreSQL has not, or under another name.
_SETUP = """
CREATE SCHEMA redshift;
CREATE FUNCTION redshift.json_parse(varchar) RETURNS jsonb LANGUAGE sql IMMUTABLE
    AS 'SELECT $1::jsonb';
CREATE FUNCTION redshift.json_serialize(jsonb) RETURNS varchar LANGUAGE sql IMMUTABLE
    AS 'SELECT $1::varchar';
CREATE FUNCTION redshift.from_hex(varchar) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS 'SELECT decode($1, ''hex'')';
CREATE FUNCTION redshift.to_hex(bytea) RETURNS varchar LANGUAGE sql IMMUTABLE
    AS 'SELECT encode($1, ''hex'')';
CREATE FUNCTION redshift.getdate() RETURNS timestamp LANGUAGE sql STABLE
    AS 'SELECT date_trunc(''second'', now() AT TIME ZONE ''UTC'')';
CREATE FUNCTION redshift.len(varchar) RETURNS integer LANGUAGE sql IMMUTABLE
    AS 'SELECT length($1)';
CREATE FUNCTION redshift.nvl(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE
    AS 'SELECT coalesce($1, $2)';
CREATE VIEW redshift.svv_columns AS
    SELECT table_catalog, table_schema, table_name, column_name, ordinal_position,
           column_default, is_nullable,
           CASE data_type WHEN 'jsonb' THEN 'super' WHEN 'bytea' THEN 'binary varying'
                          ELSE data_type END AS data_type,
           character_maximum_length, numeric_precision, numeric_precision_radix, numeric_scale
    FROM information_schema.columns WHERE table_schema <> 'redshift';
"""
_IN_A_HURRY = ("fsync", "synchronous_commit", "full_page_writes")
_OPTIONS = "-c search_path=public,redshift -c TimeZone=UTC -c DateStyle=ISO,YMD"


class Databases:
    """Started with the first statement; `close` ends it and removes what it held."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._folder: str | None = None
        self._server: Any = None
        self._made: set[str] = set()

    def connect(self, warehouse: str, database: str) -> Any:
        """A `psycopg.Connection` with its own transaction.

        A database is there once it is asked for: the sandbox's warehouses begin empty.
        """
        import psycopg

        name = _name(warehouse, database)
        with self._guard:
            if self._server is None:
                self._start()
            if name not in self._made:
                self._make(name)
        connection = psycopg.connect(
            host=self._folder, dbname=name, user="postgres", options=_OPTIONS
        )
        # Redshift's default: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection

    def close(self) -> None:
        """End the server."""
        with self._guard:
            if self._server is not None:
                self._server.cleanup()
                shutil.rmtree(str(self._folder), ignore_errors=True)
            self._server = None
            self._made = set()

    def _start(self) -> None:
        # The path of a socket may not be long.
        self._folder = tempfile.mkdtemp(prefix="penstock-pg-", dir="/tmp")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it asks for a folder that only desktops have
            pgserver: Any = import_module("pgserver")
            self._server = pgserver.get_server(self._folder)
        import psycopg

        where: dict[str, Any] = {"host": self._folder, "user": "postgres", "dbname": "postgres"}
        with psycopg.connect(autocommit=True, **where) as admin:
            for name in _IN_A_HURRY:  # what it holds is gone with it anyway
                admin.execute(f"ALTER SYSTEM SET {name} = off".encode())
            admin.execute("SELECT pg_reload_conf()")

    def _make(self, name: str) -> None:
        import psycopg

        where: dict[str, Any] = {"host": self._folder, "user": "postgres"}
        with psycopg.connect(dbname="postgres", autocommit=True, **where) as admin:
            admin.execute(f'CREATE DATABASE "{name}"'.encode())
        with psycopg.connect(dbname=name, autocommit=True, **where) as connection:
            connection.execute(_SETUP.encode())
        self._made.add(name)


def _name(warehouse: str, database: str) -> str:
    """A name of PostgreSQL's for a database of one warehouse."""
    return "w_" + hashlib.sha256(f"{warehouse}\n{database}".encode()).hexdigest()[:24]
