"""Parquet files that Spark reads itself: those where it reads what the careful reader reads.

The careful reader is DuckDB's (`parquet_read`). Spark takes a file where every column has the type
that the contract says, or a narrower whole number; where no record could be set aside; and where
it counts the rows that the files say they have. Everything else is read as on every engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import SourceUnavailable, StepFailed
from penstock.runtime.engines.base import Extracted
from penstock.runtime.engines.duckdb.columns import match
from penstock.runtime.engines.duckdb.parquet_read import shapes
from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.spark.sizes import measure
from penstock.runtime.engines.spark.words import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.duckdb.parquet_read import Shape
    from penstock.runtime.engines.spark.session import Session
    from penstock.runtime.engines.spark.workshop import Workshop

CODE_CHANGED = "PSK-SRC-037"
# https://spark.apache.org/docs/3.5.6/sql-ref-datatypes.html
SPARK_TYPES = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "double": "double",
    "varchar": "string",
    "date": "date",
    "timestamp": "timestamp_ntz",
    "timestamptz": "timestamp",
    "blob": "binary",
}
_WHOLE = ("smallint", "integer", "bigint")
# Spark looks for more in such a name, or passes over the file.
_PATTERN = frozenset("*?[]{}\\")
Stamp = tuple[int, int, int]


def spark_type(kind: str) -> str | None:
    """Spark's name of a Penstock type; None: values of it are not the same in both.

    >>> spark_type("decimal(15,2)"), spark_type("timestamp"), spark_type("json")
    ('decimal(15,2)', 'timestamp_ntz', None)
    """
    found = types.parse(kind)
    if found.name == "decimal":
        return str(found)
    return SPARK_TYPES.get(found.name)


class Reader:
    """Reads files for one run, and sees that they stay as they are: Spark reads when it works."""

    def __init__(self, database: Database, session: Session, workshop: Workshop) -> None:
        self._database = database
        self._session = session
        self._workshop = workshop
        self._stamps: dict[InputFile, Stamp | None] = {}

    def read(
        self,
        relation: str,
        files: Sequence[InputFile],
        schema: Sequence[Column],
        evolution: str,
        work: Path,
    ) -> Extracted | None:
        """Have `relation` in Spark; None: these files are not for it.

        Raises:
            StepFailed: a file is no Parquet, or its columns are not the schema's.
        """
        if not files or not all(_plain(f, work) for f in files):
            return None
        stamps = {f: _stamp(f) for f in files}
        together: dict[Shape, list[InputFile]] = {}
        for file, shape in shapes(self._database, files).items():
            together.setdefault(shape, []).append(file)
        try:
            with told(f"reading `{relation}`"):
                made = [self._frame(s, some, schema, evolution) for s, some in together.items()]
                frames = [frame for frame in made if frame is not None]
                if len(frames) < len(made):
                    return None
                whole, *others = frames
                for more in others:
                    whole = whole.union(more)
                required = [c.name for c in schema if c.required]
                rows = self._rows(files)
                if len(set(whole.inputFiles())) != len(files):
                    return None  # Spark passed over one
                size = measure(whole, required=required, rows=None if required else rows)
        except StepFailed as error:
            if error.code is not None and error.code.startswith("PSK-SRC"):
                raise
            return None  # the careful reader says what is wrong, and with which file
        if size.rows != rows or any(n != rows for n in size.filled):
            return None
        self._workshop.read(relation, whole, schema, size)
        self._stamps |= stamps
        return Extracted(size.rows, size.rows, sum(f.size for f in files))

    def unchanged(self) -> None:
        """See that every file is still what it was when Spark began to read.

        Raises:
            SourceUnavailable: one is not.
        """
        for file, stamp in list(self._stamps.items()):
            if _stamp(file) != stamp:
                raise SourceUnavailable(
                    f"`{file.name}` was changed while it was read",
                    code=CODE_CHANGED,
                    hint="run again when its writer has finished",
                )

    def _rows(self, files: Sequence[InputFile]) -> int:
        paths = literal([f.path for f in files])
        sql = f"SELECT sum(num_rows) FROM parquet_file_metadata({paths})"
        (rows,) = self._database.execute(sql).fetchone()
        return int(rows or 0)

    def _frame(
        self, shape: Shape, files: Sequence[InputFile], schema: Sequence[Column], evolution: str
    ) -> Any | None:
        """The rows of files of one shape; None: something in them Spark reads otherwise."""
        from pyspark.sql import functions

        matched = match([n for n, _ in shape], schema, files[0].name, evolution)
        folded = [n.casefold() for n, _ in shape]
        frame = self._session.spark.read.parquet(*(f.path for f in files))
        found = {f.name: f.dataType.simpleString() for f in frame.schema.fields}
        items = []
        for column in schema:
            want = spark_type(column.type)
            if want is None:
                return None
            name = functions.lit(None)
            at = matched.place.get(column.name)
            if at is not None:
                inside, kind = shape[at]
                have = _known(kind)
                if have is None or folded.count(inside.casefold()) > 1:
                    return None
                if spark_type(have) != found.get(inside) or not _same(have, column.type):
                    return None
                name = functions.col("`" + inside.replace("`", "``") + "`")
            items.append(name.cast(want).alias(column.name))
        return frame.select(*items)


def _known(kind: str) -> str | None:
    try:
        found = types.from_duckdb(kind)
        return found if kind.upper() != "TIMESTAMP_NS" else None
    except ValueError:
        return None


def _same(have: str, want: str) -> bool:
    """Whether the types are one, or a whole number grows."""
    if types.normalize(have) == types.normalize(want):
        return True
    return have in _WHOLE and want in _WHOLE and _WHOLE.index(have) < _WHOLE.index(want)


def _plain(file: InputFile, work: Path) -> bool:
    """Whether Spark opens this file, and it stays: one that was fetched for the run goes away."""
    path = Path(file.path)
    if file.path.find("://") >= 0 or _PATTERN & set(file.path):
        return False
    return not path.name.startswith(("_", ".")) and not path.is_relative_to(work)


def _stamp(file: InputFile) -> Stamp | None:
    try:
        found = Path(file.path).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
