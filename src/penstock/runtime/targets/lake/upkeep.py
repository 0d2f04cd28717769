"""Upkeep of a lake table: small files written together, what only old versions need deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from penstock.errors import Conflict
from penstock.runtime.targets.base import Maintained
from penstock.runtime.targets.clock import as_text
from penstock.runtime.targets.lake.snapshot import Change, compacted

if TYPE_CHECKING:
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.targets.base import Upkeep
    from penstock.runtime.targets.lake.snapshot import LakeFile, Snapshot
    from penstock.runtime.targets.lake.writing import Writer

# Below this share of the size asked for a file is small.
_SMALL = 0.5


def maintain(engine: Engine, upkeep: Upkeep, writer: Writer, *, key: str, token: str) -> Maintained:
    """Do what `Target.maintain` says."""
    current = writer.log.current()
    if current is None:
        return Maintained(None)
    small = _small(current, writer.options.file_size_bytes) if upkeep.compact else []
    written = 0
    if small and not upkeep.dry_run:
        written = _compact(engine, writer, current, small, key=key, token=token)
        current = writer.log.current()
        assert current is not None
    versions: list[str] = []
    sizes: dict[str, int] = {}
    if upkeep.keep_days is not None:
        with writer.place.locked():
            versions, sizes = _superfluous(writer, upkeep.keep_days)
            if not upkeep.dry_run:
                writer.log.expire(versions)  # first, so that no version lacks a file
                writer.place.remove(sizes)
    return Maintained(
        version=current.version,
        files_compacted=len(small),
        files_written=written,
        versions_removed=len(versions),
        files_removed=len(sizes),
        bytes_removed=sum(sizes.values()),
    )


def _small(current: Snapshot, size: int) -> list[LakeFile]:
    """Files that have a small neighbour in their partition."""
    groups: dict[tuple[str | None, ...], list[LakeFile]] = {}
    for file in current.files:
        if file.bytes < _SMALL * size:
            where = tuple(file.partition.get(p) for p in current.partition_by)
            groups.setdefault(where, []).append(file)
    return [f for files in groups.values() if len(files) > 1 for f in files]


def _compact(
    engine: Engine,
    writer: Writer,
    current: Snapshot,
    small: list[LakeFile],
    *,
    key: str,
    token: str,
) -> int:
    """Publish a version with the same rows in fewer files; gives how many were written."""
    place, log = writer.place, writer.log
    place.open_staging(token)
    try:
        new = writer.rewrite(engine, current, small, current.columns, token)
        place.adopt(new)
        rows = sum(f.rows for f in new)
        if rows != sum(f.rows for f in small):
            raise Conflict(
                f"writing the small files of {place.shown} together gave {rows:,} rows instead of "
                f"{sum(f.rows for f in small):,}: nothing was changed",
                hint="run again; if it happens again, please report it",
            )
        gone = {f.path for f in small}
        partitions = set(current.partition_by)
        mine = tuple(c.name for c in current.columns if c.name not in partitions)
        layouts, files = compacted(
            (*current.layouts, mine) if current.layouts else (),
            [
                *(f for f in current.files if f.path not in gone),
                *(_with_layout(f, len(current.layouts)) for f in new),
            ],
        )
        change = Change(
            token=token,
            key=key,
            mode="compact",
            rows=rows,
            columns=current.columns,
            partition_by=current.partition_by,
            layouts=layouts,
            files=files,
            new=tuple(new),
            data=False,
        )
        with place.locked():
            seen = log.current()
            if seen is None or seen.version != current.version or not log.publish(seen, change):
                raise Conflict(
                    f"another writer moved {place.shown} meanwhile; nothing was changed",
                    hint="run it again",
                )
            place.forget(token)
    except BaseException:
        with place.locked():
            if log.done(token) is None:
                place.discard(token, ())
                log.discard(token, None)
                place.forget(token)
        raise
    return len(new)


def _with_layout(file: LakeFile, layout: int) -> LakeFile:
    return replace(file, layout=layout)


def _superfluous(writer: Writer, days: float) -> tuple[list[str], dict[str, int]]:
    """Versions that are too old, and files that no other version and no run needs → bytes."""
    limit = as_text(datetime.now(UTC) - timedelta(days=days))
    every = writer.log.all()
    old = [s for s in every[1:] if s.created_at < limit]
    names = {s.version for s in old}
    place = writer.place
    kept = {f.path for s in every if s.version not in names for f in s.files}
    kept |= {p.removeprefix("file://").removeprefix(f"{place.url}/") for p in kept}
    running = tuple(f"part-{token}-" for token in place.staging())
    dropped = {f.path for s in old for f in s.files}
    sizes = {
        path: size
        for path, size in place.sizes().items()
        if path not in kept
        and not path.startswith(("metadata/", "_delta_log/"))
        and not (running and path.rpartition("/")[2].startswith(running))
        and (path in dropped or path.rpartition("/")[2].startswith("part-"))
    }
    return [s.version for s in old], sizes
