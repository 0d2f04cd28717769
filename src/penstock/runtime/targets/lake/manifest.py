"""The manifest: which files are a version of a lake table, and how a new one takes its place.

`TABLE/_penstock/current.json` is the manifest that readers see: one file, swapped atomically,
that names every file of the table with its rows, bytes and partition values. Each version stays
under `TABLE/_penstock/manifests/`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed
from penstock.program import Column
from penstock.runtime.targets.durable import sync_folder, temporary_of, write_atomically
from penstock.runtime.targets.lake.snapshot import Commit, LakeFile, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "penstock.lake/1"
FOLDER = "_penstock"
# A run is tried again soon or never: this many commits back, its key is still known.
HISTORY = 1000


@dataclass(frozen=True)
class Manifest(Snapshot):
    """A version of a table.

    Attributes:
        number: counts versions from 1.
        history: the commits that led here, this one last.
    """

    number: int
    parent: str | None
    history: tuple[Commit, ...]

    def committed(self, token: str) -> Commit | None:
        """The commit with this token, if it was made."""
        return next((c for c in self.history if c.token == token), None)

    def as_json(self) -> dict[str, Any]:
        """The published form."""
        return {"schema": SCHEMA, "rows": self.rows, "bytes": self.bytes, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Manifest:
        """A manifest from its published form; keys that this version does not know are ignored."""
        kept = {f.name: data[f.name] for f in fields(cls)}
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


def parse(text: str, shown: str) -> Manifest:
    """A manifest from its file.

    Raises:
        LoadFailed: it is from a newer Penstock.
        ValueError: it is no manifest.
    """
    try:
        data = json.loads(text)
        found = data["schema"]
        if found == SCHEMA:
            return Manifest.from_json(data)
    except (TypeError, KeyError) as error:
        raise ValueError(f"it is not a manifest ({error!r})") from error
    except ValueError as error:
        raise ValueError(f"it is not a manifest ({error!r})") from error
    raise LoadFailed(
        f"the manifest of {shown} has the layout {found}; this Penstock knows {SCHEMA}",
        code="PSK-TGT-104",
        hint="pip install --upgrade penstock",
    )


def as_bytes(manifest: Manifest) -> bytes:
    """The file of a manifest."""
    return (json.dumps(manifest.as_json(), indent=1, ensure_ascii=False) + "\n").encode()


class Manifests:
    """The folder `_penstock` of a table on this machine.

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
        return self._read(self._manifests / f"{version}.json") if is_plain(version) else None

    def every(self) -> list[Manifest]:
        """Every manifest that is there, in no order."""
        found = (self._read(p) for p in self._manifests.glob("*-*.json"))
        return [m for m in found if m is not None]

    def publish(self, base: Manifest | None, manifest: Manifest) -> bool:  # noqa: ARG002
        """Make a version the one that readers see. The caller holds the lock."""
        data = as_bytes(manifest)
        write_atomically(self._manifests / f"{manifest.version}.json", data)
        write_atomically(self._folder / "current.json", data)
        return True

    def discard(self, token: str, version: str | None) -> None:
        """Remove what a killed commit left, but for a version that was published. Locked."""
        for path in self._manifests.glob(f"*-{token}.json*"):
            if path.name != f"{version}.json":
                path.unlink(missing_ok=True)
        temporary_of(self._folder / "current.json").unlink(missing_ok=True)

    def expire(self, version: str) -> None:
        """Forget a version."""
        (self._manifests / f"{version}.json").unlink(missing_ok=True)

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
            return parse(text, self.shown)
        except ValueError as error:
            raise self._damaged(path.name, str(error)) from error

    def _damaged(self, name: str, reason: str, newest: str | None = None) -> LoadFailed:
        if newest is None:
            newest = max((p.name for p in self._manifests.glob("*-*.json")), default="VERSION.json")
        return LoadFailed(
            f"the manifest {self.shown}/{FOLDER}/{name} cannot be used: {reason}",
            code="PSK-TGT-104",
            hint=f"put a good version back: `cp {FOLDER}/manifests/{newest} "
            f"{FOLDER}/current.json` in that folder",
        )


def is_plain(version: str) -> bool:
    """Whether a version can be a file's name."""
    return "/" not in version and version not in {"", ".", ".."}
