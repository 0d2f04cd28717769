"""A table in a folder of this machine."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.runtime.targets.durable import locked, sync_folder, write_atomically
from penstock.runtime.targets.lake.orc import as_parquet
from penstock.runtime.targets.lake.place import FOLDER, REMOVING, cache_of, is_hidden, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from penstock.runtime.storage import Store
    from penstock.runtime.targets.lake.snapshot import LakeFile


class LocalPlace:
    """A folder: files are written where they stay."""

    store: Store | None = None

    def __init__(self, path: str, root: Path) -> None:
        self.shown = path
        self.folder = root.absolute() / path
        self.url = str(self.folder)
        self._staged = self.folder / FOLDER / "staged"
        self.cache = cache_of(self.url, root)

    def exists(self) -> bool:
        """Whether Penstock ever wrote here."""
        return (self.folder / FOLDER).is_dir()

    def locked(self) -> AbstractContextManager[None]:
        """Keep other Penstocks of this machine out, where there is a lock for it."""
        return locked(self.folder / FOLDER / "lock")

    def prepare(self) -> None:
        """Make what `folder` needs to be written to."""
        if not self._staged.is_dir():
            self._staged.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder / FOLDER)
            sync_folder(self.folder)

    def names(self) -> list[str]:
        """The names at the top of the table."""
        return sorted(p.name for p in self.folder.iterdir()) if self.folder.is_dir() else []

    def adopt(self, files: Sequence[LakeFile]) -> None:
        """Bring files that were written to `folder` to where they belong: they are there."""

    def missing(self, files: Iterable[LakeFile]) -> list[str]:
        """Files that are not there, or not as long as they were."""
        return [f.path for f in files if size_of(self._path(f.path)) != f.bytes]

    def local(self, file: LakeFile) -> Path:
        """A Parquet file of this machine with the rows of a file."""
        path = self._path(file.path)
        return as_parquet(path, self.cache / file.path) if path.suffix == ".orc" else path

    def sizes(self) -> dict[str, int]:
        """Every data file below the table → its bytes."""
        found = (p for p in self.folder.rglob("*") if p.is_file())
        each = ((p.relative_to(self.folder), p) for p in found)
        return {
            name.as_posix(): size
            for name, p in each
            if not is_hidden(name.parts) and (size := size_of(p)) is not None
        }

    def written(self) -> dict[str, datetime]:
        """Every data file below the table → when it was written last."""
        found: dict[str, datetime] = {}
        for name in self.sizes():
            with contextlib.suppress(OSError):  # deleted meanwhile
                found[name] = datetime.fromtimestamp(self._path(name).stat().st_mtime, UTC)
        return found

    def note_removal(self, paths: Sequence[str]) -> None:
        """Note which files are about to be deleted; none: the note goes away."""
        note = self.folder / FOLDER / REMOVING
        if paths:
            write_atomically(note, json.dumps(list(paths)).encode())
        else:
            note.unlink(missing_ok=True)

    def noted_removal(self) -> list[str]:
        """The files that a killed removal was to delete."""
        note = self.folder / FOLDER / REMOVING
        return list(json.loads(note.read_bytes())) if note.is_file() else []

    def remove(self, paths: Iterable[str]) -> None:
        """Delete files."""
        for path in paths:
            whole = self._path(path)
            whole.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # the last file of a partition's folder
                if whole.parent != self.folder:
                    whole.parent.rmdir()

    def open_staging(self, token: str) -> None:
        """Note that files of this token are about to be written."""
        (self._staged / f"{token}.json").touch()
        sync_folder(self._staged)

    def is_staging(self, token: str) -> bool:
        """Whether such a note is there."""
        return (self._staged / f"{token}.json").exists()

    def staging(self) -> set[str]:
        """The tokens of every such note."""
        return {p.stem for p in self._staged.glob("*.json")}

    def forget(self, token: str) -> None:
        """Note that all that was written under a token is in the version just published."""
        (self._staged / f"{token}.json").unlink(missing_ok=True)

    def discard(self, token: str, keep: Iterable[LakeFile]) -> None:
        """Remove what was written under a token, but for what a version holds."""
        kept = {self._path(f.path) for f in keep}
        for path in self.folder.rglob(f"part-{token}-*"):
            if path not in kept:
                path.unlink(missing_ok=True)

    def _path(self, path: str) -> Path:
        return self.folder / path.removeprefix("file://")
