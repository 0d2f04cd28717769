"""Parts of an object from which its columns are told as from all of it.

A Parquet file says at its end what columns it has. Of CSV the types of new columns are found from
the first records, so that its beginning is enough. Not so where values of all records are looked
at (`widen`), nor of NDJSON, JSON and XML, where a key may come first in the last record.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.runtime.formats import format_of

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.engines.base import FileFormat, InputFile
    from penstock.runtime.storage import Store

ENOUGH = 64 << 20
"""Bytes of a text; as much as is unpacked of a packed one to look at it."""
FOOTER = 64 << 10
"""Bytes of a Parquet file's end that hold most footers."""
MAGIC = b"PAR1"  # https://parquet.apache.org/docs/file-format/
_QUOTE = '"'
_QUOTED = re.compile(rb'"[^"]*"')


def is_enough(fmt: FileFormat, file: InputFile, *, grow: bool) -> bool:
    """Whether a part of the object may tell its columns; `glance` finds out whether it does."""
    if format_of(file.name)[1] is not None:
        return False  # packed
    if fmt.name == "parquet":
        return file.size > FOOTER
    return fmt.name == "csv" and not grow and file.size > ENOUGH


def glance(store: Store, key: str, file: InputFile, fmt: FileFormat, to: Path) -> InputFile | None:
    """A file here with that part of an object.

    Args:
        file: its identity ends with the object's.

    Returns:
        None: this object has to be fetched whole.

    Raises:
        SourceUnavailable: it is gone, or was changed.
    """
    identity = file.identity.partition("-")[2]
    if fmt.name == "parquet":
        found = _end(store, key, file.size, identity, to)
    else:
        found = _beginning(store, key, fmt, identity, to)
    return replace(file, path=str(to)) if found else None


def _end(store: Store, key: str, size: int, identity: str, to: Path) -> bool:
    """A sparse file of the same size: only its beginning and its footer are written."""
    tail = store.part(key, size - FOOTER, size, identity=identity)
    if not tail.endswith(MAGIC):
        return False  # packed, encrypted, or none: the run says what is wrong
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > size // 2:
        return False
    if length > len(tail):
        tail = store.part(key, size - length, size, identity=identity)
    with to.open("wb") as out:
        out.write(MAGIC)
        out.truncate(size)
        out.seek(size - len(tail))
        out.write(tail)
    return True


def _beginning(store: Store, key: str, fmt: FileFormat, identity: str, to: Path) -> bool:
    """Whole records of plain text, if there are as many as a look takes."""
    from penstock.runtime.engines.duckdb.sniffing import ROWS

    if (fmt.options.get("quote") or _QUOTE) != _QUOTE or fmt.options.get("escape"):
        return False
    head = store.part(key, 0, ENOUGH, identity=identity)
    if not _is_text(head[:4096]):
        return False  # packed, whatever its name says, or in another encoding
    end = _whole(head)
    inside = sum(quoted.group().count(b"\n") for quoted in _QUOTED.finditer(head, 0, end))
    if head.count(b"\n", 0, end) - inside <= ROWS:
        return False
    to.write_bytes(head[:end])
    return True


def _is_text(start: bytes) -> bool:
    try:
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False


def _whole(head: bytes) -> int:
    """Where the last record ends: at a line's end outside of quotes."""
    quotes = head.count(_QUOTE.encode())
    end = len(head)
    while (at := head.rfind(b"\n", 0, end)) >= 0:
        quotes -= head.count(_QUOTE.encode(), at, end)
        if quotes % 2 == 0:
            return at + 1
        end = at
    return 0
