"""The `lake` target: versions of a table of files, in the way of its format.

`stage` writes data files that no version names. `commit` publishes the version that names them,
in one step of the format's log. Files of older versions stay, so that a reader who has opened
one can finish.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LoadFailed, SourceUnavailable
from penstock.program import Column
from penstock.runtime.targets import merging
from penstock.runtime.targets.base import Published, Staged, VersionInfo
from penstock.runtime.targets.lake.checks import (
    refusal,
    refuse_other_format,
    refuse_what_cannot_be,
)
from penstock.runtime.targets.lake.logs import open_log
from penstock.runtime.targets.lake.options import LakeTargetOptions
from penstock.runtime.targets.lake.partitioning import parse_term
from penstock.runtime.targets.lake.place import open_place
from penstock.runtime.targets.lake.snapshot import Change, Commit, LakeFile, Snapshot, compacted
from penstock.runtime.targets.lake.upkeep import maintain
from penstock.runtime.targets.lake.writing import Writer
from penstock.runtime.targets.merging import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Load
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.targets.base import Maintained, Upkeep
    from penstock.runtime.targets.lake.logs import Log

_FILE_COLUMN = "penstock__file"
# Appends that lose the race for the next version look again; so many writers are not there.
_TRIES = 50
_TOLD = 3
_FATE = {
    "append": "its rows stay",
    "overwrite": "this run replaced its rows; the version can be read still",
    "overwrite_partitions": "its rows stay, but in the partitions that this run wrote",
    "merge": "its rows stay, but for those with a key that this run wrote",
}


class LakeTarget:
    """A table of files.

    Raises:
        MissingExtra: its format or place needs a package that is not installed.
        Unavailable: the path is a URL of a kind that is not known.
    """

    def __init__(self, load: Load, root: Path) -> None:
        self._options = LakeTargetOptions(**load.options)
        if self._options.format == "iceberg":  # as the table gives them back
            load = replace(load, partition_by=tuple(str(parse_term(t)) for t in load.partition_by))
        self._load = load
        self._place = open_place(self._options.path, root)
        self._log = self._open_log()
        self._writer = Writer(load, self._options, self._place, self._log)

    def _open_log(self) -> Log:
        return open_log(self._options, self._place, self._load.target)

    # -- writing

    def stage(self, engine: Engine, relation: str, key: str) -> Staged:
        """Write the rows of `relation` into files that no version names."""
        return self._stage(engine, relation, key)

    def _stage(
        self,
        engine: Engine,
        relation: str,
        key: str,
        part: str | None = None,
        *,
        alone: bool = True,
    ) -> Staged:
        refuse_what_cannot_be(self._load, self._options, self._place)
        refuse_other_format(self._load, self._place, self._log.marker)
        self._log.prepare()
        self._place.prepare()
        current = self._log.current()
        token = self._token(key)
        done = self._log.done(token)
        if done is not None:
            return Staged(self._load.target, key, done.rows_loaded, {"committed": done.version})
        if part is None:
            self.abandon(key)
        columns = self._columns_after(current, self._log.stored(self._load.schema))
        self._refuse_other_layout(current)
        self._place.open_staging(token)
        name = _part_name(token, part)
        if self._load.mode == "merge":
            rows, removed, files = self._merge(engine, relation, name, current, columns)
        else:
            sql = self._writer.incoming(relation, columns)
            files = self._writer.write(engine, sql, name, current, columns, held=self._load.schema)
            rows, removed = sum(f.rows for f in files), []
            if current is not None and self._load.mode != "overwrite":
                again = self._narrower(current, columns)
                if again and not alone:
                    raise self._moved("a column's type differs from that of old rows")
                more = self._writer.rewrite(engine, current, again, columns, name)
                files, removed = [*files, *more], [f.path for f in again]
        self._place.adopt(files)
        detail: dict[str, Any] = {
            "token": token,
            "base": current.version if current else None,
            "mode": self._load.mode,
            "columns": [asdict(c) for c in self._load.schema],
            # Files that hold old rows too have every column of the table.
            "layout": self._layout(columns if removed else self._load.schema),
            "files": [asdict(f) for f in files],
            "removed": removed,
        }
        if part is not None:
            detail["parts"] = True
        return Staged(self._load.target, key, rows, detail)

    def commit(self, staged: Staged) -> Published:
        """Make the staged files part of what readers see."""
        token = self._token(staged.key)
        notes: tuple[str, ...] = ()
        self._place.prepare()
        with self._place.locked():
            for _ in range(_TRIES):
                current = self._log.current()
                done = self._log.done(token)
                if done is not None:
                    self._close(token, done)
                    break
                if "committed" in staged.detail:
                    raise self._moved("its log was put back to an older version")
                change = self._next(current, staged, token)
                notes = self._notes(current)
                done = self._log.publish(current, change)
                if done is not None:
                    if staged.detail.get("parts"):  # tries that were given up left files too
                        self._close(token, done)
                    else:
                        self._place.forget(token)
                    break
            else:
                raise self._moved("others kept on writing")
        return self._published(done, notes)

    def _notes(self, current: Snapshot | None) -> tuple[str, ...]:
        """What the report says of other programs that wrote here since the last run did."""
        found = self._log.foreign(current) if current is not None else []
        if not found:
            return ()
        told = "; ".join(found[:_TOLD]) + ("; and others before" if len(found) > _TOLD else "")
        return (f"`{self._load.target}`: {told}: {self._log.fate or _FATE[self._load.mode]}",)

    def abandon(self, key: str) -> None:
        """Remove what was staged under this key and is in no version."""
        if not self._place.exists():
            return
        token = self._token(key)
        with self._place.locked():
            self._close(token, self._log.done(token))

    # -- in parts

    def joins_now(self) -> bool:
        """Whether no old row is to be written anew for the rows to come."""
        current = self._log.current()
        if current is None or self._load.mode == "overwrite":
            return True
        columns = self._columns_after(current, self._log.stored(self._load.schema))
        return not self._narrower(current, columns)

    def stage_part(
        self, engine: Engine, relation: str, key: str, part: str, *, alone: bool
    ) -> Staged:
        """Write the rows of a part into files that no version names."""
        return self._stage(engine, relation, key, part, alone=alone)

    def discard_part(self, key: str, part: str) -> None:
        """Remove the files of a try."""
        token = self._token(key)
        done = self._log.done(token)
        found = self._log.at(done.version) if done else None
        self._place.discard(_part_name(token, part), found.files if found else ())

    def join(self, parts: Sequence[Staged]) -> Staged:
        """The files of all parts."""
        for staged in parts:
            if "committed" in staged.detail:
                return staged
        first, *others = parts
        if any(p.detail["base"] != first.detail["base"] for p in others) and (
            first.detail["mode"] != "append"
        ):
            raise self._moved("a part of this run saw another version than the others")
        files = [f for p in parts for f in p.detail["files"]]
        rows = sum(p.rows for p in parts)
        return replace(first, rows=rows, detail={**first.detail, "files": files})

    # -- older versions

    def versions(self) -> list[VersionInfo]:
        """The versions whose files are all there, newest first."""
        return [
            VersionInfo(
                version=s.version,
                published_at=s.created_at,
                key=s.key or None,
                rows=s.rows,
                files=len(s.files),
                bytes=s.bytes,
                summary=s.mode,
            )
            for s in self._log.all()
        ]

    def restore(self, version: str, key: str) -> Published:
        """Publish the files of an older version as a new one."""
        token = self._token(key)
        if self._log.current() is None:
            raise self._no_version(version)
        with self._place.locked():
            for _ in range(_TRIES):
                current = self._log.current()
                done = self._log.done(token)
                if done is None:
                    old = self._log.at(version)
                    if current is None or old is None or self._place.missing(old.files):
                        raise self._no_version(version)
                    change = Change(
                        token=token,
                        key=key,
                        mode=f"restore of {version}",
                        rows=old.rows,
                        columns=old.columns,
                        partition_by=old.partition_by,
                        layouts=old.layouts,
                        files=old.files,
                        new=old.files,
                    )
                    done = self._log.publish(current, change)
                if done is not None:
                    return self._published(done)
        raise self._moved("others kept on writing")

    def maintain(self, engine: Engine, upkeep: Upkeep, key: str) -> Maintained:
        """Write small files together, and delete what only old versions need."""
        token = self._token(key)
        return maintain(engine, upkeep, self._writer, key=key, token=token)

    # -- reading

    def holds(self, version: str) -> bool:
        """Whether readers see the rows of this version, whole."""
        try:
            current = self._log.current()
        except LoadFailed as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return False
            raise
        return (
            current is not None
            and self._log.holds(version)
            and not self._place.missing(current.files)
        )

    def published(self) -> bool:
        """Whether there is a current version."""
        return self._log.current() is not None

    def relation(self, version: str | None = None) -> str:
        """DuckDB SQL of a FROM item that reads a version."""
        found = self._log.current() if version is None else self._log.at(version)
        if found is None:
            path = self._options.path
            raise SourceUnavailable(
                f"{path} has no version {version}"
                if version
                else f"nothing was published to {path} yet",
                code="PSK-TGT-106",
                hint="`penstock run` publishes",
            )
        return self._log.scan(found, found.files, found.columns)

    # -- merging

    def _merge(
        self,
        engine: Engine,
        relation: str,
        token: str,
        current: Snapshot | None,
        columns: tuple[Column, ...],
    ) -> tuple[int, list[str], list[LakeFile]]:
        """Write the incoming rows, and with them those that share a file with a replaced row.

        Returns:
            Incoming rows, paths of the files that the new ones replace, the new files.
        """
        keys = self._load.keys
        kept = f"{relation}__to_{self._load.target}"
        engine.create(kept, self._writer.incoming(relation, columns), materialize=True)
        try:
            merging.refuse_repeated_keys(engine, kept, keys, target=self._load.target)
            touched: list[LakeFile] = []
            if current is not None and current.files:
                every = self._log.scan(current, current.files, columns, _FILE_COLUMN)
                found = engine.rows(merging.touched_files(every, _FILE_COLUMN, kept, keys))
                paths = {row["path"] for row in found}
                again = {f.path for f in self._narrower(current, columns)}
                touched = [
                    f
                    for f in current.files
                    if f.path in again or str(self._place.local(f)) in paths
                ]
            names = [c.name for c in columns]
            given = {c.name.casefold() for c in self._load.schema}
            merged = merging.merged_rows(
                self._log.scan(current, touched, columns) if current and touched else None,
                kept,
                columns=names,
                incoming=[n for n in names if n.casefold() in given],
                keys=keys,
            )
            count = f"SELECT count(*) AS n FROM {quote(kept)}"
            rows = int(engine.rows(count)[0]["n"])
            held = None if touched else self._load.schema
            written = self._writer.write(engine, merged, token, current, columns, held=held)
            return rows, [f.path for f in touched], written
        finally:
            engine.drop(kept)

    def _narrower(self, current: Snapshot, columns: tuple[Column, ...]) -> list[LakeFile]:
        """The files that a wider type makes unreadable to others, where the format says so."""
        after = {c.name: c.type for c in columns}
        grown = any(after[c.name] != c.type for c in current.columns)
        return list(current.files) if grown and self._log.rewrites_wider else []

    # -- the next version

    def _next(self, current: Snapshot | None, staged: Staged, token: str) -> Change:
        """The version that a commit makes.

        Raises:
            Conflict: the table moved since `stage`, or the staged files are gone.
        """
        detail = staged.detail
        base = current.version if current else None
        if base != detail["base"] and (detail["mode"] != "append" or detail["removed"]):
            raise self._moved(f"it was at {detail['base']} and is at {base}")
        new = [LakeFile(**f) for f in detail["files"]]
        if missing := self._place.missing(new):
            raise Conflict(
                f"{len(missing)} file(s) that were written for `{staged.target}` are gone or cut "
                f"short, the first {missing[0]}",
                code="PSK-TGT-107",
                hint="run again: the rows are written anew",
            )
        try:
            self._refuse_other_layout(current)
            incoming = self._log.stored(tuple(Column(**c) for c in detail["columns"]))
            columns = self._columns_after(current, incoming)
        except LoadFailed as error:  # it went well at `stage`, over what the table was then
            raise self._moved(error.message) from error
        if base != detail["base"] and current and self._narrower(current, columns):
            raise self._moved("a column's type differs")
        layouts = [tuple(detail["layout"])]
        files = list(new)
        if current is not None:
            layouts += current.layouts
            shift = 1 if current.layouts else 0
            files += [replace(f, layout=f.layout + shift) for f in _stay(current, detail, new)]
        kept_layouts, kept_files = compacted(layouts, files)
        return Change(
            token=token,
            key=staged.key,
            mode=detail["mode"],
            rows=staged.rows,
            columns=columns,
            partition_by=self._load.partition_by,
            layouts=kept_layouts,
            files=kept_files,
            new=tuple(new),
        )

    def _columns_after(
        self, current: Snapshot | None, incoming: tuple[Column, ...]
    ) -> tuple[Column, ...]:
        if current is None or self._load.mode == "overwrite":
            return incoming
        return self._log.evolve(current.columns, incoming, fixed=self._load.partition_by)

    def _layout(self, columns: tuple[Column, ...]) -> list[str]:
        held = set(self._load.partition_by)
        return [c.name for c in columns if c.name not in held]

    def _close(self, token: str, done: Commit | None) -> None:
        if not self._place.is_staging(token):
            return
        version = done.version if done else None
        found = self._log.at(version) if version else None
        self._place.discard(token, found.files if found else ())
        self._log.discard(token, version)
        self._place.forget(token)

    def _token(self, key: str) -> str:
        """Names a run and this target in file names: two targets may share a folder."""
        return hashlib.sha256(f"{self._load.target}\n{key}".encode()).hexdigest()[:16]

    def _published(self, done: Commit, notes: tuple[str, ...] = ()) -> Published:
        return Published(
            rows_loaded=done.rows_loaded,
            files=done.files,
            bytes=done.bytes,
            location=self._options.path,
            version=done.version,
            notes=notes,
        )

    # -- refusals

    def _refuse_other_layout(self, current: Snapshot | None) -> None:
        mine = self._load.partition_by
        if current is None or self._load.mode == "overwrite" or current.partition_by == mine:
            return
        there = ", ".join(current.partition_by) or "nothing"
        what = f"the table is partitioned by {there}, not by {', '.join(mine) or 'nothing'}"
        raise refusal(self._load, "PSK-TGT-105", what)

    def _no_version(self, version: str) -> LoadFailed:
        return LoadFailed(
            f"{self._options.path} has no version {version}, or its files are gone",
            code="PSK-TGT-108",
            hint="name a version that is still there",
        )

    def _moved(self, what: str) -> Conflict:
        return Conflict(
            f"another writer moved {self._options.path} while this run worked: {what}",
            hint="run again: it starts from what is there now",
        )


def _part_name(token: str, part: str | None) -> str:
    """What stands in the names of files; the token comes first, so that it finds all parts."""
    return token if part is None else f"{token}-{part}"


def _stay(current: Snapshot, detail: dict[str, Any], new: list[LakeFile]) -> list[LakeFile]:
    """The files of the current version that the next one keeps."""
    mode = detail["mode"]
    if mode == "overwrite":
        return []
    removed = set(detail["removed"])
    if mode == "overwrite_partitions":
        written = [f.partition for f in new]
        return [f for f in current.files if f.partition not in written and f.path not in removed]
    return [f for f in current.files if f.path not in removed]
