"""The audit trail's chain: each entry's hash covers the entry and the hash of the one before.

The chain finds what somebody did to single entries. It cannot find that the whole store was
replaced by another: for that, keep the last hash somewhere else (`penstock audit --json`).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from penstock.program import canonical
from penstock.runtime.ledger.base import AuditEntry, AuditFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

GENESIS = "0" * 64
"""What the first entry names as the hash of the one before."""


def entry_hash(entry: AuditEntry) -> str:
    """sha256 over the canonical JSON of every field but `hash`; empty if there is no such JSON."""
    body = asdict(entry)
    del body["hash"]
    try:
        return hashlib.sha256(canonical(body)).hexdigest()
    except (TypeError, ValueError):
        return ""  # a field was replaced by bytes or NaN: it is nothing a ledger wrote


def seal(
    number: int,
    at: str,
    actor: str,
    action: str,
    pipeline: str,
    subject: str,
    detail: Mapping[str, Any],
    previous: str,
) -> AuditEntry:
    """The next entry of a chain whose last hash is `previous`."""
    bare = AuditEntry(number, at, actor, action, pipeline, subject, dict(detail), previous, "")
    return replace(bare, hash=entry_hash(bare))


def verify(entries: Sequence[AuditEntry], head: tuple[int, str] | None) -> list[AuditFault]:
    """Every place where a chain does not hold.

    Args:
        entries: in the order of their numbers.
        head: number and hash of the last entry as the ledger noted them apart from the entries,
            so that a trail cut off at its end is noticed; None if that note is gone.
    """
    faults: list[AuditFault] = []
    if head is None:
        faults.append(AuditFault(0, "removed", "the note of the trail's last entry is gone"))
    written = _numbers_by_links(entries)
    last: AuditEntry | None = None
    shift = 0
    for entry in entries:
        expected = last.number + 1 if last else 1
        gap = entry.number - expected
        if gap > 0:
            faults.append(_removed(expected, entry.number - 1))
        elif gap < 0:  # numbers are unique, so it stands before entry 1
            faults.append(_inserted(entry.number))
            continue
        found, shift = _judge(entry, last, written.get(entry.hash), shift, linked=gap == 0)
        faults += found
        last = entry
    if head is not None:
        faults += _at_the_end(last, *head)
    return faults


def _judge(
    entry: AuditEntry,
    last: AuditEntry | None,
    by_links: int | None,
    shift: int,
    *,
    linked: bool,
) -> tuple[list[AuditFault], int]:
    """What is wrong with one entry, and by how much the numbers here differ from those written.

    Entries that were renumbered together are told once, where the shift begins.
    """
    number = entry.number
    previous = last.hash if last else GENESIS
    if entry_hash(entry) == entry.hash:
        if linked and entry.previous != previous:
            return [_replaced(last.number if last else number)], 0
        return [], 0
    tries = [by_links] if by_links else []
    tries += [number - shift, *(number + n for n in (-1, 1, -2, 2, -3, 3))]
    for original in tries:
        if original != number and entry_hash(replace(entry, number=original)) == entry.hash:
            moved = number - original
            if moved == shift:
                return [], shift
            return [_moved(number, original)], moved
    return [_changed(number)], shift


def _numbers_by_links(entries: Sequence[AuditEntry]) -> dict[str, int]:
    """Hash → the number its entry was written under, found by following the chain's links."""
    after: dict[str, AuditEntry] = {}
    for entry in entries:
        after.setdefault(entry.previous, entry)
    found: dict[str, int] = {}
    link, number = GENESIS, 0
    while link in after and after[link].hash not in found:
        link, number = after[link].hash, number + 1
        found[link] = number
    return found


def _at_the_end(last: AuditEntry | None, number: int, digest: str) -> list[AuditFault]:
    have = last.number if last else 0
    if have < number:
        return [_removed(have + 1, number)]
    if have > number:
        return [_inserted(n) for n in range(number + 1, have + 1)]
    if last is not None and last.hash != digest:
        return [_replaced(number)]
    return []


def _removed(first: int, last: int) -> AuditFault:
    which = f"entry {first} is" if first == last else f"entries {first} to {last} are"
    return AuditFault(first, "removed", f"{which} gone")


def _changed(number: int) -> AuditFault:
    return AuditFault(
        number, "changed", f"entry {number} is not what was written: its hash differs"
    )


def _replaced(number: int) -> AuditFault:
    what = f"entry {number} is not the one that was written: what follows names another hash"
    return AuditFault(number, "changed", what)


def _inserted(number: int) -> AuditFault:
    return AuditFault(number, "inserted", f"entry {number} was not written by a ledger")


def _moved(number: int, original: int) -> AuditFault:
    what = (
        f"entry {number} was written as entry {original}: entries before it were added or removed"
    )
    return AuditFault(number, "moved", what)
