"""The lines of a commit in a Delta table's log."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from penstock import __version__
from penstock.runtime.targets.lake.delta_types import has_plain_timestamp, schema_string

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.program import Column
    from penstock.runtime.targets.lake.snapshot import Change, LakeFile, Snapshot

APP = "penstock-"
_LEGACY_WRITER_FEATURES = ["appendOnly", "invariants"]
_OFFSET = re.compile(r"\+00(:?00)?$")


def commit_lines(
    base: Snapshot | None, change: Change, number: int, *, protocol: Any, metadata: Any
) -> bytes:
    """The file of a commit.

    Args:
        protocol: of the table, as deltalake gives it; None: there is no table yet.
        metadata: likewise.
    """
    now = int(time.time() * 1000)
    actions: list[dict[str, Any]] = [
        {
            "commitInfo": {
                "timestamp": now,
                "operation": "OPTIMIZE" if not change.data else "WRITE",
                "operationParameters": {"mode": change.mode},
                "isBlindAppend": change.mode == "append",
                "engineInfo": f"penstock/{__version__}",
                "penstock": {
                    "token": change.token,
                    "key": change.key,
                    "mode": change.mode,
                    "rows": change.rows,
                    "files": len(change.new),
                    "bytes": sum(f.bytes for f in change.new),
                },
            }
        },
        {"txn": {"appId": APP + change.token, "version": number, "lastUpdated": now}},
    ]
    actions += _table(base, change, now, protocol, metadata)
    before = {f.path: f for f in base.files} if base else {}
    after = {f.path: f for f in change.files}
    actions += [_remove(f, now, data=change.data) for p, f in before.items() if p not in after]
    actions += [_add(f, now, data=change.data) for p, f in after.items() if p not in before]
    return "".join(json.dumps(a, ensure_ascii=False) + "\n" for a in actions).encode()


def _table(
    base: Snapshot | None, change: Change, now: int, protocol: Any, metadata: Any
) -> Iterable[dict[str, Any]]:
    """What the table is, where that is new or changed."""
    if upgrade := _protocol(change.columns, protocol):
        yield {"protocol": upgrade}
    if (
        base is not None
        and base.columns == change.columns
        and base.partition_by == change.partition_by
    ):
        return
    yield {
        "metaData": {
            "id": str(metadata.id if metadata else uuid.uuid4()),
            "name": metadata.name if metadata else None,
            "description": metadata.description if metadata else None,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema_string(change.columns),
            "partitionColumns": list(change.partition_by),
            "configuration": dict(metadata.configuration) if metadata else {},
            "createdTime": metadata.created_time if metadata else now,
        }
    }


def _protocol(columns: tuple[Column, ...], protocol: Any) -> dict[str, Any] | None:
    plain = has_plain_timestamp(columns)
    if protocol is not None:
        if not plain or "timestampNtz" in (protocol.writer_features or ()):
            return None
        reads = list(protocol.reader_features or ())
        writes = list(protocol.writer_features or _LEGACY_WRITER_FEATURES)
        return _features([*reads, "timestampNtz"], [*writes, "timestampNtz"])
    if plain:
        return _features(["timestampNtz"], ["timestampNtz"])
    return {"minReaderVersion": 1, "minWriterVersion": 2}


def _features(reads: list[str], writes: list[str]) -> dict[str, Any]:
    return {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": reads,
        "writerFeatures": writes,
    }


def encoded(path: str) -> str:
    """A path as the log writes it."""
    return quote(path, safe="/=-_.~")


def decoded(path: str) -> str:
    """The path that a log means."""
    return unquote(path)


def _values(file: LakeFile) -> dict[str, str | None]:
    return {k: None if v is None else _OFFSET.sub("", v) for k, v in file.partition.items()}


def _add(file: LakeFile, now: int, *, data: bool) -> dict[str, Any]:
    return {
        "add": {
            "path": encoded(file.path),
            "partitionValues": _values(file),
            "size": file.bytes,
            "modificationTime": now,
            "dataChange": data,
            "stats": json.dumps({"numRecords": file.rows}),
        }
    }


def _remove(file: LakeFile, now: int, *, data: bool) -> dict[str, Any]:
    return {
        "remove": {
            "path": encoded(file.path),
            "deletionTimestamp": now,
            "dataChange": data,
            "extendedFileMetadata": True,
            "partitionValues": _values(file),
            "size": file.bytes,
        }
    }
