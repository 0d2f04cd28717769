"""What runs read: files, each source's identity, and how far a source was read by a column."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger.base import Progress, Watermark
from penstock.runtime.ledger.dynamodb import payload
from penstock.runtime.ledger.dynamodb.items import Item, damaged, joined
from penstock.runtime.ledger.dynamodb.pipelines import partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.runtime.ledger.dynamodb.items import Key
    from penstock.runtime.ledger.dynamodb.table import Table

Files = list[tuple[str, str]]


@dataclass(slots=True)
class Reads:
    """What one attempt reads.

    Attributes:
        name: under which its files are kept.
        datasets: those it reads files of.
        sources: dataset → identity of what there is to read.
        marks: dataset → how far it is read: column, type and value of a Watermark.
    """

    name: str
    datasets: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    marks: dict[str, list[str]] = field(default_factory=dict)

    def keep(self, table: Table) -> str | bytes:
        """As a payload."""
        return payload.keep_json(table, [self.datasets, self.sources, self.marks])

    @classmethod
    def of_item(cls, table: Table, run: Item) -> Reads:
        """What the latest attempt at a run reads."""
        (found,) = payload.fetch_json(table, [run.packed("sources")])
        return cls(run.text("reads"), *found)


def keep(
    table: Table, pipeline: str, files: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[str, list[str]]:
    """Write files under a new name, of which nobody knows yet; gives it and the datasets."""
    name = uuid.uuid4().hex
    listed = {dataset: sorted(set(read)) for dataset, read in files.items() if read}
    for dataset, read in listed.items():
        parts = payload.cut(json.dumps(read).encode())
        for number, part in enumerate(parts):
            key = _partition(pipeline, dataset), joined(name, number)
            table.put(Item(*key, {"data": part, "of": len(parts)}))
    return name, sorted(listed)


def files_read(table: Table, pipeline: str, reads: Reads) -> dict[str, Files]:
    """Dataset → (name, identity) of each file, sorted."""
    return {
        dataset: _files(list(table.query(_partition(pipeline, dataset), joined(reads.name, ""))))
        for dataset in reads.datasets
    }


def seen_files(table: Table, pipeline: str, dataset: str, names: set[str]) -> set[tuple[str, str]]:
    """(name, identity) of every file that is kept under one of the names."""
    found: dict[str, list[Item]] = {}
    for item in table.query(_partition(pipeline, dataset)):
        name = item.sk.partition("#")[0]
        if name in names:
            found.setdefault(name, []).append(item)
    return {file for items in found.values() for file in _files(items)}


def _files(parts: list[Item]) -> Files:
    if not parts or len(parts) != parts[0].integer("of"):
        raise damaged("a part of the list of files that a run read is gone")
    data = payload.whole(_bytes(part) for part in parts)
    return [(name, identity) for name, identity in json.loads(data)]


def _bytes(part: Item) -> bytes:
    data = part.packed("data")
    return data if isinstance(data, bytes) else b""


# -- what the last succeeded run read


def progress(table: Table, pipeline: str) -> dict[str, Progress]:
    """Dataset → what the ordinary run that read it and succeeded last has read."""
    return {
        dataset: Progress(run_id, identity, Watermark(*mark) if mark else None)
        for dataset, (run_id, identity, mark) in _kept(table, pipeline).items()
    }


def advanced(table: Table, pipeline: str, run_id: str, reads: Reads) -> Item:
    """The progress as it is once the run has succeeded."""
    known = _kept(table, pipeline)
    for dataset, identity in reads.sources.items():
        known[dataset] = [run_id, identity, reads.marks.get(dataset)]
    return Item(*_progress(pipeline), {"sources": payload.keep_json(table, known)})


def _kept(table: Table, pipeline: str) -> dict[str, list[Any]]:
    item = table.get(_progress(pipeline))
    if item is None:
        return {}
    (found,) = payload.fetch_json(table, [item.packed("sources")])
    return dict(found)


def _progress(pipeline: str) -> Key:
    return partition(pipeline), "PROGRESS"


def _partition(pipeline: str, dataset: str) -> str:
    return joined("FILES", pipeline, dataset)
