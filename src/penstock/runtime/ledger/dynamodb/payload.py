"""Values without a bound: compressed, and in parts of their own where an item is too small.

An item holds at most 400 KB. A payload is bytes, if it is in its item, or `id/count`: then it is in
`count` items of the partition `PART#id`, written before anything names them, and never changed.
"""

from __future__ import annotations

import json
import uuid
import zlib
from typing import TYPE_CHECKING, Any

from penstock.errors import LedgerError
from penstock.runtime.ledger.dynamodb.items import Item, damaged, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.runtime.ledger.dynamodb.items import Key
    from penstock.runtime.ledger.dynamodb.table import Table

PART_BYTES = 350_000
INLINE_BYTES = 2_000
"""What stays in its item. A query pays for whole items, so that they are kept small."""


def cut(data: bytes) -> list[bytes]:
    """Compressed, in parts that an item can hold; at least one."""
    packed = zlib.compress(data)
    return [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]


def whole(parts: Iterable[bytes]) -> bytes:
    """What `cut` cut.

    Raises:
        LedgerError: it is not what was written.
    """
    try:
        return zlib.decompress(b"".join(parts))
    except zlib.error as error:
        raise damaged(f"a compressed value cannot be read ({error})") from error


def keep(table: Table, data: bytes) -> str | bytes:
    """A payload of bytes; its parts are written at once."""
    parts = cut(data)
    if len(parts[0]) <= INLINE_BYTES:
        return parts[0]
    name = uuid.uuid4().hex
    for number, part in enumerate(parts):
        table.put(Item(joined("PART", name), joined(number), {"data": part}))
    return f"{name}/{len(parts)}"


def keep_json(table: Table, value: object) -> str | bytes:
    """A payload of JSON; what JSON has no word for becomes text."""
    return keep(table, json.dumps(value, default=str).encode())


def fetch(table: Table, payloads: Sequence[str | bytes]) -> list[bytes | None]:
    """What the payloads hold, by one batch of requests; None: it is not what was written."""
    named = {p: _parts(p) for p in payloads if isinstance(p, str)}
    there = table.get_many(key for keys in named.values() for key in keys)
    found: list[bytes | None] = []
    for payload in payloads:
        try:
            if isinstance(payload, bytes):
                found.append(whole([payload]))
            else:
                found.append(whole(_data(there.get(key)) for key in named[payload]))
        except LedgerError:
            found.append(None)
    return found


def fetch_json(table: Table, payloads: Sequence[str | bytes | None]) -> list[Any]:
    """What payloads of JSON hold; None for None.

    Raises:
        LedgerError: one is not what was written.
    """
    read = iter(fetch(table, [p for p in payloads if p is not None]))
    return [None if payload is None else _json(next(read)) for payload in payloads]


def _parts(payload: str) -> list[Key]:
    name, _, count = payload.partition("/")
    return [(joined("PART", name), joined(n)) for n in range(int(count) if count.isdigit() else 0)]


def _data(item: Item | None) -> bytes:
    data = item.values.get("data") if item else None
    return data if isinstance(data, bytes) else b""


def _json(data: bytes | None) -> Any:
    try:
        return json.loads(data or b"")
    except ValueError as error:
        raise damaged(f"a value is missing or not as it was written ({error})") from error
