"""The in-memory database of one run, and a cursor of it for each thread."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from penstock.errors import Interrupted
from penstock.runtime.engines.duckdb.words import explain
from penstock.runtime.stopping import Stopping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

# A process runs up to this much above DuckDB's own limit (findings of issue 1, section 2).
OVERHEAD_BYTES = 150 * 1024**2
LEAST_BYTES = 64 * 1024**2
SMALL_BYTES = 512 * 1024**2

# Settings of a session: a cursor does not inherit them.
_SESSION = (
    "SET TimeZone = 'UTC'",
    "SET errors_as_json = true",
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET progress_bar_time = 0",
)


class Database:
    """Opens DuckDB with our settings; hands out cursors; interrupts them all.

    Args:
        work: folder for what does not fit in memory; made, and removed by `close`.
        memory_bytes: what the process may use; None: DuckDB's default, 80 % of the machine.
        threads: None: every core, or one where memory is small.
    """

    def __init__(self, work: Path, *, memory_bytes: int | None, threads: int | None) -> None:
        import duckdb

        self.work = work
        self._spill = work / "spill"
        self._spill.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            # Rows of a dataset have no order unless a query gives one; reading CSV is a quarter
            # faster when DuckDB need not keep the file's order.
            "preserve_insertion_order": "false",
            # Otherwise CAST(x AS VARCHAR) over a file gives the file's own text: not the value's.
            "disabled_optimizers": "type_pushdown",
            "temp_directory": str(self._spill),
        }
        if memory_bytes is not None:
            limit = max(memory_bytes - OVERHEAD_BYTES, LEAST_BYTES)
            config["memory_limit"] = f"{limit // 1024}KiB"
        self.small = memory_bytes is not None and memory_bytes <= SMALL_BYTES
        if threads is None and self.small:
            threads = 1
        if threads is not None:
            config["threads"] = str(max(1, threads))
        # Small buffers of a table in memory stay there, five bytes a row: 60 million do not fit.
        place = ":memory:" if memory_bytes is None else str(self._spill / "tables.duckdb")
        self._root = duckdb.connect(place, config=config)
        ((found,),) = self._root.execute("SELECT current_setting('threads')").fetchall()
        self.threads = int(found)
        self._local = threading.local()
        self._guard = threading.Lock()
        self.stopping = Stopping()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._working: dict[str, duckdb.DuckDBPyConnection] = {}
        self._interrupted = False
        self._closed = False

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's cursor."""
        found: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if found is None:
            found = self._local.cursor = self.new_cursor()
        return found

    def new_cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of one's own, for a result that is read while other queries run.

        Close it with `release`.
        """
        with self._guard:
            cursor = self._root.cursor()
            self._cursors.append(cursor)
        for setting in _SESSION:
            cursor.execute(setting)
        return cursor

    def release(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Give a cursor of `new_cursor` back."""
        with self._guard:
            if cursor in self._cursors:
                self._cursors.remove(cursor)
        cursor.close()

    def execute(self, sql: str, doing: str = "", parameters: Any = None) -> Any:
        """Run a statement on this thread's cursor; gives the cursor, for its rows.

        Raises:
            PenstockError: in the reader's words.
        """
        with self.guarded(sql, doing):
            return self.cursor().execute(sql, parameters)

    @contextmanager
    def unoptimized(self) -> Iterator[None]:
        """Have this thread's queries planned as they are written.

        The optimizer's time grows with the square of the expressions of a row: for a test of each
        of 5,000 columns it takes 40 seconds. Nothing is lost where a query only reads and computes.
        """
        cursor = self.cursor()
        with self.guarded():
            cursor.execute("PRAGMA disable_optimizer")
        try:
            yield
        finally:
            if not self._interrupted:
                cursor.execute("PRAGMA enable_optimizer")

    @contextmanager
    def working(self, relation: str) -> Iterator[None]:
        """Say what this thread's queries make, for `progress`."""
        cursor = self.cursor()
        with self._guard:
            self._working[relation] = cursor
        try:
            yield
        finally:
            with self._guard:
                self._working.pop(relation, None)

    def progress(self) -> dict[str, float]:
        """Relation → share done (0 to 1), where DuckDB knows it."""
        with self._guard:
            running = dict(self._working)
        shares = {relation: _share(cursor) for relation, cursor in running.items()}
        return {relation: share / 100 for relation, share in shares.items() if share >= 0}

    @contextmanager
    def guarded(self, sql: str = "", doing: str = "") -> Iterator[None]:
        """Turn DuckDB's errors into ours."""
        import duckdb

        if self._interrupted:
            raise Interrupted("interrupted")
        try:
            yield
        except duckdb.Error as error:
            if self._interrupted:
                raise Interrupted("interrupted") from error
            raise explain(error, sql, doing) from error

    def interrupt(self) -> None:
        """Stop every running query, and every later one."""
        self._interrupted = True
        with self._guard:
            cursors = [*self._cursors]
        for cursor in cursors:
            cursor.interrupt()
        self.stopping.stop()

    def close(self) -> None:
        """Free memory and working files."""
        if self._closed:
            return
        self._closed = True
        with self._guard:
            cursors, self._cursors = self._cursors, []
        for cursor in cursors:
            _end(cursor)
        _end(self._root)
        shutil.rmtree(self._spill, ignore_errors=True)


def _end(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection; one that is busy with an interrupted query is left to end by itself.

    DuckDB notices an interrupt only while a query runs, not while it plans one, and closes no
    connection that is busy.
    """
    import duckdb

    with suppress(duckdb.Error):
        connection.close()


def _share(cursor: Any) -> float:
    """How far a query is, in percent; -1 where that is not known.

    A query that is failing at this moment may give its error to whoever asks; it is told by the
    thread whose query it is.
    """
    import duckdb

    try:
        return float(cursor.query_progress())
    except duckdb.Error:
        return -1.0
