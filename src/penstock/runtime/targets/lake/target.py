"""The `lake` target: versions of a table of Parquet files, published by swapping one manifest.

`stage` writes data files that no manifest names. `commit` makes the manifest that names them the
current one. Files of older versions stay, so that a reader who has opened one can finish.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import Conflict, LoadFailed, SourceUnavailable, Unavailable
from penstock.program import Column
from penstock.runtime.engines.base import FileFormat, WriteSpec
from penstock.runtime.targets import merging
from penstock.runtime.targets.base import Published, Staged, VersionInfo
from penstock.runtime.targets.evolution import evolve
from penstock.runtime.targets.lake.manifest import (
    HISTORY,
    Commit,
    LakeFile,
    Manifest,
    Store,
    compacted,
)
from penstock.runtime.targets.lake.options import PARTITION_TYPES, LakeTargetOptions
from penstock.runtime.targets.merging import quote
from penstock.runtime.targets.parquet import scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.program import Load
    from penstock.runtime.engines.base import Engine

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE_COLUMN = "penstock__file"
_COMPRESSION = {"none": "uncompressed"}


class LakeTarget:
    """A table in a folder.

    Raises:
        Unavailable: the path is not one of this machine.
    """

    def __init__(self, load: Load, root: Path) -> None:
        self._load = load
        self._options = LakeTargetOptions(**load.options)
        if _URL.match(self._options.path):
            raise Unavailable(
                f"target `{load.target}` cannot write to {self._options.path}: this version of "
                "Penstock writes lakes to local folders",
                code="PSK-TGT-111",
                hint="run with a profile or a variable that names a local folder",
            )
        self._table = root.absolute() / self._options.path
        self._store = Store(self._table, self._options.path)

    # -- writing

    def stage(self, engine: Engine, relation: str, key: str) -> Staged:
        """Write the rows of `relation` into files that no manifest names."""
        self._refuse_what_cannot_be()
        self._store.prepare()
        current = self._store.current()
        token = self._token(key)
        done = current.committed(token) if current else None
        if done is not None:
            return Staged(self._load.target, key, done.rows_loaded, {"committed": done.version})
        self.abandon(key)
        columns = self._columns_after(current, self._load.schema)
        self._refuse_other_layout(current)
        self._store.open_staging(token)
        if self._load.mode == "merge":
            rows, removed, files = self._merge(engine, relation, token, current, columns)
        else:
            files = self._write(engine, self._incoming(relation, columns), token)
            rows, removed = sum(f.rows for f in files), []
        detail = {
            "token": token,
            "base": current.version if current else None,
            "mode": self._load.mode,
            "columns": [asdict(c) for c in self._load.schema],
            "layout": self._layout(columns if self._load.mode == "merge" else self._load.schema),
            "files": [asdict(f) for f in files],
            "removed": removed,
        }
        return Staged(self._load.target, key, rows, detail)

    def commit(self, staged: Staged) -> Published:
        """Make the staged files part of what readers see."""
        token = self._token(staged.key)
        with self._store.locked():
            current = self._store.current()
            done = current.committed(token) if current else None
            if done is None:
                if "committed" in staged.detail:
                    raise self._moved("its manifest was put back to an older one")
                manifest = self._next(current, staged, token)
                self._store.publish(manifest)
                self._store.forget(token)
                done = manifest.history[-1]
            else:
                self._close(token, done)
        return self._published(done)

    def abandon(self, key: str) -> None:
        """Remove what was staged under this key and is in no version."""
        if not self._store.exists():
            return
        token = self._token(key)
        with self._store.locked():
            current = self._store.current()
            self._close(token, current.committed(token) if current else None)

    # -- older versions

    def versions(self) -> list[VersionInfo]:
        """The versions whose files are all there, newest first."""
        return [
            VersionInfo(
                version=m.version,
                published_at=m.created_at,
                key=m.key,
                rows=sum(f.rows for f in m.files),
                files=len(m.files),
                bytes=sum(f.bytes for f in m.files),
                summary=m.mode,
            )
            for m in self._store.versions()
            if not self._store.missing(m.files)
        ]

    def restore(self, version: str, key: str) -> Published:
        """Publish the files of an older version as a new one."""
        token = self._token(key)
        if not self._store.exists():
            raise self._no_version(version)
        with self._store.locked():
            current = self._store.current()
            done = current.committed(token) if current else None
            if done is None:
                old = self._store.version(version)
                if current is None or old is None or self._store.missing(old.files):
                    raise self._no_version(version)
                manifest = self._successor(
                    current, token, key, f"restore of {version}", old, old.files
                )
                self._store.publish(manifest)
                done = manifest.history[-1]
        return self._published(done)

    def _successor(
        self,
        current: Manifest,
        token: str,
        key: str,
        mode: str,
        content: Manifest,
        new: Sequence[LakeFile],
    ) -> Manifest:
        """The version after `current` with the content of another."""
        commit = Commit(
            version=f"{current.number + 1:06d}-{token}",
            token=token,
            key=key,
            rows_loaded=sum(f.rows for f in new),
            files=len(new),
            bytes=sum(f.bytes for f in new),
            committed_at=_now(),
        )
        return replace(
            content,
            version=commit.version,
            number=current.number + 1,
            parent=current.version,
            key=key,
            created_at=commit.committed_at,
            mode=mode,
            history=(*current.history, commit)[-HISTORY:],
        )

    def _published(self, done: Commit) -> Published:
        return Published(
            rows_loaded=done.rows_loaded,
            files=done.files,
            bytes=done.bytes,
            location=self._options.path,
            version=done.version,
        )

    def _no_version(self, version: str) -> LoadFailed:
        return LoadFailed(
            f"{self._options.path} has no version {version}, or its files are gone",
            code="PSK-TGT-108",
            hint="name a version that is still there",
        )

    # -- reading

    def holds(self, version: str) -> bool:
        """Whether readers see this version, whole."""
        current = self._store.current()
        return (
            current is not None
            and current.version == version
            and not self._store.missing(current.files)
        )

    def relation(self, version: str | None = None) -> str:
        """DuckDB SQL of a FROM item that reads a version."""
        manifest = self._store.current() if version is None else self._store.version(version)
        if manifest is None:
            path = self._options.path
            raise SourceUnavailable(
                f"{path} has no version {version}"
                if version
                else f"nothing was published to {path} yet",
                code="PSK-TGT-106",
                hint="`penstock run` publishes",
            )
        return self._scan(manifest, manifest.files, manifest.columns)

    def _scan(
        self,
        manifest: Manifest,
        files: Sequence[LakeFile],
        columns: Sequence[Column],
        file_column: str | None = None,
    ) -> str:
        layouts, _ = compacted(manifest.layouts, files)
        keys: dict[str, str] = {}
        if files:  # as the folders name them: what is not plain in a name is escaped there
            folders = files[0].path.split("/")
            keys = {
                column: folder.partition("=")[0]
                for column, folder in zip(manifest.partition_by, folders, strict=False)
            }
        paths = [str(self._table / f.path) for f in files]
        return scan(paths, columns, layouts=layouts, partition=keys, file_column=file_column)

    # -- files

    def _incoming(self, relation: str, columns: Sequence[Column]) -> str:
        """Query: the rows of the dataset in the table's types."""
        after = {c.name.casefold(): c for c in columns}
        chosen = []
        for column in self._load.schema:
            kept = after[column.name.casefold()]
            value = quote(column.name)
            if kept.type != column.type:
                value = f"CAST({value} AS {kept.type})"
            chosen.append(f"{value} AS {quote(kept.name)}")
        return f"SELECT {', '.join(chosen)} FROM {quote(relation)}"

    def _write(self, engine: Engine, sql: str, token: str) -> list[LakeFile]:
        compression = self._options.compression
        spec = WriteSpec(
            folder=self._table,
            # Another attempt under this key may still be writing: no two share a name.
            stem=f"part-{token}-{secrets.token_hex(3)}",
            format=FileFormat("parquet", {}, _COMPRESSION.get(compression, compression)),
            partition_by=self._load.partition_by,
            file_size=self._options.file_size_bytes,
        )
        found: list[LakeFile] = []
        for file in engine.write_files(sql, spec):
            if not file.rows:
                file.path.unlink(missing_ok=True)
                continue
            name = file.path.relative_to(self._table).as_posix()
            found.append(LakeFile(name, file.rows, file.bytes, dict(file.partition)))
        return found

    def _merge(
        self,
        engine: Engine,
        relation: str,
        token: str,
        current: Manifest | None,
        columns: Sequence[Column],
    ) -> tuple[int, list[str], list[LakeFile]]:
        """Write the incoming rows, and with them those that share a file with a replaced row.

        Returns:
            Incoming rows, paths of the files that the new ones replace, the new files.
        """
        keys = self._load.keys
        kept = f"{relation}__to_{self._load.target}"
        engine.create(kept, self._incoming(relation, columns), materialize=True)
        try:
            merging.refuse_repeated_keys(engine, kept, keys, target=self._load.target)
            touched: list[LakeFile] = []
            if current is not None and current.files:
                every = self._scan(current, current.files, columns, _FILE_COLUMN)
                found = engine.rows(merging.touched_files(every, _FILE_COLUMN, kept, keys))
                paths = {Path(row["path"]) for row in found}
                touched = [f for f in current.files if self._table / f.path in paths]
            names = [c.name for c in columns]
            given = {c.name.casefold() for c in self._load.schema}
            merged = merging.merged_rows(
                self._scan(current, touched, columns) if current and touched else None,
                kept,
                columns=names,
                incoming=[n for n in names if n.casefold() in given],
                keys=keys,
            )
            count = f"SELECT count(*) AS n FROM {quote(kept)}"
            rows = int(engine.rows(count)[0]["n"])
            return rows, [f.path for f in touched], self._write(engine, merged, token)
        finally:
            engine.drop(kept)

    # -- the next version

    def _next(self, current: Manifest | None, staged: Staged, token: str) -> Manifest:
        """The version that a commit makes.

        Raises:
            Conflict: the table moved since `stage`, or the staged files are gone.
        """
        detail = staged.detail
        base = current.version if current else None
        if base != detail["base"] and detail["mode"] != "append":
            raise self._moved(f"it was at {detail['base']} and is at {base}")
        new = [LakeFile(**f) for f in detail["files"]]
        if missing := self._store.missing(new):
            raise Conflict(
                f"{len(missing)} file(s) that were written for `{staged.target}` are gone or cut "
                f"short, the first {missing[0]}",
                code="PSK-TGT-107",
                hint="run again: the rows are written anew",
            )
        try:
            self._refuse_other_layout(current)
            columns = self._columns_after(current, tuple(Column(**c) for c in detail["columns"]))
        except LoadFailed as error:  # it went well at `stage`, over what the table was then
            raise self._moved(error.message) from error
        layouts = [tuple(detail["layout"])]
        files = list(new)
        if current is not None:
            layouts += current.layouts
            files += [replace(f, layout=f.layout + 1) for f in self._stay(current, detail, new)]
        number = current.number + 1 if current else 1
        now = _now()
        commit = Commit(
            version=f"{number:06d}-{token}",
            token=token,
            key=staged.key,
            rows_loaded=staged.rows,
            files=len(new),
            bytes=sum(f.bytes for f in new),
            committed_at=now,
        )
        kept_layouts, kept_files = compacted(layouts, files)
        return Manifest(
            version=commit.version,
            number=number,
            parent=base,
            key=staged.key,
            created_at=now,
            mode=detail["mode"],
            columns=columns,
            partition_by=self._load.partition_by,
            layouts=kept_layouts,
            files=kept_files,
            history=(*(current.history if current else ()), commit)[-HISTORY:],
        )

    @staticmethod
    def _stay(current: Manifest, detail: dict[str, Any], new: Sequence[LakeFile]) -> list[LakeFile]:
        """The files of the current version that the next one keeps."""
        mode = detail["mode"]
        if mode == "overwrite":
            return []
        if mode == "overwrite_partitions":
            written = [f.partition for f in new]
            return [f for f in current.files if f.partition not in written]
        removed = set(detail["removed"])
        return [f for f in current.files if f.path not in removed]

    def _columns_after(
        self, current: Manifest | None, incoming: tuple[Column, ...]
    ) -> tuple[Column, ...]:
        if current is None or self._load.mode == "overwrite":
            return incoming
        fixed = self._load.partition_by
        return evolve(current.columns, incoming, fixed=fixed, name=self._load.target)

    def _layout(self, columns: Iterable[Column]) -> list[str]:
        held = set(self._load.partition_by)
        return [c.name for c in columns if c.name not in held]

    def _close(self, token: str, done: Commit | None) -> None:
        manifest = self._store.version(done.version) if done else None
        keep = manifest.files if manifest else ()
        self._store.close_staging(token, keep, done.version if done else None)

    def _token(self, key: str) -> str:
        """Names a run and this target in file names: two targets may share a folder."""
        return hashlib.sha256(f"{self._load.target}\n{key}".encode()).hexdigest()[:16]

    # -- refusals

    def _refuse_what_cannot_be(self) -> None:
        load, options = self._load, self._options
        gap = options.capabilities.gap(options.format)
        if gap is not None:
            raise self._refusal(gap.code, f"{options.format} is not available: {gap.because}")
        kinds = {c.name: c.type for c in load.schema}
        unknown = [c for c in (*load.partition_by, *load.keys) if c not in kinds]
        if unknown:
            raise self._refusal("PSK-TGT-105", f"the dataset has no column `{unknown[0]}`")
        if load.mode == "merge" and not load.keys:
            raise self._refusal("PSK-TGT-105", "`mode: merge` needs `keys`")
        if load.mode == "overwrite_partitions" and not load.partition_by:
            what = "`mode: overwrite_partitions` needs `partition_by`"
            raise self._refusal("PSK-TGT-105", what)
        if set(load.partition_by) == set(kinds):
            what = "`partition_by` names every column, so that nothing is left for the files"
            raise self._refusal("PSK-TGT-105", what)
        for name in load.partition_by:
            if types.parse(kinds[name]).name not in PARTITION_TYPES:
                what = f"folders cannot be named after `{name}`, which is {kinds[name]}"
                raise self._refusal("PSK-TGT-105", what)
        self._refuse_shadowed(kinds)

    def _refuse_shadowed(self, columns: Iterable[str]) -> None:
        """Readers take `month=3` anywhere in a path for the value of a column `month`."""
        if not self._load.partition_by:
            return
        known = {c.casefold() for c in columns}
        for folder in self._table.parts:
            name, equals, _ = folder.partition("=")
            if equals and name.casefold() in known:
                what = f"its path has a folder `{folder}`, which reads as a value of `{name}`"
                raise self._refusal("PSK-TGT-105", what)

    def _refuse_other_layout(self, current: Manifest | None) -> None:
        mine = self._load.partition_by
        if current is None or self._load.mode == "overwrite" or current.partition_by == mine:
            return
        there = ", ".join(current.partition_by) or "nothing"
        what = f"the table is partitioned by {there}, not by {', '.join(mine) or 'nothing'}"
        raise self._refusal("PSK-TGT-105", what)

    def _refusal(self, code: str, what: str) -> LoadFailed:
        return LoadFailed(
            f"target `{self._load.target}` cannot be written: {what}",
            code=code,
            hint=f"`penstock explain {code}`",
        )

    def _moved(self, what: str) -> Conflict:
        return Conflict(
            f"another writer moved {self._options.path} while this run worked: {what}",
            hint="run again: it starts from what is there now",
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
