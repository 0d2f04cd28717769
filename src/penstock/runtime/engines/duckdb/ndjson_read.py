"""NDJSON files into a relation: one object a line, each line a row or rejected.

DuckDB's own reader stops at a broken line or loses it, rounds numbers and gives NULL for a value
of another type. So each line is read as text, taken apart as text by `json_transform`, and every
value is cast the exact way. A number of more than 15 digits is a DOUBLE by then, as in most JSON
readers: such lines, and all others that are not plainly good, are looked at in Python, where
every digit counts.
"""

from __future__ import annotations

import itertools
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import StepFailed
from penstock.runtime.engines.base import Extracted, Rejected
from penstock.runtime.engines.duckdb import csv_rejects, exact
from penstock.runtime.engines.duckdb.columns import match
from penstock.runtime.engines.duckdb.csv_header import Head
from penstock.runtime.engines.duckdb.csv_parts import Piece
from penstock.runtime.engines.duckdb.ndjson_keys import known_keys, once
from penstock.runtime.engines.duckdb.ndjson_lines import mend, wrong_with
from penstock.runtime.engines.duckdb.packed import damaged
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.reasons import NumberStyle
from penstock.runtime.engines.duckdb.textfiles import (
    LONGEST_RECORD,
    compression_of,
    opened_text,
    physical_lines,
    raw_lines,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.duckdb.ndjson_keys import Known
    from penstock.runtime.engines.duckdb.textfiles import Compression

_FLAG = "__penstock_flag"
_FILE = "__penstock_file"
_STYLE = NumberStyle()
CODE_ARRAY = "PSK-SRC-034"
_AT_ONCE = 1000
_HEAD = 1 << 16
_LINES = 100
_numbers = itertools.count(1)


def read_ndjson(
    database: Database,
    relation: str,
    files: Sequence[InputFile],
    options: Mapping[str, Any],
    schema: Sequence[Column],
    evolution: str,
) -> Extracted:
    """Make `relation` of NDJSON files.

    Raises:
        SourceUnavailable: a file cannot be opened.
        StepFailed: a file as a whole is not what it should be.
    """
    reading = _Reading(database, relation, schema, options, evolution)
    columns = ", ".join(f"{name(c.name)} {c.type}" for c in schema)
    database.execute(f"CREATE OR REPLACE TABLE {name(relation)} ({columns})")
    together: dict[tuple[Compression, tuple[str, ...]], list[InputFile]] = {}
    known: dict[str, Known] = {}
    for file in files:
        compression = compression_of(file.path)
        head = _head(file, compression)
        _not_an_array(file, head)
        known[file.name] = known_keys(head[:_LINES])
        together.setdefault((compression, _spelled(head, schema)), []).append(file)
    for (compression, keys), some in together.items():
        reading.keys = keys
        reading.known = known[some[0].name]
        reading.add(some, compression)
    (rows,) = database.execute(f"SELECT count(*) FROM {name(relation)}").fetchone()
    order = {f.name: i for i, f in enumerate(files)}
    rejected = sorted(reading.rejected, key=lambda r: (order[r.file], r.line or 0))
    return Extracted(rows + len(rejected), rows, sum(f.size for f in files), rejected)


class _Reading:
    """One call of `read_ndjson`."""

    def __init__(
        self,
        database: Database,
        relation: str,
        schema: Sequence[Column],
        options: Mapping[str, Any],
        evolution: str,
    ) -> None:
        self.database = database
        self.relation = relation
        self.schema = schema
        self.nulls = [t for t in options.get("null_values") or [] if t]
        self.strict = evolution == "strict"
        self.rejected: list[Rejected] = []
        self.keys = tuple(c.name for c in schema)  # as the files being read spell them
        self.known: Known = {}  # keys that their objects often have
        self.carried = [self._carried(c) for c in schema]

    def add(self, files: Sequence[InputFile], compression: Compression) -> None:
        """Add the rows of files that are compressed alike."""
        number = next(_numbers)
        tables = csv_rejects.RejectTables(
            f"penstock_rejects_j{number}", f"penstock_scans_j{number}"
        )
        by_path = {f.path: f for f in files}
        more = f", filename = {literal(_FILE)}, max_line_size = {LONGEST_RECORD}"
        lines = raw_lines([*by_path], compression, more=more + tables.parameters)
        kept = f"SELECT line, {_FILE} FROM {lines} WHERE trim(line, ' \t\r') <> ''"
        table = f"{self.relation}__part"
        try:
            if self.strict:
                self._match(kept, by_path)
                tables.drop(self.database)
            self._execute(f"CREATE OR REPLACE TABLE {name(table)} AS {self._select(kept)}", files)
            flags = self.database.execute(
                f"SELECT {_FLAG} FROM {name(table)} WHERE {_FLAG} IS NOT NULL"
            ).fetchall()
            chosen = ", ".join(name(c.name) for c in self.schema)
            self.database.execute(
                f"INSERT INTO {name(self.relation)} SELECT {chosen} FROM {name(table)} "
                f"WHERE {_FLAG} IS NULL"
            )
            pieces = {
                f.path: Piece(f, f, Head(compression, None, 1, False, True, b""), compression)
                for f in files
            }
            found = csv_rejects.faults(self.database, tables)
            self.rejected += csv_rejects.rejected(found, pieces, [None], _STYLE)
            self._look_at(flags, by_path, compression)
        finally:
            self.database.execute(f"DROP TABLE IF EXISTS {name(table)}")
            tables.drop(self.database)

    def _select(self, kept: str, *, guarded: bool = True) -> str:
        # A struct's fields are found whatever their letter case, keys of JSON are not.
        shape = {key: k.carrier for key, k in zip(self.keys, self.carried, strict=True)}
        is_object = "starts_with(ltrim(line, ' \t'), '{')"
        opened = (
            f"SELECT *, CASE WHEN {is_object} THEN "
            f"TRY(json_transform(line, {literal(json.dumps(shape))})) END AS r, "
            f"CASE WHEN {is_object} THEN TRY(json_keys(line)) END AS k FROM ({kept})"
        )
        items = [
            f"{k.value} AS {name(c.name)}" for c, k in zip(self.schema, self.carried, strict=True)
        ]
        if guarded:
            each = ", ".join(
                f"CASE WHEN {k.good} THEN NULL ELSE {i} END"
                for i, k in enumerate(self.carried)
                if k.good
            )
            good = [k.good for k in self.carried if k.good]
            every = " AND ".join(["r IS NOT NULL", *good, once(self._all_spelled(), self.known)])
            bad = f"list_filter(CAST([{each}] AS INTEGER[]), lambda x: x IS NOT NULL)"
            items.append(
                f"CASE WHEN {every} THEN NULL ELSE CAST(to_json({{'file': {_FILE}, 'line': line, "
                f"'bad': CASE WHEN r IS NULL THEN NULL ELSE {bad} END}}) AS VARCHAR) END AS {_FLAG}"
            )
        return f"SELECT {', '.join(items)} FROM ({opened})"

    def _carried(self, column: Column) -> exact.Carried:
        kind = types.parse(column.type)
        source = f"r.{name(column.name)}"
        if kind.fields:
            return exact.nested_json(column, source)
        if kind.name == "json":
            good = f"{source} IS NOT NULL" if column.required else ""
            return exact.Carried("JSON", source, good)
        for text in self.nulls:
            source = f"nullif({source}, {literal(text)})"
        carried = exact.exact(column, source, _STYLE)
        value = f"TRY_CAST({source} AS {column.type})"
        good = carried.good
        if kind.name in {"boolean", "blob"}:
            null = "false" if column.required else f"{source} IS NULL"
            good = f"coalesce({value} IS NOT NULL, false) OR {null}"
        elif kind.name == "decimal":
            good = f"({good}) AND {exact.few_digits(source)}"
        return exact.Carried("VARCHAR", value, f"({good})" if good else "")

    def _match(self, kept: str, by_path: Mapping[str, InputFile]) -> None:
        """Under `strict`: every file has the schema's keys and no other."""
        sql = (
            f"SELECT {_FILE}, list(DISTINCT k) FROM (SELECT {_FILE}, unnest(json_keys(line)) AS k "
            f"FROM ({kept}) WHERE json_valid(line)) GROUP BY 1"
        )
        for path, keys in self._execute(sql, [*by_path.values()]).fetchall():
            match(sorted(keys), self.schema, by_path[path].name, "strict")

    def _all_spelled(self) -> list[Column]:
        return [self._spelled(i) for i in range(len(self.keys))]

    def _spelled(self, i: int) -> Column:
        return replace(self.schema[i], name=self.keys[i])

    def _execute(self, sql: str, files: Sequence[InputFile]) -> Any:
        try:
            return self.database.execute(sql, f"reading `{self.relation}`")
        except StepFailed as error:
            if fault := damaged(files, str(error.__cause__)):
                raise fault from error
            raise

    def _look_at(
        self,
        flags: Sequence[tuple[str]],
        by_path: Mapping[str, InputFile],
        compression: Compression,
    ) -> None:
        """Decide, for lines that are not plainly good: a row after all, or rejected."""
        wanted: dict[str, dict[bytes, tuple[str | None, str]]] = {}
        rescued: list[str] = []
        for (text,) in flags:
            flag = json.loads(text)
            line = flag["line"]
            suspects = None if flag["bad"] is None else [self._spelled(i) for i in flag["bad"]]
            fault = wrong_with(line, suspects, self.nulls, self._all_spelled())
            if fault is None:
                rescued.append(mend(line))
            else:
                wanted.setdefault(flag["file"], {})[line.encode()] = fault
        for start in range(0, len(rescued), _AT_ONCE):
            some = literal(rescued[start : start + _AT_ONCE])
            kept = f"SELECT unnest({some}) AS line"
            sql = self._select(kept, guarded=False)
            self.database.execute(f"INSERT INTO {name(self.relation)} {sql}")
        for path, faults in wanted.items():
            self.rejected += _located(by_path[path], compression, faults)


def _located(
    file: InputFile, compression: Compression, faults: Mapping[bytes, tuple[str | None, str]]
) -> list[Rejected]:
    """The lines of a file that have one of the texts."""
    found = []
    with opened_text(file, compression) as stream:
        for number, line in enumerate(physical_lines(stream), 1):
            bare = line.rstrip(b"\r\n")
            if number == 1:
                bare = bare.removeprefix(b"\xef\xbb\xbf")
            fault = faults.get(bare)
            if fault:
                found.append(Rejected(file.name, number, *fault, bare.decode()))
    return found


def _head(file: InputFile, compression: Compression) -> list[bytes]:
    """The first lines of a file; the last of them may be cut off."""
    with opened_text(file, compression) as stream:
        return stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf").strip().split(b"\n")


def _spelled(head: Sequence[bytes], schema: Sequence[Column]) -> tuple[str, ...]:
    """How a file spells the schema's columns: in its own letter case, as far as its head tells."""
    keys: set[str] = set()
    for line in head[:_LINES]:
        with suppress(ValueError, RecursionError):
            keys.update(record if isinstance(record := json.loads(line), dict) else ())
    folded: dict[str, list[str]] = {}
    for key in sorted(keys):
        folded.setdefault(key.casefold(), []).append(key)
    others = {c.name for c in schema}
    spelled = []
    for column in schema:
        alike = [] if column.name in keys else folded.get(column.name.casefold(), [])
        one = len(alike) == 1 and alike[0] not in others
        spelled.append(alike[0] if one else column.name)
    return tuple(spelled)


def _not_an_array(file: InputFile, head: Sequence[bytes]) -> None:
    """One array over many lines is JSON, and not NDJSON."""
    first = head[0].strip()
    if first.startswith(b"["):
        raise StepFailed(
            f"`{file.name}` is one JSON array, and NDJSON is one object on each line",
            code=CODE_ARRAY,
            hint="say `format: json`",
        )
