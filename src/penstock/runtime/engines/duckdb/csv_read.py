"""CSV files into a relation: fast where all is well, exact and careful where it is not.

1. The files' heads are read; files with the same header are read together.
2. The fast way: one `read_csv` over all of them, typed, with DuckDB's own rejects.
3. A file in which DuckDB lost its place (a quote that is never closed, mixed line ends) is copied
   without its bad records, and read again.
4. Rows that the fast way flags (a value that would change, a required one that is missing) are
   read again the exact way, which says what is wrong; then their lines are looked up.
"""

from __future__ import annotations

import itertools
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING

from penstock.errors import PenstockError, SourceUnavailable, StepFailed
from penstock.runtime.engines.base import Extracted, Rejected
from penstock.runtime.engines.duckdb import csv_rejects, csv_surplus, exact
from penstock.runtime.engines.duckdb.csv_clean import clean
from penstock.runtime.engines.duckdb.csv_dialect import Dialect
from penstock.runtime.engines.duckdb.csv_header import read_head
from penstock.runtime.engines.duckdb.csv_locate import locate
from penstock.runtime.engines.duckdb.csv_parts import (
    BEHIND,
    Part,
    Piece,
    copy_path,
    group,
    width,
)
from penstock.runtime.engines.duckdb.packed import damaged
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.textfiles import LONGEST_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from penstock.program import Column
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.connection import Database

# From so many columns on, planning the tests of all of them takes longer than reading.
_WIDE = 200
_FLAG = "__penstock_flag"
_FILE = "__penstock_file"
_numbers = itertools.count(1)


def read_csv(
    database: Database,
    relation: str,
    files: Sequence[InputFile],
    options: Mapping[str, Any],
    schema: Sequence[Column],
    evolution: str,
    delimiters: Callable[[str], int | None] = lambda _: None,
) -> Extracted:
    """Make `relation` of CSV files. Every record is a row of it, or rejected.

    Args:
        delimiters: path → how many delimiters its file has; None: not counted.

    Raises:
        SourceUnavailable: a file cannot be opened.
        StepFailed: a file as a whole is not what it should be.
    """
    dialect = Dialect.of(options)
    reading = _Reading(database, relation, schema, dialect, evolution, delimiters)
    reading.read(files)
    (rows,) = database.execute(f"SELECT count(*) FROM {name(relation)}").fetchone()
    order = {f.name: i for i, f in enumerate(files)}
    rejected = sorted(reading.rejected, key=lambda r: (order[r.file], r.line or 0))
    return Extracted(rows + len(rejected), rows, sum(f.size for f in files), rejected)


