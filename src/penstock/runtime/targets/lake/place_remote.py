"""A table in a bucket."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.runtime.storage import open_store
from penstock.runtime.targets.lake.orc import as_parquet
from penstock.runtime.targets.lake.place import FOLDER, REMOVING, cache_of, is_hidden, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from penstock.runtime.storage import Store
    from penstock.runtime.targets.lake.snapshot import LakeFile


class RemotePlace:
    """A bucket: files are written here first and sent there; what is read is fetched once."""

    def __init__(self, path: str, root: Path) -> None:
        self.shown = path
        self._store = open_store(path, root)
        self.store: Store | None = self._store
        self.url = self._store.url()
        self.cache = cache_of(self.url, root)
        self.folder = self.cache / "sent"
        self._fetched = self.cache / "fetched"

    def exists(self) -> bool:
        """Whether Penstock ever wrote here."""
        return True

    def locked(self) -> AbstractContextManager[None]:
        """Nothing is locked: whoever swaps the manifest first was first."""
        return contextlib.nullcontext()

    def prepare(self) -> None:
        """Make what `folder` needs to be written to."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """The names at the top of the table."""
        return sorted({e.path.split("/")[0] for e in self._store.list()})

    def adopt(self, files: Sequence[LakeFile]) -> None:
        """Bring files that were written to `folder` to where they belong."""
        for file in files:
            self._store.upload(self.folder / file.path, file.path)
            (self.folder / file.path).unlink()

    def missing(self, files: Iterable[LakeFile]) -> list[str]:
        """Files that are not there, or not as long as they were."""
        wanted = list(files)
        if len(wanted) <= 3:
            heads = ((f, self._store.head(self._relative(f.path))) for f in wanted)
            return [f.path for f, head in heads if head is None or head.size != f.bytes]
        there = {e.path: e.size for e in self._store.list()}
        return [f.path for f in wanted if there.get(self._relative(f.path)) != f.bytes]

    def local(self, file: LakeFile) -> Path:
        """A Parquet file of this machine with the rows of a file."""
        name = self._relative(file.path)
        here = self._fetched / name
        if size_of(here) != file.bytes:
            here.parent.mkdir(parents=True, exist_ok=True)
            self._store.download(name, here)
        return as_parquet(here, self._fetched / "orc" / name) if here.suffix == ".orc" else here

    def sizes(self) -> dict[str, int]:
        """Every data file below the table → its bytes."""
        each = ((e.path, e.size) for e in self._store.list())
        return {path: size for path, size in each if not is_hidden(path.split("/"))}

    def written(self) -> dict[str, datetime]:
        """Every data file below the table → when it was written last."""
        each = ((e.path, e.modified) for e in self._store.list())
        return {path: when for path, when in each if not is_hidden(path.split("/"))}

    def note_removal(self, paths: Sequence[str]) -> None:
        """Note which files are about to be deleted; none: the note goes away."""
        if paths:
            self._store.put(f"{FOLDER}/{REMOVING}", json.dumps(list(paths)).encode())
        else:
            self._store.delete([f"{FOLDER}/{REMOVING}"])

    def noted_removal(self) -> list[str]:
        """The files that a killed removal was to delete."""
        if self._store.head(f"{FOLDER}/{REMOVING}") is None:
            return []
        return list(json.loads(self._store.read(f"{FOLDER}/{REMOVING}")))

    def remove(self, paths: Iterable[str]) -> None:
        """Delete files."""
        self._store.delete([self._relative(p) for p in paths])

    def open_staging(self, token: str) -> None:
        """Note that files of this token are about to be written."""
        self._store.put(self._note(token), b"")

    def is_staging(self, token: str) -> bool:
        """Whether such a note is there."""
        return self._store.head(self._note(token)) is not None

    def staging(self) -> set[str]:
        """The tokens of every such note."""
        return {Path(e.path).stem for e in self._store.list(f"{FOLDER}/staged")}

    def forget(self, token: str) -> None:
        """Note that all that was written under a token is in the version just published."""
        self._store.delete([self._note(token)])
        shutil.rmtree(self._fetched, ignore_errors=True)  # the next version has other files

    def discard(self, token: str, keep: Iterable[LakeFile]) -> None:
        """Remove what was written under a token, but for what a version holds."""
        kept = {self._relative(f.path) for f in keep}
        mark = f"/part-{token}-"
        left = [e.path for e in self._store.list() if mark in f"/{e.path}" and e.path not in kept]
        self._store.delete(left)
        for path in self.folder.rglob(f"part-{token}-*"):
            path.unlink(missing_ok=True)

    def _note(self, token: str) -> str:
        return f"{FOLDER}/staged/{token}.json"

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self.url}/")
