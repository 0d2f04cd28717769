"""Parquet files into a relation: columns by name, types only where no value can change."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from penstock import types
from penstock.errors import SourceUnavailable, StepFailed
from penstock.runtime.engines.base import Extracted, Rejected
from penstock.runtime.engines.duckdb.columns import match
from penstock.runtime.engines.duckdb.other_formats import CODE_OTHER, first_bytes, named, other
from penstock.runtime.engines.duckdb.parquet_pages import checked
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.textfiles import broken
from penstock.runtime.widening import widens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.connection import Database

CODE_TYPE = "PSK-SRC-035"
_FILE = "__penstock_file"
_FLAG = "__penstock_flag"
_NOT_OF_A_FILE = frozenset(("PSK-RUN-020", "PSK-RUN-021"))  # memory, disk
Shape = tuple[tuple[str, str], ...]
"""Name and DuckDB type of each column."""


def read_parquet(
    database: Database,
    relation: str,
    files: Sequence[InputFile],
    schema: Sequence[Column],
    evolution: str,
    *,
    keep: bool,
) -> Extracted:
    """Make `relation` of Parquet files: a table if `keep`, else a view of the files.

    Raises:
        SourceUnavailable: a file is gone.
        StepFailed: a file is broken, or its columns or types are not the schema's.
    """
    together: dict[Shape, list[InputFile]] = {}
    for file, shape in shapes(database, files).items():
        together.setdefault(shape, []).append(file)
    selects, flagged = [], False
    for shape, some in together.items():
        sql, guards = _select(some, shape, schema, evolution)
        selects.append(sql)
        flagged = flagged or guards
    if not selects:
        columns = ", ".join(f"CAST(NULL AS {c.type}) AS {name(c.name)}" for c in schema)
        selects.append(f"SELECT {columns}, NULL AS {_FLAG} LIMIT 0")
    every = " UNION ALL ".join(selects)
    rejected: list[Rejected] = []
    chosen = ", ".join(name(c.name) for c in schema)
    try:
        with checked(database, files):
            if flagged:
                table = name(f"{relation}__part")
                database.execute(f"CREATE OR REPLACE TABLE {table} AS {every}")
                rejected = _rejected(database, table, files, schema)
                made = f"SELECT {chosen} FROM {table} WHERE {_FLAG} IS NULL"
                database.execute(f"CREATE OR REPLACE TABLE {name(relation)} AS {made}")
                database.execute(f"DROP TABLE {table}")
            else:
                kind = "TABLE" if keep else "VIEW"
                made = f"SELECT {chosen} FROM ({every})"
                database.execute(f"CREATE OR REPLACE {kind} {name(relation)} AS {made}")
        (rows,) = database.execute(f"SELECT count(*) FROM {name(relation)}").fetchone()
    except StepFailed as error:
        raise _told(database, error, files) from error
    return Extracted(rows + len(rejected), rows, sum(f.size for f in files), rejected)


def shapes(database: Database, files: Sequence[InputFile]) -> dict[InputFile, Shape]:
    """The columns of each file.

    Raises:
        StepFailed: a file is not Parquet.
    """
    if not files:
        return {}
    sql = (
        "SELECT file_name, name, duckdb_type, coalesce(num_children, 0) "
        f"FROM parquet_schema({literal([f.path for f in files])})"
    )
    try:
        found = database.execute(sql).fetchall()
    except StepFailed as error:
        raise _named(error, files) from error
    rows: dict[str, list[tuple[str, str, int]]] = {}
    for path, column, kind, children in found:
        rows.setdefault(path, []).append((column, kind, int(children)))
    return {f: _top(rows[f.path]) for f in files}


def _top(rows: list[tuple[str, str, int]]) -> Shape:
    """The columns at the top of a schema that is listed depth first, its root before."""
    found = []
    at = 1
    while at < len(rows):
        column, kind, _ = rows[at]
        found.append((column, kind))
        below = 1
        while below:
            below += rows[at][2] - 1
            at += 1
    return tuple(found)


def _select(
    files: Sequence[InputFile], shape: Shape, schema: Sequence[Column], evolution: str
) -> tuple[str, bool]:
    """SELECT of files of one shape, and whether rows of it may be rejected."""
    file = files[0].name
    matched = match([n for n, _ in shape], schema, file, evolution)
    items, good = [], []
    for column in schema:
        at = matched.place.get(column.name)
        if at is None:
            items.append(f"CAST(NULL AS {column.type}) AS {name(column.name)}")
            continue
        kind = shape[at][1]
        _check_type(column, kind, file)
        items.append(f"CAST(c{at} AS {column.type}) AS {name(column.name)}")
        if column.required:
            good.append((column, f"c{at} IS NOT NULL"))
        if kind == "TIMESTAMP_NS":
            same = f"CAST(CAST(c{at} AS TIMESTAMP) AS TIMESTAMP_NS) IS NOT DISTINCT FROM c{at}"
            good.append((column, same))
    flag = "NULL"
    if good:
        each = ", ".join(
            f"CASE WHEN {test} THEN NULL ELSE {literal(column.name)} END" for column, test in good
        )
        everything = ", ".join(f"{literal(n)}: c{i}" for i, (n, _) in enumerate(shape))
        flag = (
            f"CASE WHEN {' AND '.join(test for _, test in good)} THEN NULL ELSE CAST(to_json("
            f"{{'file': {_FILE}, 'row': file_row_number + 1, 'bad': list_filter([{each}], "
            f"lambda x: x IS NOT NULL), 'raw': to_json({{{everything}}})}}) AS VARCHAR) END"
        )
    names = ", ".join(f"c{i}" for i in range(len(shape)))
    paths = literal([f.path for f in files])
    source = (
        f"read_parquet({paths}, hive_partitioning = false, filename = {literal(_FILE)}, "
        f"file_row_number = {literal(bool(good))})"
    )
    return f"SELECT {', '.join(items)}, {flag} AS {_FLAG} FROM {source} AS t({names})", bool(good)


def _check_type(column: Column, kind: str, file: str) -> None:
    want = types.parse(column.type)
    try:
        have = types.parse(types.from_duckdb(kind))
    except ValueError as error:
        raise StepFailed(
            f"column `{column.name}` of `{file}`: {error}",
            code=CODE_TYPE,
            hint="leave it out of the schema; the report then names it as left out",
        ) from error
    if not widens(have, want):
        raise StepFailed(
            f"column `{column.name}` of `{file}` is {have}, and the schema says {want}",
            code=CODE_TYPE,
            hint=f"say `{column.name}: {have}` in the schema, and `cast` it in a step, where a "
            "value that does not fit is told",
        )


def _rejected(
    database: Database, table: str, files: Sequence[InputFile], schema: Sequence[Column]
) -> list[Rejected]:
    by_path = {f.path: f.name for f in files}
    kinds = {c.name: c for c in schema}
    sql = f"SELECT {_FLAG} FROM {table} WHERE {_FLAG} IS NOT NULL"
    found = []
    for (text,) in database.execute(sql).fetchall():
        flag = json.loads(text)
        column = flag["bad"][0]
        reason = (
            "no value, and it is required"
            if flag["raw"].get(column) is None
            else f"its nanoseconds do not fit into {kinds[column].type}"
        )
        raw = json.dumps(flag["raw"], ensure_ascii=False)
        place = f"row {flag['row']}, {column}: {reason}"
        found.append(Rejected(by_path[flag["file"]], None, column, place, raw))
    return sorted(found, key=lambda r: (r.file, int(re.split(r"[ ,]", r.reason)[1])))


def _told(database: Database, error: StepFailed, files: Sequence[InputFile]) -> Exception:
    """The error with the file it is about; DuckDB names none where a page cannot be read."""
    found = _named(error, files)
    if found is not error or error.code in _NOT_OF_A_FILE:
        return found
    for file in files:
        alone = f"read_parquet({literal([file.path])}, hive_partitioning = false)"
        try:
            database.execute(f"SELECT bit_xor(hash(t)) FROM {alone} AS t")
        except StepFailed as again:
            return _named(again, [file])
    return error


def _named(error: StepFailed, files: Sequence[InputFile]) -> Exception:
    """The error with the file it is about."""
    text = str(error.__cause__)
    file = next((f for f in files if f.path in text), files[0] if len(files) == 1 else None)
    if file is None:
        return error
    if "No files found" in text or "Cannot open file" in text:
        return SourceUnavailable(f"`{file.name}` is gone", hint="run again")
    if error.code in _NOT_OF_A_FILE:
        return error
    if "encrypt" in text.lower():
        return StepFailed(
            f"`{file.name}` is encrypted, and Penstock has no key to it",
            code=CODE_OTHER,
            hint="have it written without encryption",
        )
    if "magic bytes" in text or "too small" in text:
        head = first_bytes(file.path)
        if (what := named(head)) and not head.startswith(b"PAR1"):
            return other(file, what, "parquet")
        return broken(file, "it is not a whole Parquet file")
    reason = error.message.rpartition(": ")[2]
    told = len(reason) > 3 and reason.isprintable()
    return broken(file, reason if told else "a page of it cannot be read")
