"""The audit trail's table: appended to, read, verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.program import canonical
from penstock.runtime.ledger import chain
from penstock.runtime.ledger.base import AuditEntry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from penstock.runtime.ledger.base import AuditFault

_COLUMNS = "number, at, actor, action, pipeline, subject, detail, previous, hash"


def append(
    db: sqlite3.Connection,
    *,
    at: str,
    actor: str,
    action: str,
    pipeline: str,
    subject: str,
    detail: Mapping[str, Any],
) -> AuditEntry:
    """Add an entry, inside the caller's transaction."""
    number, previous = _head(db) or (0, chain.GENESIS)
    entry = chain.seal(number + 1, at, actor, action, pipeline, subject, detail, previous)
    text = canonical(entry.detail).decode()
    db.execute(
        f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.number, at, actor, action, pipeline, subject, text, previous, entry.hash),
    )
    db.execute("UPDATE audit_head SET number = ?, hash = ?", (entry.number, entry.hash))
    return entry


def entries(db: sqlite3.Connection, limit: int | None = None) -> list[AuditEntry]:
    """Oldest first; with a limit, the newest of them."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM audit ORDER BY number DESC LIMIT ?",
        (-1 if limit is None else limit,),
    ).fetchall()
    return [_entry(row) for row in reversed(rows)]


def verify(db: sqlite3.Connection) -> list[AuditFault]:
    """Every place where the chain does not hold."""
    return chain.verify(entries(db), _head(db))


def _head(db: sqlite3.Connection) -> tuple[int, str] | None:
    row = db.execute("SELECT number, hash FROM audit_head").fetchone()
    return (row[0], row[1]) if row else None


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    named = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return AuditEntry(**{**named, "detail": _detail(named["detail"])})


def _detail(text: Any) -> dict[str, Any]:
    """An entry's detail; what is not the canonical JSON of one was not written by a ledger."""
    try:
        detail = json.loads(text)
        if isinstance(detail, dict) and canonical(detail).decode() == text:
            return detail
    except (TypeError, ValueError):
        pass
    return {"unreadable": repr(text)}
