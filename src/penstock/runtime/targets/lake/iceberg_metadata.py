"""The files of an Iceberg table that say what it was, and that nobody needs any more.

Each commit writes a new metadata file, a manifest list and manifests; what they replace stays. A
metadata file was the table until the one after it came. A manifest is needed by each snapshot that
is known still.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from penstock.runtime.targets.lake.snapshot import Ages

_FOLDER = "metadata/"


def superfluous(
    table: Any, relative: Callable[[str], str], ages: Ages, gone: Collection[str]
) -> set[str]:
    """Metadata files that were replaced before the limit, and manifests of no known snapshot.

    What nothing names may be of a commit that is being made just now: it has to be old.

    Args:
        relative: a file's path below the table.
        gone: ids of snapshots that are forgotten, or about to be.
    """
    needed = {relative(table.metadata_location)}
    replaced: set[str] = set()
    metadata = table.metadata
    log = [*metadata.metadata_log]
    until = [*(entry.timestamp_ms for entry in log[1:]), metadata.last_updated_ms]
    for entry, end in zip(log, until, strict=True):
        outlived = datetime.fromtimestamp(end / 1000, UTC) < ages.limit
        (replaced if outlived else needed).add(relative(entry.metadata_file))
    for snapshot in metadata.snapshots:
        listed = {snapshot.manifest_list, *(m.manifest_path for m in snapshot.manifests(table.io))}
        kept = str(snapshot.snapshot_id) not in gone
        (needed if kept else replaced).update(map(relative, listed))
    old = {path for path, when in ages.written.items() if when < ages.left_over}
    there = {p for p in ages.written if p.startswith(_FOLDER) and p.endswith((".json", ".avro"))}
    return (there & (replaced | old | ages.noted)) - needed
