"""Locks: taken, renewed, given back, taken over from the dead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.runtime.ledger import words
from penstock.runtime.ledger.base import Lock
from penstock.runtime.ledger.dynamodb.items import Item, joined
from penstock.runtime.ledger.dynamodb.table import Write, guarded
from penstock.runtime.ledger.holder import is_alive

if TYPE_CHECKING:
    from penstock.runtime.ledger.dynamodb.items import Key, Value
    from penstock.runtime.ledger.dynamodb.table import Table

_MICROSECONDS = 1_000_000


def acquire(table: Table, name: str, holder: str, *, now: float, lease_seconds: float) -> Lock:
    """Take a lock that is free, or whose holder is dead or let its lease pass.

    Raises:
        Conflict: a live holder has it.
        Outdated: another process wrote it meanwhile.
    """
    found = table.get(_key(name))
    token = revision = 0
    if found is not None:
        token, revision = found.integer("token"), found.integer("revision")
        held_by = found.optional("holder")
        leased = now * _MICROSECONDS < found.integer("lease_until")
        if held_by is not None and leased and is_alive(held_by) is not False:
            raise words.held(name, held_by, found.text("acquired_at"))
    taken: dict[str, Value | None] = {
        "holder": holder,
        "token": token + 1,
        "acquired_at": words.iso(now),
        "lease_until": int((now + lease_seconds) * _MICROSECONDS),
    }
    table.transact(guarded(Item(*_key(name), taken), revision))
    return Lock(name, holder, token + 1)


def check(table: Table, lock: Lock) -> Item:
    """A lock that is still held.

    Raises:
        Conflict: it was taken over.
    """
    found = table.get(_key(lock.name))
    holder = found.optional("holder") if found else None
    if found is None or holder is None or found.integer("token") != lock.token:
        raise words.taken_over(lock, holder)
    return found


def fence(table: Table, lock: Lock | None) -> list[Write]:
    """What makes a transaction fail if the lock is taken over until then.

    Raises:
        Conflict: it was taken over already.
    """
    if lock is None:
        return []
    check(table, lock)
    item = Item(*_key(lock.name))
    return [Write(item, only_check=True, equal={"token": lock.token}, present="holder")]


def renew(table: Table, lock: Lock, *, now: float, lease_seconds: float) -> None:
    """Extend the lease.

    Raises:
        Conflict: the lock was taken over.
        Outdated: another process wrote it meanwhile.
    """
    found = check(table, lock)
    until = int((now + lease_seconds) * _MICROSECONDS)
    renewed = replace(found, values={**found.values, "lease_until": until})
    table.transact(guarded(renewed, found.integer("revision")))


def release(table: Table, lock: Lock) -> None:
    """Give a lock back, if it is still held.

    Raises:
        Outdated: another process wrote it meanwhile.
    """
    found = table.get(_key(lock.name))
    if found is None or found.values.get("holder") is None:
        return
    if found.integer("token") == lock.token:
        # The item stays: its token is what the next one is higher than.
        free = replace(found, values={**found.values, "holder": None})
        table.transact(guarded(free, found.integer("revision")))


def _key(name: str) -> Key:
    return joined("LOCK", name), "LOCK"
