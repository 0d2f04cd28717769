"""The `file` source: CSV, NDJSON and Parquet files of the local file system."""

from __future__ import annotations

import glob
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import SourceUnavailable
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.file.options import FileSourceOptions

if TYPE_CHECKING:
    from penstock.program import Read
    from penstock.runtime.engines.base import Engine, Extracted


class FileSource:
    """Reads the files that a glob names."""

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._root = root
        self._options = FileSourceOptions(**read.options)

    def plan(self) -> Slice:
        """The files there are now."""
        pattern = str(self._root / self._options.path)
        found = sorted(p for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
        if not found:
            raise SourceUnavailable(f"no file matches `{self._options.path}`")
        files = []
        for path in found:
            stat = Path(path).stat()
            identity = hashlib.sha256(f"{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()
            files.append(
                InputFile(path, str(Path(path).relative_to(self._root)), stat.st_size, identity)
            )
        total = hashlib.sha256("".join(f.identity for f in files).encode()).hexdigest()
        return Slice(total, tuple(files))

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the slice's files."""
        name = self._options.format or "csv"
        fmt = FileFormat(name, self._options.options)
        return engine.read_files(
            relation,
            part.files,
            fmt,
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )

    def infer(self) -> Inferred:
        """The schema of what is there."""
        import duckdb
        from penstock import types
        from penstock.program import Column

        part = self.plan()
        paths = [f.path for f in part.files]
        found = duckdb.connect().execute("DESCRIBE FROM read_csv(?)", [paths]).fetchall()
        return Inferred(
            tuple(Column(r[0], types.from_duckdb(r[1])) for r in found),
            f"sniffed from {part.files[0].name}",
        )
