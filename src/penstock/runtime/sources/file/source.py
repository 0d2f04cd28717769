"""The `file` source: CSV, NDJSON and Parquet files of the local file system."""

from __future__ import annotations

import hashlib
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.errors import SourceUnavailable
from penstock.runtime import registry
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.file.options import FileSourceOptions

if TYPE_CHECKING:
    from penstock.program import Read
    from penstock.runtime.engines.base import Engine, Extracted

# A file is known by its size, its time, and this much of both its ends.
_SAMPLE = 1 << 16
# Looks at files for their columns; with the engine that reads them.
_SNIFFER = "penstock.runtime.engines.duckdb.sniffing:sniff"


class FileSource:
    """Reads the files that a path or a pattern names, in the order of their names."""

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._root = root
        self._options = FileSourceOptions(**read.options)

    def check(self) -> None:
        """Whether any file is there."""
        self._paths()

    def plan(self) -> Slice:
        """The files there are now."""
        files = tuple(self._file(path) for path in self._paths())
        total = hashlib.sha256()
        for file in files:
            total.update(f"{file.name}\0{file.identity}\n".encode())
        return Slice(total.hexdigest(), files)

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the slice's files."""
        for file in part.files:
            if not Path(file.path).is_file():
                raise SourceUnavailable(
                    f"`{file.name}` was there when the run was planned, and is gone",
                    hint="run again: the next run reads what is there then",
                )
        return engine.read_files(
            relation,
            part.files,
            self._format(),
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )

    def _sniffing(self) -> str:
        """The options that decide what a value is, for the sniffer."""
        given = self._read.options.get("options") or {}
        if self._format() != "csv":
            return ""
        words = {"delimiter": "delim", "quote": "quote", "escape": "escape", "skip": "skip",
                 "null_values": "nullstr", "header": "header", "comment": "comment"}  # fmt: skip
        return "".join(
            f", {word} = {_literal(given[key])}"
            for key, word in words.items()
            if given.get(key) is not None
        )

    def infer(self) -> Inferred:
        """The schema of what is there."""
        files = self.plan().files
        schema = registry.load(_SNIFFER)(files, self._format())
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        return Inferred(schema, f"{files[0].name}{more}")

    def _format(self) -> FileFormat:
        return FileFormat(self._options.kind, self._options.format_options())

    def _file(self, path: Path) -> InputFile:
        try:
            state = path.stat()
            identity = hashlib.sha256(f"{state.st_size}:{state.st_mtime_ns}:".encode())
            with path.open("rb") as file:
                identity.update(file.read(_SAMPLE))
                if state.st_size > _SAMPLE:
                    file.seek(max(state.st_size - _SAMPLE, _SAMPLE))
                    identity.update(file.read(_SAMPLE))
        except OSError as error:
            raise SourceUnavailable(
                f"`{self._name(path)}` cannot be read: {(error.strerror or str(error)).lower()}"
            ) from error
        return InputFile(str(path), self._name(path), state.st_size, identity.hexdigest())

    def _name(self, path: Path) -> str:
        try:
            return path.relative_to(self._root).as_posix()
        except ValueError:
            return path.as_posix()

    def _paths(self) -> list[Path]:
        """The files, in the order of their names.

        Raises:
            SourceUnavailable: there is none.
        """
        given = self._options.path
        exactly = self._root / given
        if exactly.is_file():  # also a name that looks like a pattern
            return [exactly]
        # pathlib's own glob takes hidden files and no absolute pattern
        pattern = given if Path(given).is_absolute() else f"{escape(str(self._root))}/{given}"
        found = [Path(p) for p in glob(pattern, recursive=True)]  # noqa: PTH207
        files = sorted((p for p in found if p.is_file()), key=lambda p: p.parts)
        if files:
            return files
        if found:
            raise SourceUnavailable(
                f"`{given}` names a folder, not files",
                hint=f"say `{given.rstrip('/')}/*` for the files in it",
            )
        raise SourceUnavailable(f"no file matches `{given}`", hint=self._near())

    def _near(self) -> str | None:
        """What is there instead."""
        folder = (self._root / self._options.path).parent
        if any(c in str(self._options.path) for c in "*?["):
            while any(c in folder.name for c in "*?["):
                folder = folder.parent
        if not folder.is_dir():
            return f"there is no folder `{self._name(folder)}`"
        others = [p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
        return did_you_mean(Path(self._options.path).name, others, noun="files there") or None


def _literal(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
