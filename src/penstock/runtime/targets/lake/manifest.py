"""The manifest: which files are a version of a lake table, and how a new one takes its place.

`TABLE/_penstock/current.json` is the manifest that readers see: one file, swapped atomically,
that names every file of the table with its rows, bytes and partition values. Each version stays
under `TABLE/_penstock/manifests/`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed
from penstock.program import Column
from penstock.runtime.targets.durable import (
    locked,
    sync_folder,
    temporary_of,
    write_atomically,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

SCHEMA = "penstock.lake/1"
FOLDER = "_penstock"
# A run is tried again soon or never: this many commits back, its key is still known.
HISTORY = 1000


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A data file of a table.

    Attributes:
        path: relative to the table's folder, with forward slashes.
        partition: partition column → its value as text, None for NULL.
        layout: which of `Manifest.layouts` its columns are.
    """

    path: str
    rows: int
    bytes: int
    partition: dict[str, str | None] = field(default_factory=dict)
    layout: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit published. `token` names the run and the target that made it."""

    version: str
    token: str
    key: str
    rows_loaded: int
    files: int
    bytes: int
    committed_at: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version of a table.

    Attributes:
        number: counts versions from 1.
        columns: of the table, in order, partition columns included.
        layouts: the different sets of columns that its files hold, partition columns left out.
        history: the commits that led here, this one last.
    """

    version: str
    number: int
    parent: str | None
    key: str
    created_at: str
    mode: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...]
    layouts: tuple[tuple[str, ...], ...]
    files: tuple[LakeFile, ...]
    history: tuple[Commit, ...]

    def committed(self, token: str) -> Commit | None:
        """The commit with this token, if it was made."""
        return next((c for c in self.history if c.token == token), None)

    def as_json(self) -> dict[str, Any]:
        """The published form."""
        totals = {
            "rows": sum(f.rows for f in self.files),
            "bytes": sum(f.bytes for f in self.files),
        }
        return {"schema": SCHEMA, **totals, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Manifest:
        """A manifest from its published form; keys that this version does not know are ignored."""
        kept = {name: data[name] for name in cls.__slots__}
        return cls(
            **{
                **kept,
                "columns": tuple(Column(**c) for c in data["columns"]),
                "partition_by": tuple(data["partition_by"]),
                "layouts": tuple(tuple(names) for names in data["layouts"]),
                "files": tuple(LakeFile(**f) for f in data["files"]),
                "history": tuple(Commit(**c) for c in data["history"]),
            }
        )


def compacted(
    layouts: Iterable[tuple[str, ...]], files: Iterable[LakeFile]
) -> tuple[tuple[tuple[str, ...], ...], tuple[LakeFile, ...]]:
    """Layouts that some file has, each once, and the files numbered accordingly."""
    known = list(layouts)
    kept: dict[tuple[str, ...], int] = {}
    numbered = [
        replace(f, layout=kept.setdefault(known[f.layout], len(kept)))
        for f in sorted(files, key=lambda f: f.path)
    ]
    return tuple(kept), tuple(numbered)


class Store:
    """The folder `_penstock` of a table.

    Args:
        table: the table's folder.
        shown: the folder as the user names it, for messages.
    """

    def __init__(self, table: Path, shown: str) -> None:
        self.table = table
        self.shown = shown
        self._folder = table / FOLDER
        self._manifests = self._folder / "manifests"
        self._staged = self._folder / "staged"

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            LoadFailed: there are files that Penstock did not write, or the manifest is gone.
        """
        if not self._folder.is_dir():
            self._refuse_foreign()
            self._manifests.mkdir(parents=True, exist_ok=True)
            sync_folder(self._folder)
            sync_folder(self.table)
        self._manifests.mkdir(exist_ok=True)
        self._staged.mkdir(exist_ok=True)
        self._refuse_lost()

    def exists(self) -> bool:
        """Whether a run ever wrote here."""
        return self._folder.is_dir()

    def locked(self) -> AbstractContextManager[None]:
        """Be the only one who changes the table."""
        return locked(self._folder / "lock")

    def current(self) -> Manifest | None:
        """What readers see; None: nothing was published yet.

        Raises:
            LoadFailed: the manifest is damaged, or from a newer Penstock.
        """
        return self._read(self._folder / "current.json")

    def version(self, version: str) -> Manifest | None:
        """A version by its name; None: there is none.

        Raises:
            LoadFailed: the manifest is damaged, or from a newer Penstock.
        """
        return self._read(self._manifests / f"{version}.json") if _is_plain(version) else None

    def versions(self) -> list[Manifest]:
        """Every version whose manifest is there, newest first; none after the current one."""
        current = self.current()
        if current is None:
            return []
        found = [self._read(p) for p in self._manifests.glob("*-*.json")]
        # A run that was killed between two writes left a manifest that never was current.
        made = {c.version for c in current.history} | {current.version}
        known = [m for m in found if m and (m.version in made or len(current.history) >= HISTORY)]
        older = [m for m in known if m.number < current.number]
        return sorted([*older, current], key=lambda m: m.number, reverse=True)

    def publish(self, manifest: Manifest) -> None:
        """Make a version the one that readers see. The caller holds the lock."""
        text = json.dumps(manifest.as_json(), indent=1, ensure_ascii=False)
        data = (text + "\n").encode()
        write_atomically(self._manifests / f"{manifest.version}.json", data)
        write_atomically(self._folder / "current.json", data)

    # -- what was staged and not yet published, by token

    def open_staging(self, token: str) -> None:
        """Note that files of this token are about to be written."""
        (self._staged / f"{token}.json").touch()
        sync_folder(self._staged)

    def forget(self, token: str) -> None:
        """Note that all that was written under a token is in the version just published."""
        (self._staged / f"{token}.json").unlink(missing_ok=True)

    def close_staging(self, token: str, keep: Iterable[LakeFile], version: str | None) -> None:
        """Remove what was written under a token, but for what a version holds. Locked."""
        note = self._staged / f"{token}.json"
        if not note.exists():
            return
        kept = {self.table / f.path for f in keep}
        for path in self.table.rglob(f"part-{token}-*"):
            if path not in kept:
                path.unlink(missing_ok=True)
        for path in self._manifests.glob(f"*-{token}.json*"):
            if path.name != f"{version}.json":
                path.unlink(missing_ok=True)
        temporary_of(self._folder / "current.json").unlink(missing_ok=True)
        self.forget(token)

    def missing(self, files: Iterable[LakeFile]) -> list[str]:
        """Files that are not there, or not as long as they were."""
        return [f.path for f in files if _size(self.table / f.path) != f.bytes]

    def _refuse_foreign(self) -> None:
        if self.table.exists() and not self.table.is_dir():
            found = "a file, not a folder"
        else:
            there = sorted(p.name for p in self.table.iterdir()) if self.table.is_dir() else []
            if not there:
                return
            more = f" and {len(there) - 1} more" if len(there) > 1 else ""
            found = f"not empty, and Penstock did not write it ({there[0]}{more})"
        raise LoadFailed(
            f"{self.shown} is {found}: a lake table is not mixed with other files",
            code="PSK-TGT-102",
            hint="name an empty folder as `path`, or move what is there away first",
        )

    def _refuse_lost(self) -> None:
        """Without its manifest a table looks empty: rows would be lost in silence."""
        if (self._folder / "current.json").exists():
            return
        pending = {p.stem for p in self._staged.glob("*.json")}
        names = sorted(p.name for p in self._manifests.glob("*-*.json"))
        lost = [n for n in names if n.removesuffix(".json").partition("-")[2] not in pending]
        if lost:
            raise self._damaged("current.json", "it is gone", lost[-1])

    def _read(self, path: Path) -> Manifest | None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(path.name, str(error)) from error
        try:
            data = json.loads(text)
            found = data["schema"]
            if found == SCHEMA:
                return Manifest.from_json(data)
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged(path.name, f"it is not a manifest ({error!r})") from error
        raise LoadFailed(
            f"the manifest of {self.shown} has the layout {found}; this Penstock knows {SCHEMA}",
            code="PSK-TGT-104",
            hint="pip install --upgrade penstock",
        )

    def _damaged(self, name: str, reason: str, newest: str | None = None) -> LoadFailed:
        if newest is None:
            newest = max((p.name for p in self._manifests.glob("*-*.json")), default="VERSION.json")
        return LoadFailed(
            f"the manifest {self.shown}/{FOLDER}/{name} cannot be used: {reason}",
            code="PSK-TGT-104",
            hint=f"put a good version back: `cp {FOLDER}/manifests/{newest} "
            f"{FOLDER}/current.json` in that folder",
        )


def _is_plain(version: str) -> bool:
    return "/" not in version and version not in {"", ".", ".."}


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
