"""Upkeep of a lake table: small files written together, what only old versions need deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from penstock.errors import Conflict
from penstock.runtime.targets.base import Maintained
from penstock.runtime.targets.clock import as_text
from penstock.runtime.targets.lake.checks import refusal
from penstock.runtime.targets.lake.snapshot import Ages, Change, compacted

if TYPE_CHECKING:
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.targets.base import Upkeep
    from penstock.runtime.targets.lake.snapshot import LakeFile, Snapshot
    from penstock.runtime.targets.lake.writing import Writer

# Below this share of the size asked for a file is small.
_SMALL = 0.5
# A writer who has written a file and not committed it yet will have done so by then, or is dead.
SAFE_AGE = timedelta(days=1)


def maintain(engine: Engine, upkeep: Upkeep, writer: Writer, *, key: str, token: str) -> Maintained:
    """Do what `Target.maintain` says."""
    current = writer.log.current()
    if current is None:
        return Maintained(None)
    size = writer.options.file_size_bytes(writer.load.mode)
    small = _small(current, size) if upkeep.compact else []
    written = 0
    if small and not upkeep.dry_run:
        written = _compact(engine, writer, current, small, key=key, token=token)
        small = small if written else []
        current = writer.log.current()
        assert current is not None
    versions: tuple[str, ...] = ()
    sizes: dict[str, int] = {}
    metadata = 0
    if upkeep.keep_days is not None:
        with writer.place.locked():
            versions, sizes, metadata = _vacuum(writer, upkeep.keep_days, dry_run=upkeep.dry_run)
    return Maintained(
        version=current.version,
        files_compacted=len(small),
        files_written=written,
        versions_removed=versions,
        files_removed=len(sizes),
        bytes_removed=sum(sizes.values()),
        metadata_removed=metadata,
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
    if current.partition_by != (mine := writer.load.partition_by):
        there = ", ".join(current.partition_by) or "nothing"
        what = f"the table is partitioned by {there}, not by {', '.join(mine) or 'nothing'}"
        raise refusal(writer.load, "PSK-TGT-105", what)
    log.prepare()
    place.prepare()
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
        if len(new) >= len(small):  # as many as before: done each time, it would never end
            with place.locked():
                place.discard(token, ())
                place.forget(token)
            return 0
        gone = {f.path for f in small}
        partitions = set(current.partition_by)
        held = tuple(c.name for c in current.columns if c.name not in partitions)
        layouts, files = compacted(
            (*current.layouts, held) if current.layouts else (),
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


def _vacuum(
    writer: Writer, days: float, *, dry_run: bool
) -> tuple[tuple[str, ...], dict[str, int], int]:
    """Delete old versions, and files that no other version and no run needs.

    Returns:
        The versions that can not be read any more, the files → bytes, and how many files of the
        log went.
    """
    log, place = writer.log, writer.place
    every = log.all()
    pinned, elsewhere = log.pinned()
    now = datetime.now(UTC)
    old = _outlived(every, as_text(now - timedelta(days=days)), pinned)
    dropped = {_inside(f.path, place.url) for s in old for f in s.files}
    noted = frozenset(place.noted_removal())
    dropped |= noted
    gone = {s.version for s in old}
    kept = {_inside(f.path, place.url) for s in every if s.version not in gone for f in s.files}
    kept |= {_inside(p, place.url) for p in elsewhere}
    left_over = now - max(timedelta(days=days), SAFE_AGE)
    sizes = _superfluous(writer, kept, dropped, left_over)
    if not log.forgets:
        old = [s for s in old if any(_inside(f.path, place.url) in sizes for f in s.files)]
    versions = tuple(s.version for s in old)
    ages = Ages(now - timedelta(days=days), left_over, place.written(), noted)
    metadata = log.superfluous(ages, versions)
    if not dry_run:
        if sizes or metadata:
            place.note_removal(sorted({*sizes, *metadata}))  # so that a killed removal is finished
        log.expire(versions)  # first, so that no version lacks a file
        # Forgetting them replaced the log's own files too.
        ages = Ages(datetime.now(UTC) - timedelta(days=days), left_over, place.written(), noted)
        metadata |= log.superfluous(ages, ())
        place.remove([*sizes, *sorted(metadata)])
        place.note_removal(())
    return versions, sizes, len(metadata)


def _outlived(every: list[Snapshot], limit: str, pinned: set[str]) -> list[Snapshot]:
    """Versions that readers did not see any more since `limit`; `every` is newest first.

    A version was seen until the one after it came: that time counts, not its own.
    """
    found: list[Snapshot] = []
    for at in range(len(every) - 1, 0, -1):
        if every[at - 1].created_at >= limit:
            break
        if every[at].version not in pinned:
            found.append(every[at])
    return found


def _superfluous(
    writer: Writer, kept: set[str], dropped: set[str], before: datetime
) -> dict[str, int]:
    """Files that only dropped versions need, or none and no run → bytes.

    A file that no version names may be one that a run, or another program, writes just now and is
    about to name: only where it was written long ago it is left over.
    """
    place = writer.place
    running = tuple(f"part-{token}-" for token in place.staging())
    when = place.written()

    def left_over(path: str) -> bool:
        name = path.rpartition("/")[2]
        if path.startswith(("metadata/", "_delta_log/")) or path in kept:
            return False
        if running and name.startswith(running):
            return False
        return path in dropped or (
            name.startswith("part-") and path in when and when[path] < before
        )

    return {path: size for path, size in place.sizes().items() if left_over(path)}


def _inside(path: str, url: str) -> str:
    """A path as it is below the table; other programs write it in several ways."""
    if path.startswith("file:"):
        path = "/" + path.removeprefix("file:").lstrip("/")
    for other in ("s3a://", "s3n://"):
        if path.startswith(other):
            path = "s3://" + path.removeprefix(other)
    return path.removeprefix(f"{url.rstrip('/')}/")
