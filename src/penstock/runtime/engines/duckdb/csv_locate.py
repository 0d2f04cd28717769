"""Finds the lines of records that were read and are not wanted.

A value in them would change, or a required one is missing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from penstock import types
from penstock.runtime.engines.base import Rejected
from penstock.runtime.engines.duckdb.csv_parts import BEHIND
from penstock.runtime.engines.duckdb.csv_records import Splitter
from penstock.runtime.engines.duckdb.reasons import not_a, shown, why_not
from penstock.runtime.engines.duckdb.textfiles import opened_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    from penstock.runtime.engines.duckdb.csv_parts import Part, Piece
    from penstock.runtime.engines.duckdb.reasons import NumberStyle
    from penstock.types import Type

Bad = dict[int, set[str | None]]
"""Column's position → its texts that are not wanted (None: NULL)."""


def locate(
    flags: Sequence[tuple[str, int]],
    part: Part,
    dialect: Dialect,
    taken: Collection[tuple[str, int]],
) -> list[Rejected]:
    """The records behind the flags of the exact way.

    Args:
        flags: flag (`{"file", "bad": [{"c", "t"}]}`) → how many rows have it.
        taken: (file, line) of records that are rejected already.
    """
    wanted: dict[str, Bad] = {}
    expected: dict[str, int] = {}
    for text, count in flags:
        flag = json.loads(text)
        bad = wanted.setdefault(flag["file"], {})
        for item in flag["bad"]:
            bad.setdefault(item["c"], set()).add(item["t"])
        expected[flag["file"]] = expected.get(flag["file"], 0) + count
    found: list[Rejected] = []
    for path, bad in wanted.items():
        piece = part.by_path[path]
        records = _in_file(piece, part, bad, dialect, taken)
        found += records
        # What was not found again (it should not be) is still told of, without its line.
        found += [
            Rejected(piece.file.name, None, None, "a value does not fit", _texts(bad))
            for _ in range(expected[path] - len(records))
        ]
    return found


def reason_for(column: Column, text: str | None, style: NumberStyle) -> str:
    """Why a text is not wanted in a column.

    >>> from penstock.program import Column
    >>> from penstock.runtime.engines.duckdb.reasons import NumberStyle
    >>> reason_for(Column("a", "integer", required=True), None, NumberStyle())
    'a: no value, and it is required'
    """
    if column is BEHIND:
        return f'"{shown(text or "")}" stands behind the last column'
    if text is None:
        return f"{column.name}: no value, and it is required"
    kind = types.parse(column.type)
    reason = why_not(text, kind, style) or _time_reason(text, kind) or not_a(text, kind)
    return f"{column.name}: {reason}"


def _time_reason(text: str, kind: Type) -> str | None:
    """What is lost of a time that DuckDB would read."""
    if kind.name not in {"timestamp", "timestamptz", "time"} or ":" not in text:
        return None
    fraction = text.rpartition(".")[2] if "." in text else ""
    digits = len(fraction) - len(fraction.lstrip("0123456789"))
    if digits > 6 and fraction[6:digits].strip("0"):
        return f'"{shown(text)}" has {digits} digits of a second, and {kind} keeps 6'
    behind = text[text.rindex(":") :]
    if kind.name != "timestamptz" and any(s in behind or s in text[10:] for s in "+-/"):
        return f'"{shown(text)}" has an offset, and {kind} keeps none'
    return None


def _in_file(
    piece: Piece,
    part: Part,
    bad: Bad,
    dialect: Dialect,
    taken: Collection[tuple[str, int]],
) -> list[Rejected]:
    splitter = Splitter(dialect)
    found = []
    with opened_text(piece.reading, piece.compression) as stream:
        for record in splitter.records(stream):
            if record.line <= piece.skipped or record.fault is not None:
                continue
            fields = splitter.fields(record.data)
            line = piece.original(record.line)
            if len(fields) != len(part.columns) or (piece.file.name, line) in taken:
                continue
            said = [
                (part.columns[i], text)
                for i, texts in bad.items()
                if (text := None if fields[i] in dialect.null_values else fields[i]) in texts
            ]
            if said:
                reason = "; ".join(
                    reason_for(c, t, dialect.numbers) for c, t in said if c is not None
                )
                column = (said[0][0].name or None) if said[0][0] else None
                raw = record.data.decode(errors="backslashreplace")
                found.append(Rejected(piece.file.name, line, column, reason, raw))
    return found


def _texts(bad: Bad) -> str:
    return ", ".join(str(t) for texts in bad.values() for t in texts if t is not None)[:500]
