"""The `file` target: staged beside the path under a hidden name, then swapped in by a rename."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import Conflict, LoadFailed, SourceUnavailable
from penstock.runtime.engines.base import FileFormat, WriteSpec
from penstock.runtime.targets.base import Maintained, Published, Staged, VersionInfo
from penstock.runtime.targets.file.options import HISTORY_GAP

if TYPE_CHECKING:
    from penstock.program import Load
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.targets.base import Upkeep

_PACKED = {".gz": "gzip", ".zst": "zstd"}
_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
}
_READERS = {"csv": "read_csv", "ndjson": "read_ndjson", "parquet": "read_parquet"}
_SAMPLE = 1 << 16


class FileTarget:
    """Publishes a dataset as one file. A version is the hash of what the file holds."""

    def __init__(self, load: Load, root: Path) -> None:
        self._load = load
        self._path = root / load.options["path"]
        self._name = Path(load.options["path"])
        self._format, self._compression = _format_of(load)

    def stage(self, engine: Engine, relation: str, key: str) -> Staged:
        """Write the rows beside the path, under a hidden name that carries the run's key."""
        if self._path.is_dir():
            raise LoadFailed(
                f"{self._name} is a folder, and this target writes one file",
                code="PSK-TGT-120",
                hint="name a file, or use `connector: lake` for a folder",
            )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.abandon(key)
        spec = WriteSpec(
            folder=self._path.parent,
            stem=self._stem(key),
            format=FileFormat(self._format, self._options(), self._compression),
            single=True,
        )
        (written,) = engine.write_files(f"SELECT * FROM {relation}", spec)
        detail = {
            "file": written.path.name,
            "bytes": written.bytes,
            "version": _content(written.path),
        }
        return Staged(target=self._load.target, key=key, rows=written.rows, detail=detail)

    def commit(self, staged: Staged) -> Published:
        """Put the staged file at the path; nothing to do where it is there already."""
        written = self._path.parent / staged.detail["file"]
        if written.exists():
            written.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        elif not self.holds(staged.detail["version"]):
            raise Conflict(
                f"what was written for {self._name} is gone, and the file there is another",
                code="PSK-TGT-121",
                hint="run again: the rows are written anew",
            )
        return Published(
            rows_loaded=staged.rows,
            files=1,
            bytes=staged.detail["bytes"],
            location=self._name.as_posix(),
            version=staged.detail["version"],
        )

    def abandon(self, key: str) -> None:
        """Remove what a run with this key wrote beside the path."""
        for left in self._path.parent.glob(f"{self._stem(key)}*"):
            left.unlink(missing_ok=True)

    def holds(self, version: str) -> bool:
        """Whether the file is there and holds what was published."""
        return self._path.is_file() and _content(self._path) == version

    def published(self) -> bool:
        """Whether the file is there."""
        there: bool = self._path.is_file()
        return there

    def relation(self, version: str | None = None) -> str:
        """A FROM item over the file; older versions are not kept."""
        if not self._path.is_file() or (version is not None and not self.holds(version)):
            raise SourceUnavailable(f"{self._name} is not there any more")
        path = str(self._path).replace("'", "''")
        given = ""
        if self._format != "parquet":
            types = ", ".join(f"{_text(c.name)}: {_text(c.type)}" for c in self._load.schema)
            given = f", columns = {{{types}}}"
        if self._format == "csv":
            options = self._options()
            given += f", auto_detect = false, header = {str(options.get('header', True)).lower()}"
            words = {"delimiter": "delim", "quote": "quote", "escape": "escape",
                     "null_value": "nullstr", "date_format": "dateformat",
                     "timestamp_format": "timestampformat"}  # fmt: skip
            given += "".join(
                f", {w} = {_text(options[k])}" for k, w in words.items() if k in options
            )
        return f"{_READERS[self._format]}('{path}'{given})"

    def versions(self) -> list[VersionInfo]:
        """The one that is there."""
        if not self._path.is_file():
            return []
        about = self._path.stat()
        when = datetime.fromtimestamp(about.st_mtime, UTC).isoformat(timespec="microseconds")
        return [
            VersionInfo(
                version=_content(self._path),
                published_at=when.replace("+00:00", "Z"),
                key=None,
                rows=None,
                files=1,
                bytes=about.st_size,
                summary="the file that is there",
            )
        ]

    def restore(self, version: str, key: str) -> Published:  # noqa: ARG002  # the protocol's
        """Not possible: the file is all there is.

        Raises:
            LoadFailed: always.
        """
        raise LoadFailed(
            f"{self._name} cannot be put back to version {version}: {HISTORY_GAP.because}",
            code=HISTORY_GAP.code,
            hint="publish to a `lake` target, which keeps versions",
        )

    def maintain(self, engine: Engine, upkeep: Upkeep, key: str) -> Maintained:  # noqa: ARG002
        """Nothing to do: there is one file."""
        return Maintained(_content(self._path) if self._path.is_file() else None)

    def _options(self) -> dict[str, object]:
        given = dict(self._load.options.get("options") or {})
        if ".tsv" in self._name.suffixes:
            given.setdefault("delimiter", "\t")
        return given

    def _stem(self, key: str) -> str:
        return f".{self._name.name}.penstock-{key[:16]}"


def _format_of(load: Load) -> tuple[str, str | None]:
    """Format and compression, as given or as the path's suffixes say."""
    path = Path(load.options["path"])
    packed = _PACKED.get(path.suffix)
    plain = path.with_suffix("") if packed else path
    form = load.options.get("format") or _FORMATS.get(plain.suffix)
    if form is None:
        raise LoadFailed(
            f"the suffix of {path} tells no format",
            code="PSK-TGT-122",
            hint="say `format: csv`, `ndjson` or `parquet`",
        )
    return form, load.options.get("compression") or packed


def _content(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_SAMPLE):
            digest.update(chunk)
    return digest.hexdigest()[:32]


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
