"""What DuckDB could not read, from its reject tables, as records with their lines and reasons."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from penstock import types
from penstock.runtime.engines.base import Rejected
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.reasons import not_a, why_not
from penstock.runtime.engines.duckdb.textfiles import (
    CHUNK,
    LONGEST_RECORD,
    opened_text,
    physical_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.duckdb.csv_parts import Piece
    from penstock.runtime.engines.duckdb.reasons import NumberStyle

# After these DuckDB may have lost its place in the file: rows behind it are not to be trusted.
LOST = frozenset(("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM", "INVALID STATE"))
_VALUE = re.compile(r"Could not convert string \"(.*)\" to '[^']*'\Z", re.DOTALL)
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@dataclass(frozen=True, slots=True)
class RejectTables:
    """The names of the two tables of one read: they are temporary, of this thread's cursor."""

    errors: str
    scans: str

    @property
    def parameters(self) -> str:
        """The parameters of `read_csv` that fill them."""
        return (
            f", store_rejects = true, rejects_limit = 0, rejects_table = '{self.errors}', "
            f"rejects_scan = '{self.scans}'"
        )

    def drop(self, database: Database) -> None:
        """Free them."""
        for table in (self.errors, self.scans):
            database.execute(f"DROP TABLE IF EXISTS {name(table)}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of one record.

    Attributes:
        start: offset of the record in the file, from 0.
        number: the record's number in the file, as DuckDB counts.
        column: its position, from 0.
    """

    path: str
    start: int
    number: int
    column: int | None
    kind: str
    message: str
    raw: str


def faults(database: Database, tables: RejectTables) -> list[Fault]:
    """Every error, in the order of files and places."""
    sql = (
        "SELECT s.file_path, e.line_byte_position, e.line, e.column_name, "
        "CAST(e.error_type AS VARCHAR), e.error_message, e.csv_line "
        f"FROM {name(tables.errors)} e JOIN {name(tables.scans)} s USING (scan_id, file_id) "
        "ORDER BY s.file_path, e.line_byte_position, e.byte_position, e.column_idx"
    )
    found = []
    for path, position, number, column, kind, message, line in database.execute(sql).fetchall():
        raw = (line or "").lstrip("\r\n")
        # DuckDB starts a record at the line end before it, where blank lines stand between.
        start = position - 1 + len(line or "") - len(raw)
        place = int(column[1:]) if column and re.fullmatch(r"c\d+", column) else None
        found.append(Fault(path, start, number, place, kind, message, raw))
    return found


def lost(database: Database, tables: RejectTables) -> set[str]:
    """The files in which DuckDB lost its place."""
    kinds = ", ".join(map(literal, sorted(LOST)))
    sql = (
        f"SELECT DISTINCT s.file_path FROM {name(tables.errors)} e JOIN {name(tables.scans)} s "
        f"USING (scan_id, file_id) WHERE CAST(e.error_type AS VARCHAR) IN ({kinds})"
    )
    return {path for (path,) in database.execute(sql).fetchall()}


def rejected(
    found: Iterable[Fault],
    pieces: Mapping[str, Piece],
    columns: Sequence[Column | None],
    style: NumberStyle,
) -> list[Rejected]:
    """One record for each line with errors.

    Args:
        pieces: path → what was read from it.
        columns: the file's columns, in its order; None: not in the schema.
    """
    by_record: dict[tuple[str, int], list[Fault]] = {}
    for fault in found:
        by_record.setdefault((fault.path, fault.start), []).append(fault)
    lines = _lines(by_record, pieces)
    made = []
    for key, errors in by_record.items():
        first, reason = _reason(errors, columns, style)
        column = columns[first.column] if first.column is not None else None
        piece = pieces[first.path]
        raw = first.raw
        if any(e.kind in {"INVALID ENCODING", "LINE SIZE OVER MAXIMUM"} for e in errors):
            raw = _bytes_at(piece, first)
        line = piece.original(lines[key])
        made.append(Rejected(piece.file.name, line, column.name if column else None, reason, raw))
    return made


def _reason(
    errors: Sequence[Fault], columns: Sequence[Column | None], style: NumberStyle
) -> tuple[Fault, str]:
    """The error that tells most, and the reason in words."""
    for fault in errors:
        width = _WIDTH.search(fault.message)
        if width:  # then the values stand in the wrong columns: their errors say nothing
            fields = f"{width[2]} field{'s' if width[2] != '1' else ''}"
            return replace(fault, column=None), (f"{fields} where {width[1]} are expected")
    said = []
    for fault in errors:
        column = columns[fault.column] if fault.column is not None else None
        text = _VALUE.search(fault.message)
        if fault.kind == "INVALID ENCODING":
            reason = "not UTF-8 text"
        elif fault.kind == "LINE SIZE OVER MAXIMUM":
            reason = f"it is longer than {LONGEST_RECORD:,} bytes"
        elif column is None or text is None:
            reason = fault.message.strip()
        else:
            kind = types.parse(column.type)
            reason = why_not(text[1], kind, style) or not_a(text[1], kind)
        said.append(f"{column.name}: {reason}" if column else reason)
    return errors[0], "; ".join(said)


def _lines(
    records: Iterable[tuple[str, int]] | Mapping[tuple[str, int], list[Fault]],
    pieces: Mapping[str, Piece],
) -> dict[tuple[str, int], int]:
    """The physical line of each record, from 1; DuckDB counts records."""
    offsets: dict[str, list[int]] = {}
    for path, start in records:
        offsets.setdefault(path, []).append(start)
    found: dict[tuple[str, int], int] = {}
    for path, starts in offsets.items():
        piece = pieces[path]
        if piece.compression == "zstd":  # its line ends are not known here
            assert not isinstance(records, list)
            found |= {
                (path, s): records[path, s][0].number  # type: ignore[index]
                for s in starts
            }
            continue
        with opened_text(piece.reading, piece.compression) as stream:
            lines = lines_at(stream, sorted(starts))
        found |= {(path, s): n for s, n in zip(sorted(starts), lines, strict=True)}
    return found


def lines_at(stream: BinaryIO, offsets: Sequence[int]) -> list[int]:
    r"""The line, from 1, on which each byte offset stands; offsets ascend.

    >>> import io
    >>> lines_at(io.BytesIO(b"a\r\nb\rc\nd"), [0, 3, 5, 7])
    [1, 2, 3, 4]
    """
    found: list[int] = []
    at, line, last = 0, 1, b""
    wanted = iter(offsets)
    offset = next(wanted, None)
    while offset is not None:
        chunk = stream.read(CHUNK)
        if not chunk:
            found.append(line)
            found += [line for _ in wanted]
            break
        start = 0
        while offset is not None and offset < at + len(chunk):
            line += _ends(last, chunk[start : offset - at])
            last = chunk[max(offset - at - 1, 0) : offset - at] or last
            start = offset - at
            found.append(line)
            offset = next(wanted, None)
        line += _ends(last, chunk[start:])
        last = chunk[-1:]
        at += len(chunk)
    return found


def _ends(last: bytes, part: bytes) -> int:
    r"""How many lines end in a part; a `\n` after `last` = `\r` ended with it."""
    count = part.count(b"\n")
    if b"\r" in part or last == b"\r":
        count += part.count(b"\r") - part.count(b"\r\n")
        count -= last == b"\r" and part.startswith(b"\n")
    return count


def _bytes_at(piece: Piece, fault: Fault) -> str:
    r"""The record's line, with what is not UTF-8 as `\x..`."""
    if piece.compression == "zstd":
        return fault.raw
    with opened_text(piece.reading, piece.compression) as stream:
        left = fault.start
        while left > 0 and (skipped := stream.read(min(left, CHUNK))):
            left -= len(skipped)
        line = next(physical_lines(stream), b"").rstrip(b"\r\n")
    return line.decode(errors="backslashreplace") or fault.raw
