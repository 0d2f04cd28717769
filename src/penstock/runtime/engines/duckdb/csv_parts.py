"""What is read together: files with the same header, compression and need of care."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from penstock.program import Column
from penstock.runtime.engines.duckdb.columns import match
from penstock.runtime.engines.duckdb.textfiles import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from penstock.runtime.engines.base import InputFile, Rejected
    from penstock.runtime.engines.duckdb.csv_clean import Cleaned, LineMap
    from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    from penstock.runtime.engines.duckdb.csv_header import Head
    from penstock.runtime.engines.duckdb.textfiles import Compression

_TAIL = 1 << 18
BEHIND = Column("", "varchar")
"""What stands behind the last delimiter of a record that ends in one: nothing, or it is told."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file as it is read: itself, or a cleaned copy.

    Attributes:
        file: the source's file.
        reading: what is opened: the same, or the copy.
        skipped: lines of `reading` before its first record.
        lines: lines of the copy → lines of the file; None: no copy.
        rejected: what cleaning left out.
    """

    file: InputFile
    reading: InputFile
    head: Head
    compression: Compression
    skipped: int = 0
    lines: LineMap | None = None
    rejected: Sequence[Rejected] = ()

    def original(self, line: int) -> int:
        """The file's own line."""
        return line if self.lines is None else self.lines.original(line)

    def cleaned(self, copy: Cleaned) -> Piece:
        """The same file, read from its copy."""
        path = str(copy.path)
        reading = replace(self.file, path=path)
        return replace(
            self,
            reading=reading,
            compression="none",
            skipped=0,
            lines=copy.lines,
            rejected=copy.rejected,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces that one `read_csv` reads.

    Attributes:
        columns: the file's columns in its order: the schema's, or None where it has none; at the
            end `BEHIND` where records end in a delimiter.
        header: DuckDB passes over the header by itself.
        skip: lines it passes over before.
    """

    pieces: tuple[Piece, ...]
    columns: tuple[Column | None, ...]
    compression: Compression
    header: bool
    skip: int
    care: bool = field(default=False)

    @property
    def by_path(self) -> dict[str, Piece]:
        """What is opened → its piece."""
        return {p.reading.path: p for p in self.pieces}

    @property
    def paths(self) -> list[str]:
        """What is opened."""
        return [p.reading.path for p in self.pieces]


def group(
    pieces: Iterable[Piece], schema: Sequence[Column], dialect: Dialect, evolution: str
) -> list[Part]:
    """Put together what can be read together, the most files first.

    Raises:
        StepFailed: a file's columns break the evolution rule.
    """
    found: dict[tuple[object, ...], list[Piece]] = {}
    for piece in pieces:
        alone = piece.file.path if _open_end(piece, dialect) else ""
        columns = piece.head.names or width(piece, schema)
        key = (columns, piece.compression, piece.lines is not None, alone)
        found.setdefault(key, []).append(piece)
    parts = []
    for together in found.values():
        first = together[0]
        copied = first.lines is not None
        parts.append(
            Part(
                tuple(together),
                _columns(first, schema, evolution),
                first.compression,
                header=dialect.header and not copied,
                skip=0 if copied else dialect.skip,
                care=copied,
            )
        )
    return sorted(parts, key=lambda p: -sum(x.file.size for x in p.pieces))


def width(piece: Piece, schema: Sequence[Column]) -> int:
    """How many fields a record has; without a header its first record says if it ends in one more.

    Some programs end every record with a delimiter (TPC-H's among them); a header does likewise,
    and names one column more.
    """
    if piece.head.names is not None:
        return len(piece.head.names)
    return len(schema) + (piece.head.ends_open and piece.head.width == len(schema) + 1)


def _open_end(piece: Piece, dialect: Dialect) -> bool:
    """Whether a file may end within quotes: among other files DuckDB loses that record's fault."""
    if piece.compression != "none" or not dialect.quote:
        return False
    with opened(piece.reading.path) as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    quote = dialect.quote.encode()
    at = tail.rfind(quote)
    start = max(tail.rfind(b"\n", 0, max(at, 0)), tail.rfind(b"\r", 0, max(at, 0))) + 1
    return at >= 0 and tail.count(quote, start) % 2 == 1


def _columns(piece: Piece, schema: Sequence[Column], evolution: str) -> tuple[Column | None, ...]:
    names = piece.head.names
    if names is None:
        return (*schema, BEHIND) if width(piece, schema) > len(schema) else tuple(schema)
    matched = match(names, schema, piece.file.name, evolution)
    at = {place: n for n, place in matched.place.items()}
    by_name = {c.name: c for c in schema}
    return tuple(by_name[at[i]] if i in at else None for i in range(len(names)))


def copy_path(work: Path, number: int) -> Path:
    """Where the copy of a file goes."""
    folder = work / "cleaned"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{number}.csv"
