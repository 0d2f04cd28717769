"""The log of Parquet and ORC tables: one manifest for each version, and one that is current."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from penstock.runtime.targets.clock import utc_now
from penstock.runtime.targets.evolution import as_text, evolve
from penstock.runtime.targets.lake.manifest import HISTORY, Manifest, Manifests
from penstock.runtime.targets.lake.manifest_remote import RemoteManifests
from penstock.runtime.targets.lake.snapshot import compacted
from penstock.runtime.targets.parquet import scan

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from penstock.program import Column
    from penstock.runtime.targets.lake.options import LakeTargetOptions
    from penstock.runtime.targets.lake.place import Place
    from penstock.runtime.targets.lake.snapshot import Ages, Change, Commit, LakeFile, Snapshot


_OURS = re.compile(r"part-[0-9a-f]{16}-.+")
_ORC_TEXT = frozenset({"time", "json"})


class ManifestLog:
    """The versions of a table of plain files."""

    marker = "_penstock"
    rewrites_wider = False
    data_folder = ""
    forgets = True
    fate = "no version holds them, so that they are left alone and are no rows of this table"

    def __init__(self, options: LakeTargetOptions, place: Place, name: str) -> None:
        self._place = place
        self._name = name
        self._orc = options.format == "orc"
        store = place.store
        self._manifests: Manifests | RemoteManifests = (
            Manifests(place.folder, place.shown)
            if store is None
            else RemoteManifests(store, place.shown)
        )

    def prepare(self) -> None:
        """Make sure that a table can be written here."""
        self._manifests.prepare()

    def current(self) -> Manifest | None:
        """What readers see."""
        return self._manifests.current()

    def at(self, version: str) -> Manifest | None:
        """A version by its name."""
        return self._manifests.version(version)

    def all(self) -> list[Snapshot]:
        """Every version whose files are there, newest first; none after the current one."""
        current = self._manifests.current()
        if current is None:
            return []
        # A run that was killed between two writes left a manifest that never was current.
        made = {c.version for c in current.history}
        older = [
            m
            for m in self._manifests.every()
            if m.number < current.number
            and (m.version in made or current.number - m.number >= HISTORY)
            and not self._place.missing(m.files)
        ]
        return [current, *sorted(older, key=lambda m: m.number, reverse=True)]

    def done(self, token: str) -> Commit | None:
        """The commit with this token, if it was made."""
        current = self._manifests.current()
        return current.committed(token) if current else None

    def publish(self, base: Snapshot | None, change: Change) -> Commit | None:
        """Swap the current manifest."""
        assert base is None or isinstance(base, Manifest)
        number = base.number + 1 if base else 1
        now = utc_now()
        commit = change.commit(f"{number:06d}-{change.token}", now)
        manifest = Manifest(
            version=commit.version,
            key=change.key,
            created_at=now,
            mode=change.mode,
            columns=change.columns,
            partition_by=change.partition_by,
            layouts=change.layouts,
            files=change.files,
            number=number,
            parent=base.version if base else None,
            history=(*(base.history if base else ()), commit)[-HISTORY:],
        )
        return commit if self._manifests.publish(base, manifest) else None

    def holds(self, version: str) -> bool:
        """Whether nothing but the layout of files was changed since that version."""
        current = self._manifests.current()
        for commit in reversed(current.history if current else ()):
            if commit.version == version:
                return True
            if commit.data:
                return False
        return False

    def foreign(self, current: Snapshot) -> list[str]:  # noqa: ARG002
        """Data files below the table that Penstock did not write."""
        others = sorted(
            path
            for path in self._place.sizes()
            if path.endswith((".parquet", ".orc")) and not _OURS.fullmatch(path.split("/")[-1])
        )
        if not others:
            return []
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        return [f"another program put files here ({others[0]}{more})"]

    def discard(self, token: str, version: str | None) -> None:
        """Remove manifests of a killed commit."""
        self._manifests.discard(token, version)

    def pinned(self) -> tuple[set[str], set[str]]:
        """None: there are no others."""
        return set(), set()

    def expire(self, versions: Sequence[str]) -> None:
        """Forget versions."""
        for version in versions:
            self._manifests.expire(version)

    def superfluous(self, ages: Ages, gone: Collection[str]) -> set[str]:  # noqa: ARG002
        """None: a version's manifest goes with it."""
        return set()

    def stored(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Parquet has every type; in ORC a time of day and JSON are text."""
        return as_text(columns, _ORC_TEXT) if self._orc else tuple(columns)

    def evolve(
        self, table: Sequence[Column], incoming: Sequence[Column], *, fixed: Sequence[str]
    ) -> tuple[Column, ...]:
        """By name; types may grow."""
        return evolve(table, incoming, fixed=fixed, name=self._name)

    def field_ids(self, base: Snapshot | None, columns: Sequence[Column]) -> Any:  # noqa: ARG002
        """Columns are known by their names."""
        return None

    def scan(
        self,
        snapshot: Snapshot,
        files: Sequence[LakeFile],
        columns: Sequence[Column],
        file_column: str | None = None,
    ) -> str:
        """The files, their partition columns from the names of their folders."""
        layouts, _ = compacted(snapshot.layouts, files)
        keys: dict[str, str] = {}
        if files:  # as the folders name them: what is not plain in a name is escaped there
            folders = files[0].path.split("/")
            keys = {
                column: folder.partition("=")[0]
                for column, folder in zip(snapshot.partition_by, folders, strict=False)
            }
        paths = [str(self._place.local(f)) for f in files]
        return scan(paths, columns, layouts=layouts, partition=keys, file_column=file_column)
