"""Relations of one run in Spark: Parquet files taken in, views over statements, Parquet given."""

from __future__ import annotations

import itertools
import re
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import Interrupted, StepFailed
from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.duckdb.quoting import name as quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.spark.session import Session


class Workshop:
    """The engine's `Transformer`."""

    def __init__(self, database: Database, session: Session) -> None:
        self._database = database
        self._session = session
        self._there: set[str] = set()
        self._numbers = itertools.count()
        self._taking = threading.Lock()

    def take(self, relations: Sequence[str]) -> None:
        """Have relations of DuckDB as views over Parquet files, each once."""
        for relation in relations:
            # Datasets side by side may need the same one: whoever comes second waits for it.
            with self._taking:
                self._take(relation)

    def _take(self, relation: str) -> None:
        if relation in self._there:
            return
        path = self._session.work / f"in-{next(self._numbers)}.parquet"
        self._database.execute(
            f"COPY ({self._kept(relation)}) TO {literal(str(path))} (FORMAT parquet)",
            f"reading `{relation}`",
        )
        with self._told(f"reading `{relation}`"):
            frame = self._session.spark.read.parquet(str(path))
            frame.createOrReplaceTempView(relation)
        self._there.add(relation)

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of `sql`; kept rows are held in memory or on disk."""
        with self._told(f"making `{relation}`"):
            frame = self._session.spark.sql(sql)
            if materialize:
                from pyspark import StorageLevel

                frame = frame.persist(StorageLevel.MEMORY_AND_DISK)
            frame.createOrReplaceTempView(relation)
        self._there.add(relation)

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self._told():
            frame = self._session.spark.sql(sql)
            found = frame.collect() if limit is None else frame.take(limit)
            return [row.asDict(recursive=True) for row in found]

    def give(self, relation: str, schema: Sequence[Column]) -> None:
        """Write the rows of `relation` as Parquet, and make them a table of DuckDB."""
        folder = self._session.work / f"out-{next(self._numbers)}"
        try:
            with self._told(f"making `{relation}`"):
                self._session.spark.table(relation).write.parquet(str(folder))
            items = ", ".join(
                f"CAST({quote(c.name)} AS {c.type}) AS {quote(c.name)}" for c in schema
            )
            self._database.execute(
                f"CREATE OR REPLACE TABLE {quote(relation)} AS SELECT {items} "
                f"FROM read_parquet({literal(str(folder / '*.parquet'))})",
                f"making `{relation}`",
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _kept(self, relation: str) -> str:
        """The columns that Spark has types for: it has none for a time of day."""
        found = self._database.execute(f"DESCRIBE SELECT * FROM {quote(relation)}").fetchall()
        items = []
        for column, bound, *_ in found:
            kind = types.from_duckdb(str(bound))
            if kind == "time":
                continue
            own = quote(str(column))
            items.append(f"CAST({own} AS VARCHAR) AS {own}" if kind == "json" else own)
        return f"SELECT {', '.join(items)} FROM {quote(relation)}"

    @contextmanager
    def _told(self, doing: str = "") -> Iterator[None]:
        """Spark's errors in the reader's words."""
        try:
            yield
        except StepFailed:
            raise
        except Exception as error:
            text = str(error)
            if "cancelled" in text and "job" in text.lower():
                raise Interrupted("interrupted") from error
            before = f"{doing}: " if doing else ""
            raise StepFailed(f"{before}Spark says: {_plain(error, text)}") from error


def _plain(error: Exception, text: str) -> str:
    """The message without Java's stack."""
    java = getattr(error, "java_exception", None)
    if java is not None and java.getCause() is not None:
        text = str(java.getCause().getMessage() or text)
    found = [line for line in text.strip().splitlines() if line.strip()]
    return re.sub(r"\s+", " ", found[0]) if found else type(error).__name__
