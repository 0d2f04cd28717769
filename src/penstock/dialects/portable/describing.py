"""Asks DuckDB what type an expression gives, once for each form.

DuckDB's types are the canonical ones, so they are asked for, not written down again: an operator
or a function over typed NULLs is bound and never run. Half a millisecond the first time.
"""

from __future__ import annotations

import threading

import duckdb

from penstock import types

_SETTINGS = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET threads = 1",
    "SET memory_limit = '256MB'",
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_OF_VALUES = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)
# A constant that takes longer is left to the engine.
_MOST_SECONDS = 1.0


class Describer:
    """Types of expressions, remembered for the life of the process."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}
        self._failures: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def type_of(self, sql: str) -> str | None:
        """Penstock's name for the type of an expression without columns; None: it does not bind.

        >>> SHARED.type_of("CAST(NULL AS integer) + 1"), SHARED.type_of("upper(1, 2)")
        ('integer', None)
        >>> SHARED.type_of("INTERVAL 1 DAY")
        'interval'
        """
        with self._lock:
            if sql not in self._known:
                self._known[sql] = self._asked(sql)
            return self._known[sql]

    def failure(self, sql: str) -> str | None:
        """Why an expression without columns fails; None: it gives a value, or takes too long.

        >>> SHARED.failure("1 + 1"), SHARED.failure("CAST('x' AS INTEGER)") is None
        (None, False)
        """
        with self._lock:
            if sql not in self._failures:
                self._failures[sql] = self._tried(sql)
            return self._failures[sql]

    def _tried(self, sql: str) -> str | None:
        connection = self._opened()
        alarm = threading.Timer(_MOST_SECONDS, connection.interrupt)
        alarm.start()
        try:
            connection.execute(f"SELECT {sql}").fetchone()
        except _OF_VALUES as error:
            return str(error)
        except duckdb.Error:
            return None
        finally:
            alarm.cancel()
        return None

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = duckdb.connect()
            for setting in _SETTINGS:
                self._connection.execute(setting)
        return self._connection

    def _asked(self, sql: str) -> str | None:
        connection = self._opened()
        try:
            row = connection.execute(f"DESCRIBE SELECT {sql}").fetchone()
        except duckdb.Error:
            return None
        assert row is not None
        bound = str(row[1])
        if bound in {"INTERVAL", '"NULL"', "NULL"}:
            return "interval" if bound == "INTERVAL" else "null"
        try:
            return types.from_duckdb(bound)
        except ValueError:
            return None


SHARED = Describer()
"""One for the process: the same forms come again in every model."""
