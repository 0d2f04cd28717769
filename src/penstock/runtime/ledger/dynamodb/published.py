"""What runs published, and what became of quarantined rows."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any

from penstock.errors import LedgerError
from penstock.runtime.ledger.base import Version
from penstock.runtime.ledger.dynamodb import payload
from penstock.runtime.ledger.dynamodb.items import Item, joined
from penstock.runtime.ledger.dynamodb.pipelines import key as head_key
from penstock.runtime.ledger.dynamodb.pipelines import partition
from penstock.runtime.ledger.dynamodb.table import Write, put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.ledger.base import QuarantineState
    from penstock.runtime.ledger.dynamodb.table import Table

_TEXTS = tuple(f.name for f in fields(Version) if f.name != "load")


def check(pipeline: str, versions: Sequence[Version]) -> None:
    """Make sure that versions can be written.

    Raises:
        LedgerError: a field is missing, or a version is another pipeline's.
    """
    for version in versions:
        wrong = [n for n in _TEXTS if not isinstance(getattr(version, n), str)]
        if version.pipeline != pipeline:
            wrong = ["pipeline"]
        if wrong:
            raise LedgerError(
                f"a published version cannot be recorded: its {wrong[0]} is "
                f"{getattr(version, wrong[0])!r}",
                hint="nothing was changed; this is a bug of the target's connector",
            )


def publish(table: Table, pipeline: str, versions: Sequence[Version], entry: int) -> list[Write]:
    """What writes the versions that the audit entry tells of."""
    if not versions:
        return []
    rows = [list(astuple(version)) for version in versions]
    known = _current(table, pipeline)
    known.update({version.target: row for version, row in zip(versions, rows, strict=True)})
    where = partition(pipeline)
    made = Item(where, joined("PUB", entry), {"versions": payload.keep_json(table, rows)})
    now = Item(where, "CURRENT", {"versions": payload.keep_json(table, known)})
    return [put(made), put(now)]


def current(table: Table, pipeline: str) -> dict[str, Version]:
    """Target → the version published last."""
    return {target: Version(*row) for target, row in sorted(_current(table, pipeline).items())}


def versions(table: Table, pipeline: str, target: str) -> list[Version]:
    """Latest first."""
    rows = _events(table, pipeline, "PUB#", "versions")
    made = [Version(*row) for event in rows for row in event]
    return [version for version in reversed(made) if version.target == target]


def _current(table: Table, pipeline: str) -> dict[str, list[Any]]:
    item = table.get((partition(pipeline), "CURRENT"))
    if item is None:
        return {}
    (found,) = payload.fetch_json(table, [item.packed("versions")])
    return dict(found)


# -- quarantine: one item for each change, read in the order of writing


def mark(pipeline: str, kept: str | bytes, entry: int) -> Write:
    """What writes a change that the audit entry tells of."""
    return put(Item(partition(pipeline), joined("Q", entry), {"change": kept}))


def quarantine_states(table: Table, pipeline: str) -> dict[str, QuarantineState]:
    """Replay key → state, for rows no longer held."""
    found: dict[str, QuarantineState] = {}
    for state, keys in _events(table, pipeline, "Q#", "change"):
        found.update(dict.fromkeys(keys, state))
    return {key: state for key, state in found.items() if state != "held"}


def _events(table: Table, pipeline: str, begins: str, name: str) -> list[Any]:
    items = table.consistent(
        head_key(pipeline), lambda: list(table.query(partition(pipeline), begins))
    )
    return payload.fetch_json(table, [item.packed(name) for item in items])
