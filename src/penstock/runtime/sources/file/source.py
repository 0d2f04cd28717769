"""The `file` source: CSV, NDJSON and Parquet files of the local file system."""

from __future__ import annotations

import glob
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.errors import SourceUnavailable
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.file.options import FileSourceOptions

if TYPE_CHECKING:
    from penstock.program import Read
    from penstock.runtime.engines.base import Engine, Extracted


_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
}
_SNIFF = {"csv": "read_csv", "ndjson": "read_ndjson", "parquet": "read_parquet"}


class FileSource:
    """Reads the files that a glob names."""

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._root = root
        self._options = FileSourceOptions(**read.options)

    def check(self) -> None:
        """Whether any file is there."""
        self._paths()

    def _paths(self) -> list[str]:
        pattern = str(self._root / self._options.path)
        # pathlib has no glob of a pattern that may be absolute
        every = glob.glob(pattern, recursive=True)  # noqa: PTH207
        found = sorted(p for p in every if Path(p).is_file())
        if not found:
            raise SourceUnavailable(f"no file matches `{self._options.path}`", hint=self._near())
        return found

    def _near(self) -> str:
        """The files that are there instead."""
        folder = (self._root / self._options.path).parent
        others = sorted(p.name for p in folder.glob("*")) if folder.is_dir() else []
        if not folder.is_dir():
            return f"there is no folder {Path(self._options.path).parent}"
        return did_you_mean(Path(self._options.path).name, others, noun="files there")

    def plan(self) -> Slice:
        """The files there are now."""
        found = self._paths()
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
        given = self._read.options.get("options") or {}
        fmt = FileFormat(self._format(), {k: v for k, v in given.items() if v is not None})
        return engine.read_files(
            relation,
            part.files,
            fmt,
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )

    def _format(self) -> str:
        """As given, or as the suffix says, whatever it is packed with."""
        if self._options.format:
            return self._options.format
        path = Path(self._options.path)
        plain = path.with_suffix("") if path.suffix in {".gz", ".zst"} else path
        if plain.suffix not in _FORMATS:
            raise SourceUnavailable(
                f"the suffix of `{self._options.path}` tells no format",
                hint="say `format: csv`, `ndjson` or `parquet`",
            )
        return _FORMATS[plain.suffix]

    def _sniffing(self) -> str:
        """The option that decides what is NULL, for the sniffer."""
        given = (self._read.options.get("options") or {}).get("null_values")
        if self._format() != "csv" or not given:
            return ""
        texts = ", ".join("'" + str(t).replace("'", "''") + "'" for t in given)
        return f", nullstr = [{texts}]"

    def infer(self) -> Inferred:
        """The schema of what is there."""
        import duckdb

        from penstock import types
        from penstock.program import Column

        part = self.plan()
        paths = [f.path for f in part.files]
        found = (
            duckdb.connect()
            .execute(f"DESCRIBE FROM {_SNIFF[self._format()]}(?{self._sniffing()})", [paths])
            .fetchall()
        )
        return Inferred(
            tuple(Column(r[0], types.from_duckdb(r[1])) for r in found),
            f"sniffed from {part.files[0].name}",
        )
