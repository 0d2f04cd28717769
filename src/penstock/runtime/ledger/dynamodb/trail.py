"""The audit trail: appended to behind one head, read, verified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import LedgerError
from penstock.program import canonical
from penstock.runtime.ledger import chain
from penstock.runtime.ledger.base import AuditEntry, AuditFault
from penstock.runtime.ledger.dynamodb import payload
from penstock.runtime.ledger.dynamodb.items import Item, joined
from penstock.runtime.ledger.dynamodb.table import Write, fresh, guarded, revision

if TYPE_CHECKING:
    from penstock.runtime.ledger.dynamodb.table import Table

HEAD = ("AUDIT", "HEAD")
_PREFIX = "ENTRY#"
_FIELDS = ("at", "actor", "action", "pipeline", "subject", "previous", "hash")


@dataclass(frozen=True, slots=True)
class Event:
    """What an entry tells, before it has a number."""

    at: str
    actor: str
    action: str
    pipeline: str
    subject: str
    detail: dict[str, Any]


def following(
    table: Table, event: Event, kept: str | bytes | None = None
) -> tuple[AuditEntry, list[Write]]:
    """The next entry, and what writes it.

    Args:
        kept: the payload of the event's detail, if it is kept already.
    """
    head = table.get(HEAD)
    number, previous = _last(head) or (0, chain.GENESIS)
    entry = chain.seal(
        number + 1,
        event.at,
        event.actor,
        event.action,
        event.pipeline,
        event.subject,
        event.detail,
        previous,
    )
    if kept is None:
        kept = payload.keep(table, canonical(entry.detail))
    item = Item(
        "AUDIT",
        joined("ENTRY", entry.number),
        {**{name: getattr(entry, name) for name in _FIELDS}, "detail": kept},
    )
    noted = Item(*HEAD, {"number": entry.number, "hash": entry.hash})
    return entry, [guarded(noted, revision(head)), fresh(item)]


def keep(table: Table, detail: dict[str, Any]) -> str | bytes:
    """The payload of an entry's detail."""
    return payload.keep(table, canonical(detail))


def entries(table: Table, limit: int | None = None) -> list[AuditEntry]:
    """Oldest first; with a limit, the newest of them.

    Read from the newest down: each was there before the next was written.
    """
    items = list(table.query("AUDIT", _PREFIX, latest_first=True, limit=limit))
    return _read(table, [item for item in items[::-1] if _is_numbered(item)])


def verify(table: Table) -> list[AuditFault]:
    """Every place where the chain does not hold."""
    return _verify(table) and _verify(table)  # a fault is there at a second look, too


def _verify(table: Table) -> list[AuditFault]:
    first = _last(table.get(HEAD))
    known = list(table.query("AUDIT", _PREFIX))
    # Others may append while a long trail is read: its end is looked at again, with the head.
    after = joined("ENTRY", first[0] if first else 0)

    def end() -> tuple[list[Item], tuple[int, str] | None]:
        later = table.query("AUDIT", _PREFIX, latest_first=True)
        tail: list[Item] = []
        for item in later:
            if item.sk <= after:
                break
            tail.append(item)
        return tail[::-1], _last(table.get(HEAD))

    tail, head = table.consistent(HEAD, end)
    items = [item for item in known if item.sk <= after] + tail
    ours = [item for item in items if _is_numbered(item)]
    strays = [
        AuditFault(0, "inserted", f"the item {item.sk} was not written by a ledger")
        for item in items
        if not _is_numbered(item)
    ]
    return strays + chain.verify(_read(table, ours), head)


def _last(head: Item | None) -> tuple[int, str] | None:
    return (head.integer("number"), head.text("hash")) if head else None


def _is_numbered(item: Item) -> bool:
    try:
        return item.sk == joined("ENTRY", item.number)
    except LedgerError:
        return False


def _read(table: Table, items: list[Item]) -> list[AuditEntry]:
    kept = [item.values.get("detail") for item in items]
    details = payload.fetch(table, [k if isinstance(k, (str, bytes)) else "" for k in kept])
    return [
        AuditEntry(
            number=item.number,
            detail=_detail(detail),
            **{name: _text(item.values.get(name)) for name in _FIELDS},
        )
        for item, detail in zip(items, details, strict=True)
    ]


def _text(value: Any) -> str:
    """A field; what is no text was not written by a ledger, and its hash will not fit."""
    return value if isinstance(value, str) else repr(value)


def _detail(data: bytes | None) -> dict[str, Any]:
    """An entry's detail; what is not the canonical JSON of one was not written by a ledger."""
    try:
        detail = json.loads(data or b"")
        if isinstance(detail, dict) and canonical(detail) == data:
            return detail
    except (TypeError, ValueError):
        pass
    return {"unreadable": repr(data)}
