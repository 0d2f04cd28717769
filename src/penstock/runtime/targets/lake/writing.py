"""How a lake table's files are written: their order, their size, what their columns are called."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from penstock.runtime.engines.base import FileFormat, Projection, WriteSpec
from penstock.runtime.targets.lake.partition_sql import partition_columns
from penstock.runtime.targets.lake.snapshot import LakeFile
from penstock.runtime.targets.merging import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Column, Load
    from penstock.runtime.engines.base import DataFile, Engine
    from penstock.runtime.targets.lake.logs import Log
    from penstock.runtime.targets.lake.options import LakeTargetOptions
    from penstock.runtime.targets.lake.place import Place
    from penstock.runtime.targets.lake.snapshot import Snapshot

_COMPRESSION = {"none": "uncompressed"}
# A file a little over the size asked for is left: splitting it would make a small one.
_TOO_LARGE = 1.5


class Writer:
    """Writes rows to files of one table that no version names yet."""

    def __init__(self, load: Load, options: LakeTargetOptions, place: Place, log: Log) -> None:
        self.load = load
        self.options = options
        self.place = place
        self.log = log

    def incoming(self, relation: str, columns: Sequence[Column]) -> str:
        """Query: the rows of the dataset in the table's types."""
        after = {c.name.casefold(): c for c in columns}
        pairs = [(c, after[c.name.casefold()]) for c in self.load.schema]
        if all(kept.type == column.type for column, kept in pairs):
            return Projection(relation, ((c.name, kept.name) for c, kept in pairs))
        chosen = []
        for column, kept in pairs:
            value = quote(column.name)
            if kept.type != column.type:
                value = f"CAST({value} AS {kept.type})"
            chosen.append(f"{value} AS {quote(kept.name)}")
        return f"SELECT {', '.join(chosen)} FROM {quote(relation)}"

    def write(
        self,
        engine: Engine,
        sql: str,
        token: str,
        base: Snapshot | None,
        columns: Sequence[Column],
        *,
        held: Sequence[Column] | None = None,
    ) -> list[LakeFile]:
        """Write the rows of a query; files without a row are not kept.

        Args:
            held: the columns that the query has, by the dataset's names; None: every one.
        """
        folder = self.place.folder / self.log.data_folder
        folder.mkdir(parents=True, exist_ok=True)
        derived = self._derived(columns)
        if derived:
            more = ", ".join(f"{value} AS {quote(name)}" for name, value in derived.items())
            sql = f"SELECT *, {more} FROM ({sql}) AS rows"
        names = list(derived) or list(self.load.partition_by)
        ids = self.log.field_ids(base, columns)
        if ids is not None and held is not None:
            mine = {c.name.casefold() for c in held}
            ids = {n: i for n, i in ids.items() if n.casefold() in mine}
        spec = self._spec(folder, token, tuple(names), ids)
        written: list[LakeFile] = []
        for file in self._sized(engine, engine.write_files(sql, spec), spec):
            if not file.rows:
                file.path.unlink(missing_ok=True)
                continue
            texts = dict(file.partition)
            partition = {
                term: texts[name] for term, name in zip(self.load.partition_by, names, strict=True)
            }
            path = file.path.relative_to(self.place.folder).as_posix()
            written.append(LakeFile(path, file.rows, file.bytes, partition))
        return written

    def rewrite(
        self,
        engine: Engine,
        snapshot: Snapshot,
        files: Sequence[LakeFile],
        columns: Sequence[Column],
        token: str,
    ) -> list[LakeFile]:
        """Write the rows of some files of a version anew, as these columns."""
        if not files:
            return []
        sql = f"SELECT * FROM {self.log.scan(snapshot, files, columns)} AS old"
        return self.write(engine, sql, token, snapshot, columns)

    def _derived(self, columns: Sequence[Column]) -> dict[str, str]:
        """Columns that only name the folders: Iceberg keeps the real ones in the files."""
        if self.options.format != "iceberg":
            return {}
        return partition_columns(self.load.partition_by, columns)

    def _spec(
        self, folder: Path, token: str, partition_by: tuple[str, ...], field_ids: object
    ) -> WriteSpec:
        compression = self.options.compression
        form = "orc" if self.options.format == "orc" else "parquet"
        return WriteSpec(
            folder=folder,
            # Another attempt under this key may still be writing: no two share a name.
            stem=f"part-{token}-{secrets.token_hex(3)}",
            format=FileFormat(form, {}, _COMPRESSION.get(compression, compression)),
            partition_by=partition_by,
            file_size=self.options.file_size_bytes(self.load.mode),
            field_ids=field_ids,
            order_by=tuple(self.options.order),
        )

    def _sized(self, engine: Engine, files: Sequence[DataFile], spec: WriteSpec) -> list[DataFile]:
        """The files, those of a partition that grew too large split."""
        if not spec.partition_by or spec.format.name != "parquet" or spec.file_size is None:
            return list(files)
        found: list[DataFile] = []
        for number, file in enumerate(files):
            if file.bytes <= _TOO_LARGE * spec.file_size:
                found.append(file)
                continue
            part = WriteSpec(
                folder=file.path.parent,
                stem=f"{spec.stem}-{number}",
                format=spec.format,
                file_size=spec.file_size,
                field_ids=spec.field_ids,
                order_by=spec.order_by,
            )
            text = str(file.path).replace("'", "''")
            sql = f"SELECT * FROM read_parquet('{text}', hive_partitioning=false)"
            split = engine.write_files(sql, part)
            found += [
                type(file)(path=p.path, rows=p.rows, bytes=p.bytes, partition=file.partition)
                for p in split
            ]
            file.path.unlink()
        return found
