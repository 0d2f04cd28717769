"""Lake files that Spark writes itself: Parquet, by partition, of about the size that was asked.

Spark writes below the run's working folder; the files then take the names and folders that they
have on every engine, and nobody sees them before the target's commit.
"""

from __future__ import annotations

import itertools
import math
import os
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as encoded
from urllib.parse import unquote

from penstock.errors import LoadFailed, StepFailed
from penstock.runtime.engines.base import DataFile
from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.duckdb.writing import FILE_SIZE, PARQUET_COMPRESSION, flush
from penstock.runtime.engines.spark.reading import spark_type
from penstock.runtime.engines.spark.words import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.runtime.engines.base import Projection, WriteSpec
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.spark.session import Session
    from penstock.runtime.engines.spark.workshop import Workshop

# The name of a folder of rows without a value, in Spark, DuckDB and Hive; Spark's of '' too.
_NOTHING = "__HIVE_DEFAULT_PARTITION__"
# Types whose values are written the same in a folder's name.
_IN_NAMES = frozenset(("varchar", "date", "smallint", "integer", "bigint", "boolean"))
_CODECS = frozenset(("zstd", "snappy", "gzip", "uncompressed"))
# A file a little over the size asked for is left: splitting it would make a small one.
_TOO_LARGE = 1.5


