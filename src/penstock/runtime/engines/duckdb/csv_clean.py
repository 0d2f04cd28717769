"""A copy of a CSV file that DuckDB can read: good records only, one kind of line end."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.runtime.engines.base import Rejected
from penstock.runtime.engines.duckdb.csv_records import Splitter
from penstock.runtime.engines.duckdb.csv_surplus import Endings
from penstock.runtime.engines.duckdb.textfiles import opened_text

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    from penstock.runtime.engines.duckdb.csv_header import Head


@dataclass(slots=True)
class LineMap:
    """Lines of a copy → lines of the file it was made from.

    >>> lines = LineMap()
    >>> lines.add(1, 2); lines.add(2, 3); lines.add(3, 7)
    >>> lines.original(2), lines.original(5)
    (3, 9)
    """

    _starts: array[int] = field(default_factory=lambda: array("q"))
    _shifts: array[int] = field(default_factory=lambda: array("q"))

    def add(self, copy: int, original: int) -> None:
        """Say where a line of the copy comes from; lines are added in their order."""
        shift = original - copy
        if not self._shifts or self._shifts[-1] != shift:
            self._starts.append(copy)
            self._shifts.append(shift)

    def original(self, copy: int) -> int:
        """The line of the file."""
        at = bisect_right(self._starts, copy) - 1
        return copy + (self._shifts[at] if at >= 0 else 0)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The copy: without header, and what was left out."""

    path: Path
    lines: LineMap
    rejected: list[Rejected]


def clean(file: InputFile, head: Head, dialect: Dialect, path: Path, width: int) -> Cleaned:
    """Copy the records of a file whose quotes close to `path`.

    Args:
        width: how many fields are expected. Of records that do not have them only those are left
            out here that DuckDB would cut to it.
    """
    splitter, endings = Splitter(dialect), Endings(dialect)
    lines = LineMap()
    rejected: list[Rejected] = []
    at = 1
    with opened_text(file, head.compression) as stream, path.open("wb") as copy:
        for record in splitter.records(stream):
            if record.line <= head.line:
                continue
            fault = record.fault
            if fault is None and endings.of_record(record.data):
                fields = len(splitter.fields(record.data))
                if fields > width:
                    fault = f"{fields} fields where {width} are expected"
            if fault is not None:
                raw = record.data.decode(errors="backslashreplace")
                rejected.append(Rejected(file.name, record.line, None, fault, raw))
                continue
            if at == 1 and record.data.startswith(BOM_UTF8):
                copy.write(BOM_UTF8)  # one at the start of a file is no part of its first value
            lines.add(at, record.line)
            copy.write(record.data + b"\n")
            at += len(record.data.splitlines())
    return Cleaned(path, lines, rejected)
