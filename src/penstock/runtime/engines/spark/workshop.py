"""Relations of one run in Spark, and which of them DuckDB has too.

A relation is in Spark from where it is read or made to where Spark writes it. It goes to DuckDB
only when something asks DuckDB for its rows, and from DuckDB when a statement needs it: as Parquet
in the run's working folder.
"""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.duckdb.quoting import name as quote
from penstock.runtime.engines.spark.sizes import Size, measure
from penstock.runtime.engines.spark.words import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.spark.session import Session

_WORD = re.compile(r"\w+")


class Workshop:
    """The engine's `Transformer`."""

    lazy = True

    def __init__(self, database: Database, session: Session) -> None:
        self._database = database
        self._session = session
        self._frames: dict[str, Any] = {}
        self._schemas: dict[str, Sequence[Column]] = {}
        self._sizes: dict[str, Size] = {}
        self._brought: set[str] = set()
        self._numbers = itertools.count()
        # Datasets side by side may need the same relation: whoever comes second waits for it.
        self._moving = threading.RLock()

    def has(self, relation: str) -> bool:
        """Whether Spark read or made this relation: DuckDB has it only if it asked."""
        return relation in self._schemas

    def take(self, relations: Sequence[str]) -> None:
        """Have relations of DuckDB as views over Parquet files, each once."""
        for relation in relations:
            with self._moving:
                if relation not in self._frames:
                    self._take(relation)

    def _take(self, relation: str) -> None:
        path = self._session.work / f"in-{next(self._numbers)}.parquet"
        self._database.execute(
            f"COPY ({self._kept(relation)}) TO {literal(str(path))} (FORMAT parquet)",
            f"reading `{relation}`",
        )
        with told(f"reading `{relation}`"):
            frame = self._session.spark.read.parquet(str(path))
            self._register(relation, frame, measure(frame))

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of `sql`; kept rows are in memory or on disk, and counted."""
        with told(f"making `{relation}`"):
            frame = self._session.spark.sql(sql)
            size = None
            if materialize:
                from pyspark import StorageLevel

                frame = frame.persist(StorageLevel.MEMORY_AND_DISK)
                size = measure(frame)
            self._register(relation, frame, size)

    def read(self, relation: str, frame: Any, schema: Sequence[Column], size: Size) -> None:
        """Have a relation that Spark reads from files."""
        with told(f"reading `{relation}`"):
            self._register(relation, frame, size)
        self.give(relation, schema)

    def _register(self, relation: str, frame: Any, size: Size | None) -> None:
        """Give a frame its name; what was computed to be little enough goes to every executor."""
        small = size is not None and size.fits
        if size is not None and not size.rows:
            frame = frame.limit(0)  # known to be empty: what is made of it is not computed
        (frame.hint("broadcast") if small else frame).createOrReplaceTempView(relation)
        with self._moving:
            self._frames[relation] = frame
            self._sizes.pop(relation, None)
            if size is not None:
                self._sizes[relation] = size

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query."""
        with told():
            frame = self._session.spark.sql(sql)
            found = frame.collect() if limit is None else frame.take(limit)
            return [row.asDict(recursive=True) for row in found]

    def give(self, relation: str, schema: Sequence[Column]) -> None:
        """Let DuckDB have the rows of `relation`, typed as `schema`, once it asks."""
        with self._moving:
            self._schemas[relation] = schema
            self._brought.discard(relation)

    # -- what the engine asks

    def frame(self, relation: str) -> Any:
        """The frame of a relation."""
        return self._frames[relation]

    def schema(self, relation: str) -> Sequence[Column]:
        """The columns of a relation that Spark read or made."""
        return self._schemas[relation]

    def size(self, relation: str) -> Size | None:
        """What a relation holds, if it was computed."""
        return self._sizes.get(relation)

    def count(self, relation: str) -> int:
        """Rows of a relation."""
        known = self._sizes.get(relation)
        if known is None:
            with told(f"counting `{relation}`"):
                known = Size(int(self._frames[relation].count()), None)
            self._sizes[relation] = known
        return known.rows

    def bring(self, sql: str) -> bool:
        """Let DuckDB have the relations that its SQL names, each once; whether there were any."""
        some = False
        for word in dict.fromkeys(_WORD.findall(sql)):
            if word in self._schemas and word not in self._brought:
                with self._moving:
                    if word not in self._brought:
                        self._bring(word)
                        self._brought.add(word)
                        some = True
        return some

    def _bring(self, relation: str) -> None:
        folder = self._session.work / f"out-{next(self._numbers)}"
        with told(f"making `{relation}`"):
            self._frames[relation].write.parquet(str(folder))
        items = ", ".join(
            f"CAST({quote(c.name)} AS {c.type}) AS {quote(c.name)}" for c in self._schemas[relation]
        )
        self._database.execute(
            f"CREATE OR REPLACE VIEW {quote(relation)} AS SELECT {items} "
            f"FROM read_parquet({literal(str(folder / '*.parquet'))})",
            f"making `{relation}`",
        )

    def forget(self, relation: str) -> None:
        """A relation is dropped, or DuckDB makes it anew."""
        with self._moving:
            frame = self._frames.pop(relation, None)
            self._schemas.pop(relation, None)
            self._sizes.pop(relation, None)
            self._brought.discard(relation)
        if frame is not None:
            with told():
                frame.unpersist()
                self._session.spark.catalog.dropTempView(relation)

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