class Writer:
    """Writes relations of Spark to files."""

    def __init__(self, database: Database, session: Session, workshop: Workshop) -> None:
        self._database = database
        self._session = session
        self._workshop = workshop
        self._numbers = itertools.count()

    def can(self, query: Projection, spec: WriteSpec) -> bool:
        """Whether Spark writes the same rows: else DuckDB does."""
        if spec.format.name != "parquet" or spec.single or spec.field_ids:
            return False
        if (spec.format.compression or PARQUET_COMPRESSION) not in _CODECS:
            return False
        kinds = {c.name: c.type for c in self._workshop.schema(query.relation)}
        names = {alias: kinds.get(name) for name, alias in query.columns}
        if not all(kind is not None and spark_type(kind) for kind in names.values()):
            return False
        return all(names.get(key) in _IN_NAMES for key in spec.partition_by)

    def write(self, query: Projection, spec: WriteSpec) -> list[DataFile] | None:
        """Write the rows; None: the names of folders would not tell them apart, DuckDB can.

        Raises:
            LoadFailed: the rows cannot be written, or cannot be computed.
        """
        folder = self._session.work / f"write-{next(self._numbers)}"
        try:
            with told(f"writing `{query.relation}`"):
                frame = self._frame(query, spec)
                self._save(frame, folder, spec)
                if self._ambiguous(frame, folder, spec):
                    return None
                self._split(folder, spec)
            written = self._adopt(folder, spec)
        except StepFailed as error:
            raise LoadFailed(error.message, code=error.code, hint=error.hint) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        flush((f.path for f in written), spec.folder)
        return written

    def _frame(self, query: Projection, spec: WriteSpec) -> Any:
        """The rows, by partition: else each task writes a file for every one that it meets."""
        from pyspark.sql import functions

        chosen = [functions.col(_name(n)).alias(a) for n, a in query.columns]
        frame = self._workshop.frame(query.relation).select(*chosen)
        order = []
        for column, down in spec.order_by:
            if column not in spec.partition_by:
                by = functions.col(_name(column))
                order.append(by.desc_nulls_last() if down else by.asc_nulls_last())
        keys = [functions.col(_name(key)) for key in spec.partition_by]
        if keys:
            frame = frame.repartition(*keys)
            return frame.sortWithinPartitions(*keys, *order) if order else frame
        if order:
            return frame.orderBy(*order)
        size = self._workshop.size(query.relation)
        if size is not None and size.bytes is not None:
            files = max(1, math.ceil(size.bytes / (spec.file_size or FILE_SIZE)))
            if frame.rdd.getNumPartitions() > files:
                frame = frame.coalesce(files)
        return frame

    def _save(self, frame: Any, folder: Path, spec: WriteSpec) -> None:
        writer = frame.write.option("compression", spec.format.compression or PARQUET_COMPRESSION)
        if spec.partition_by:
            writer = writer.partitionBy(*spec.partition_by)
        writer.parquet(str(folder))

    def _ambiguous(self, frame: Any, folder: Path, spec: WriteSpec) -> bool:
        """Whether there are empty texts where Spark names a folder for them and for NULL alike."""
        from pyspark.sql import functions

        if not any(_NOTHING in p.name for p in folder.rglob("*") if p.is_dir()):
            return False
        strings = {f.name for f in frame.schema.fields if f.dataType.simpleString() == "string"}
        tests = [functions.col(_name(k)) == "" for k in spec.partition_by if k in strings]
        return any(bool(frame.where(test).take(1)) for test in tests)

    def _split(self, folder: Path, spec: WriteSpec) -> None:
        """Write what grew too large again, in files of the size asked for."""
        most = spec.file_size or FILE_SIZE
        for path in list(_files(folder)):
            size = path.stat().st_size
            if size <= _TOO_LARGE * most:
                continue
            rows = self._rows([path])[str(path)]
            parts = path.with_name(f"parts-{path.stem}")
            again = self._session.spark.read.parquet(str(path)).coalesce(1)
            codec = spec.format.compression or PARQUET_COMPRESSION
            writer = again.write.option("compression", codec)
            writer = writer.option("maxRecordsPerFile", max(1, math.ceil(rows * most / size)))
            writer.parquet(str(parts))
            for part in list(_files(parts)):
                part.replace(path.with_name(part.name))
            shutil.rmtree(parts)
            path.unlink()

    def _adopt(self, folder: Path, spec: WriteSpec) -> list[DataFile]:
        """Give the files their names below the target's folder."""
        paths = sorted(_files(folder))
        rows = self._rows(paths)
        found = []
        for number, path in enumerate(paths):
            partition = _partition(path.relative_to(folder).parent)
            place = spec.folder.joinpath(*(_folder(k, v) for k, v in partition.items()))
            place.mkdir(parents=True, exist_ok=True)
            target = place / f"{spec.stem}-{number}.parquet"
            _move(path, target)
            size = target.stat().st_size
            found.append(DataFile(target, rows[str(path)], size, partition))
        return sorted(found, key=lambda f: str(f.path))

    def _rows(self, paths: list[Path]) -> dict[str, int]:
        if not paths:
            return {}
        listed = literal([str(p) for p in paths])
        sql = f"SELECT file_name, num_rows FROM parquet_file_metadata({listed})"
        return {str(p): int(n) for p, n in self._database.execute(sql).fetchall()}


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in folder.rglob("*.parquet") if p.is_file() and not p.name.startswith("."))


def _partition(folder: Path) -> dict[str, str | None]:
    """Column → value, of Spark's names of folders.

    >>> from pathlib import Path
    >>> _partition(Path("a=x%2Fy") / "b=__HIVE_DEFAULT_PARTITION__")
    {'a': 'x/y', 'b': None}
    """
    pairs = (part.partition("=") for part in folder.parts)
    return {unquote(k): None if v == _NOTHING else unquote(v) for k, _, v in pairs}


def _folder(key: str, value: str | None) -> str:
    """The name of a partition's folder, as DuckDB writes it.

    >>> _folder("a b", "x/y")
    'a%20b=x%2Fy'
    """
    return f"{encoded(key, safe='')}={_NOTHING if value is None else encoded(value, safe='')}"


def _move(path: Path, target: Path) -> None:
    """To another name; on another disk, whole or not at all."""
    try:
        path.replace(target)
    except OSError:
        beside = target.with_name(f"{target.name}.tmp")
        shutil.copyfile(path, beside)
        os.replace(beside, target)  # noqa: PTH105


def _name(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"