class _Reading:
    """One call of `read_csv`."""

    def __init__(
        self,
        database: Database,
        relation: str,
        schema: Sequence[Column],
        dialect: Dialect,
        evolution: str,
        delimiters: Callable[[str], int | None],
    ) -> None:
        self.delimiters = delimiters
        self.database = database
        self.relation = relation
        self.schema = schema
        self.dialect = dialect
        self.evolution = evolution
        self.rejected: list[Rejected] = []

    def read(self, files: Sequence[InputFile]) -> None:
        pieces = []
        for file in files:
            head = read_head(file, self.dialect)
            if head.empty:
                continue
            piece = Piece(file, file, head, head.compression, skipped=head.line)
            pieces.append(piece if head.plain else self._cleaned(piece))
        columns = ", ".join(f"{name(c.name)} {c.type}" for c in self.schema)
        self.database.execute(f"CREATE OR REPLACE TABLE {name(self.relation)} ({columns})")
        waiting = group(pieces, self.schema, self.dialect, self.evolution)
        first = True
        while waiting:
            part = waiting.pop(0)
            lost = self._part(part, first=first)
            if lost:
                mended = [self._cleaned(p) if p.reading.path in lost else p for p in part.pieces]
                again = group(mended, self.schema, self.dialect, self.evolution)
                waiting = again + waiting
            else:
                first = False

    def _part(self, part: Part, *, first: bool) -> set[str]:
        """Add a part's rows to the relation; else the paths of files that need cleaning."""
        number = next(_numbers)
        tables = csv_rejects.RejectTables(f"penstock_rejects_{number}", f"penstock_scans_{number}")
        table = f"{self.relation}__part"
        try:
            lost = self._load(table, part, tables, precise=False)
            if lost:
                return lost
            if self._flagged(table, part):
                tables.drop(self.database)
                self._load(table, part, tables, precise=True)
            found = csv_rejects.faults(self.database, tables)
            records = csv_rejects.rejected(found, part.by_path, part.columns, self.dialect.numbers)
            records += self._located(table, part, {(r.file, r.line or 0) for r in records})
            self.rejected += records
            for piece in part.pieces:
                self.rejected += piece.rejected
            self._add(table, first=first)
        finally:
            self.database.execute(f"DROP TABLE IF EXISTS {name(table)}")
            tables.drop(self.database)
        return set()

    def _load(
        self, table: str, part: Part, tables: csv_rejects.RejectTables, *, precise: bool
    ) -> set[str]:
        """Read a part into a table; gives the files in which DuckDB lost its place."""
        sql = (
            f"CREATE OR REPLACE TABLE {name(table)} AS "
            f"{self._select(part, precise=precise)} FROM {self._source(part, tables, precise)}"
        )
        try:
            with self._planning(part):
                self.database.execute(sql, f"reading `{self.relation}`")
        except StepFailed as error:
            lost = self._mended(part, error)
            if lost is None:
                raise
            return lost
        if part.care or precise:
            return set()
        lost = csv_rejects.lost(self.database, tables)
        return lost or self._surplus(table, part, tables)

    def _surplus(self, table: str, part: Part, tables: csv_rejects.RejectTables) -> set[str]:
        """The files that may have records with more fields than DuckDB tells of."""
        needed = len(part.columns) - 1
        counts = [self.delimiters(path) for path in part.paths]
        sql = f"SELECT (SELECT count(*) FROM {name(table)}), (SELECT count(*) FROM {tables.errors})"
        rows, errors = self.database.execute(sql).fetchone()
        if not errors and None not in counts:
            records = rows + (len(counts) if part.header else 0)
            more = sum(c or 0 for c in counts) - needed * records
            delimiter = self.dialect.delimiter
            if csv_surplus.accounted(self.database, table, part, delimiter, more):
                return set()
        return csv_surplus.suspects(self.database, part.paths, part, self.dialect, part.compression)

    def _select(self, part: Part, *, precise: bool) -> str:
        way = exact.exact if precise else exact.fast
        style, formatted = self.dialect.numbers, self.dialect.formatted
        values: dict[str, str] = {}
        good: dict[int, str] = {}
        for i, column in enumerate(part.columns):
            if column is None:
                continue
            if column is BEHIND:
                good[i] = f"coalesce(c{i}, '') = ''"
                continue
            carried = way(column, f"c{i}", style, formatted=column.type in formatted)
            values[column.name] = carried.value
            if carried.good:
                good[i] = carried.good
        items = [
            f"{values.get(c.name, f'CAST(NULL AS {c.type})')} AS {name(c.name)}"
            for c in self.schema
        ]
        if good:
            flag = self._what(good) if precise else _FILE
            every = " AND ".join(good.values())
            items.append(f"CASE WHEN {every} THEN NULL ELSE {flag} END AS {_FLAG}")
        return "SELECT " + ", ".join(items)

    def _what(self, good: Mapping[int, str]) -> str:
        """SQL of a flag that says which values of a row are not wanted."""
        each = ", ".join(
            f"CASE WHEN {test} THEN NULL ELSE {{'c': {i}, 't': CAST(c{i} AS VARCHAR)}} END"
            for i, test in good.items()
        )
        return (
            f"CAST(to_json({{'file': {_FILE}, 'bad': "
            f"list_filter([{each}], lambda x: x IS NOT NULL)}}) AS VARCHAR)"
        )

    def _source(self, part: Part, tables: csv_rejects.RejectTables, precise: bool) -> str:
        way = exact.exact if precise else exact.fast
        style, formatted = self.dialect.numbers, self.dialect.formatted
        carriers = {
            f"c{i}": "VARCHAR"
            if c is None
            else way(c, f"c{i}", style, formatted=c.type in formatted).carrier
            for i, c in enumerate(part.columns)
        }
        # DuckDB takes a line end within quotes for that of the file; a copy's is known.
        ends = r", new_line = '\n'" if part.care else ""
        return (
            f"read_csv({literal(part.paths)}, columns = {literal(carriers)}, "
            f"{self.dialect.parameters(header=part.header, skip=part.skip)}, "
            f"compression = {literal(part.compression)}, filename = {literal(_FILE)}, "
            f"max_line_size = {LONGEST_RECORD}{ends}{tables.parameters})"
        )

    def _mended(self, part: Part, error: PenstockError) -> set[str] | None:
        """What to do about a read that failed as a whole: files to clean; None: nothing helps."""
        text = str(error.__cause__)
        named = [p for p in part.pieces if p.reading.path in text]
        if "invalid state" in text and not part.care:
            told = re.search(r"file = (.*?)(?:\\n|\n)", text)
            only = {p.reading.path for p in part.pieces if told and p.reading.path == told[1]}
            return only or set(part.paths)
        if fault := damaged([p.reading for p in part.pieces], text):
            raise fault from error
        if "No files found" in text or "Cannot open file" in text:
            piece = named[0] if named else part.pieces[0]
            raise SourceUnavailable(
                f"`{piece.file.name}` was there when the run was planned, and is gone",
                hint="run again: the next run reads what is there then",
            ) from error
        return None

    def _flagged(self, table: str, part: Part) -> bool:
        """Whether the fast way found, or may have missed, a value that would change."""
        if not self._has_flag(table):
            return False
        doubt = exact.doubtful(c for c in part.columns if c is not None)
        sql = f"SELECT count({_FLAG}) > 0{' OR ' + doubt if doubt else ''} FROM {name(table)}"
        with self._planning(part):
            return bool(self.database.execute(sql).fetchone()[0])

    def _planning(self, part: Part) -> AbstractContextManager[None]:
        """How queries about every column of a part are planned.

        Columns that are not wanted are left out by the optimizer.
        """
        wide = len(part.columns) > _WIDE and None not in part.columns
        return self.database.unoptimized() if wide else nullcontext()

    def _has_flag(self, table: str) -> bool:
        found = self.database.execute(f"DESCRIBE {name(table)}").fetchall()
        return any(row[0] == _FLAG for row in found)

    def _located(self, table: str, part: Part, taken: set[tuple[str, int]]) -> list[Rejected]:
        """Take the flagged rows out of the table, and find their lines."""
        if not self._has_flag(table):
            return []
        sql = f"SELECT {_FLAG}, count(*) FROM {name(table)} WHERE {_FLAG} IS NOT NULL GROUP BY 1"
        flags = self.database.execute(sql).fetchall()
        if flags:
            self.database.execute(f"DELETE FROM {name(table)} WHERE {_FLAG} IS NOT NULL")
        self.database.execute(f"ALTER TABLE {name(table)} DROP COLUMN {_FLAG}")
        return locate(flags, part, self.dialect, taken) if flags else []

    def _add(self, table: str, *, first: bool) -> None:
        target, source = name(self.relation), name(table)
        if first:
            self.database.execute(f"DROP TABLE {target}")
            self.database.execute(f"ALTER TABLE {source} RENAME TO {target}")
        else:
            self.database.execute(f"INSERT INTO {target} SELECT * FROM {source}")

    def _cleaned(self, piece: Piece) -> Piece:
        path = copy_path(self.database.work, next(_numbers))
        fields = width(piece, self.schema)
        return piece.cleaned(clean(piece.file, piece.head, self.dialect, path, fields))
