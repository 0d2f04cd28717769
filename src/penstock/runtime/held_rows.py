"""Held rows and records as relations again.

A record's text goes through the reader of its source, under the header its file had. A row's JSON
is read as NDJSON, typed as its dataset, and held against the rules first. What does not come
through is named with its reason, and nothing of it is in the relation.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.errors import StepFailed
from penstock.program import Column
from penstock.runtime import record_files, registry
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.quarantine import broken_rules
from penstock.runtime.sources.base import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Check, Read
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.injection import Entry
    from penstock.runtime.record_files import RecordFile
    from penstock.runtime.sources.base import Source

KEY = "penstock__key"


def read_records(
    engine: Engine,
    relation: str,
    entries: Sequence[Entry],
    read: Read,
    root: Path,
    folder: Path,
) -> tuple[int, dict[str, str]]:
    """Read records again.

    Args:
        folder: where their files may lie as long as the relation is used.

    Returns:
        Rows in the relation, and key → reason for records that still cannot be read.
    """
    reader: Source = registry.source("file")(record_files.reading(read, entries), root)
    folder.mkdir(parents=True, exist_ok=True)
    files, failed = record_files.write(read, entries, folder)
    while True:
        part = Slice("", tuple(f.file for f in files))
        try:
            found = reader.extract(part, engine, relation, keep=True)
        except StepFailed:
            if not files:
                raise
            files = _readable(reader, engine, relation, files, failed)
            continue
        by_name = {f.file.name: f for f in files}
        bad: dict[str, str] = {}
        spoiled: set[str] = set()
        for record in found.rejected:
            file = by_name[record.file]
            entry = file.entry_at(record.line)
            if entry is not None:
                bad[entry.key] = record.reason
            if entry is None or file.alone:
                # A record of its own file may fall apart into several: then none goes in.
                spoiled.add(record.file)
                bad |= {e.key: record.reason for e in file.entries}
        failed |= bad
        if not spoiled or not found.rows_out:
            return found.rows_out, failed
        files = [f for f in files if f.file.name not in spoiled]


def _readable(
    reader: Source,
    engine: Engine,
    relation: str,
    files: Sequence[RecordFile],
    failed: dict[str, str],
) -> list[RecordFile]:
    """The files that can be read as a whole; what is wrong with the others goes to `failed`."""
    good = []
    for file in files:
        try:
            reader.extract(Slice("", (file.file,)), engine, relation, keep=True)
        except StepFailed as error:
            failed |= {e.key: error.message for e in file.entries}
        else:
            good.append(file)
    if len(good) == len(files):  # only together they cannot be read
        failed |= {e.key: "it cannot be read beside the others" for f in files for e in f.entries}
        return []
    return good


def read_rows(
    engine: Engine,
    relation: str,
    entries: Sequence[Entry],
    schema: Sequence[Column],
    checks: Sequence[Check],
    folder: Path,
) -> dict[str, str]:
    """Make `relation` of rows given as JSON text, those that keep every rule.

    Returns:
        Key → reason for rows that are not in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed: dict[str, str] = {}
    lines: list[tuple[str, str]] = []
    for entry in entries:
        fault = _fault(entry, schema)
        if fault:
            failed[entry.key] = fault
            continue
        rest = entry.text.strip()[1:].strip()
        first = f'{{"{KEY}": {json.dumps(entry.key)}'
        lines.append((entry.key, first + (rest if rest == "}" else f", {rest}")))
    path = folder / "rows.ndjson"
    path.write_text("".join(line.replace("\n", " ") + "\n" for _, line in lines), encoding="utf-8")
    keyed = f"{relation}_keyed"
    file = InputFile(str(path), path.name, path.stat().st_size, "")
    columns = [Column(KEY, "varchar"), *schema]
    found = engine.read_files(
        keyed, [file], FileFormat("ndjson"), columns, evolution="ignore", keep=True
    )
    for record in found.rejected:
        failed[lines[(record.line or 1) - 1][0]] = record.reason
    kept, rows = "true", keyed
    if checks:
        rows = f"{keyed} AS {checks[0].relation}"
        _rule, reason, broken = broken_rules(checks)
        sql = f"SELECT {KEY} AS key, {reason} AS reason FROM {rows} WHERE {broken}"
        failed |= {row["key"]: row["reason"] for row in engine.rows(sql)}
        kept = " AND ".join(f"({c.predicate})" for c in checks)
    chosen = ", ".join('"' + c.name.replace('"', '""') + '"' for c in schema)
    engine.create(relation, f"SELECT {chosen} FROM {rows} WHERE {kept}", materialize=True)
    return failed


def _fault(entry: Entry, schema: Sequence[Column]) -> str | None:
    """What makes a text no row of the dataset; None: nothing."""
    try:
        found = json.loads(entry.text)
    except ValueError:
        return "the row is not valid JSON"
    if not isinstance(found, dict):
        return "the row is not a JSON object"
    if not entry.corrected:
        return None
    known = {c.name.casefold() for c in schema}
    unknown = [name for name in found if name.casefold() not in known]
    return f"there is no column `{unknown[0]}`" if unknown else None


def as_text(value: Any) -> str:
    """JSON text of a value whose numbers were kept as text (`parse_float=Number`).

    >>> as_text(json.loads('{"a": 1.10, "b": [true, null]}', parse_float=Number))
    '{"a": 1.10, "b": [true, null]}'
    """
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {as_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Number(str):
    """A number as it was written, so that no digit is lost."""

    __slots__ = ()
