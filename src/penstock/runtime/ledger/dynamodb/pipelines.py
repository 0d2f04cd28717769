"""A pipeline's head: every writer of the pipeline writes it; it tells what needs no search."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.runtime.ledger.dynamodb.items import Item, damaged, joined
from penstock.runtime.ledger.dynamodb.table import Write, guarded, revision

if TYPE_CHECKING:
    from penstock.runtime.ledger.dynamodb.items import Key
    from penstock.runtime.ledger.dynamodb.table import Table


@dataclass(slots=True)
class Head:
    """A pipeline's head as it was read.

    Attributes:
        last: number of the run that succeeded last; None: none has.
        lanes: the same by lane.
        staged: numbers of the runs that recorded their intent to publish and have not ended.
    """

    pipeline: str
    revision: int = 0
    last: int | None = None
    lanes: dict[str, int] = field(default_factory=dict)
    staged: set[int] = field(default_factory=set)

    def write(self) -> Write:
        """What writes it as it is now, if nobody wrote it since it was read."""
        known = {"last": self.last, "lanes": self.lanes, "staged": sorted(self.staged)}
        return guarded(Item(*key(self.pipeline), {"known": json.dumps(known)}), self.revision)


def read(table: Table, pipeline: str) -> Head:
    """A pipeline's head."""
    found = table.get(key(pipeline))
    if found is None:
        return Head(pipeline)
    try:
        known = json.loads(found.text("known"))
        return Head(
            pipeline, revision(found), known["last"], dict(known["lanes"]), set(known["staged"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(f"the head of `{pipeline}` is not as it was written") from error


def key(pipeline: str) -> Key:
    """Where the head is."""
    return partition(pipeline), "HEAD"


def partition(pipeline: str) -> str:
    """Where the pipeline's items are."""
    return joined("P", pipeline)
