"""Locks: taken, renewed, given back, taken over from the dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.runtime.ledger import words
from penstock.runtime.ledger.base import Lock
from penstock.runtime.ledger.holder import is_alive

if TYPE_CHECKING:
    import sqlite3


def acquire(
    db: sqlite3.Connection, name: str, holder: str, *, now: float, at: str, lease_seconds: float
) -> Lock:
    """Take a lock that is free, or whose holder is dead or let its lease pass.

    Raises:
        Conflict: a live holder has it.
    """
    row = db.execute(
        "SELECT holder, token, acquired_at, lease_until FROM locks WHERE name = ?", (name,)
    ).fetchone()
    token = 1
    if row is not None:
        held_by, last, since, lease_until = row
        if held_by is not None and is_alive(held_by) is not False and now < lease_until:
            raise words.held(name, held_by, since)
        token = last + 1
    db.execute(
        "INSERT INTO locks (name, holder, token, acquired_at, lease_until) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token, "
        "acquired_at = excluded.acquired_at, lease_until = excluded.lease_until",
        (name, holder, token, at, now + lease_seconds),
    )
    return Lock(name, holder, token)


def check(db: sqlite3.Connection, lock: Lock) -> None:
    """Make sure a lock is still held.

    Raises:
        Conflict: it was taken over.
    """
    row = db.execute("SELECT holder, token FROM locks WHERE name = ?", (lock.name,)).fetchone()
    if row is None or row[0] is None or row[1] != lock.token:
        raise words.taken_over(lock, row[0] if row else None)


def renew(db: sqlite3.Connection, lock: Lock, *, now: float, lease_seconds: float) -> None:
    """Extend the lease.

    Raises:
        Conflict: the lock was taken over.
    """
    check(db, lock)
    db.execute("UPDATE locks SET lease_until = ? WHERE name = ?", (now + lease_seconds, lock.name))


def release(db: sqlite3.Connection, lock: Lock) -> None:
    """Give a lock back, if it is still held."""
    db.execute(
        "UPDATE locks SET holder = NULL WHERE name = ? AND token = ?", (lock.name, lock.token)
    )
