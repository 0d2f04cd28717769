"""Quarantine: rows that broke a rule and records that could not be read, kept with the reason.

One folder for each run below `.penstock/quarantine/`, one compressed NDJSON file for each
dataset, so that reading it back needs no engine. A folder counts only once its run has
succeeded; an attempt that dies leaves one that the next attempt writes anew. What became of a
row since (replayed, discarded) is in the ledger, under its replay key.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from penstock.program import unchecked
from penstock.runtime.engines.base import FileFormat, WriteSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Check
    from penstock.runtime.engines.base import Engine, Rejected
    from penstock.runtime.ledger.base import Ledger, QuarantineState

PARSE_ERROR = "parse error"


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row of the quarantine table.

    Attributes:
        rule: the first rule the row broke, or `parse error`.
        reason: every rule it broke, or what could not be read.
        file: source file, for a rejected record; with `line`, from 1.
        row: the row as JSON text, for a row that broke a rule.
        raw: the record's raw text, for a rejected record.
        replay_key: the same for the same row of the same dataset, whatever run met it.
    """

    run_id: str
    dataset: str
    rule: str
    reason: str
    file: str | None
    line: int | None
    row: str | None
    raw: str | None
    replay_key: str
    state: str = "held"


class QuarantineWriter:
    """Writes the quarantine of one attempt at a run."""

    def __init__(self, root: Path, run_id: str) -> None:
        self._run_id = run_id
        self._folder = root / ".penstock" / "quarantine" / run_id
        shutil.rmtree(self._folder, ignore_errors=True)

    def rows(self, engine: Engine, checks: Sequence[Check], dataset: str) -> None:
        """Keep the rows of a dataset that break a quarantine rule."""
        self._folder.mkdir(parents=True, exist_ok=True)
        form = FileFormat("ndjson", {}, "gzip")
        spec = WriteSpec(folder=self._folder, stem=f"{dataset}-rows", format=form, single=True)
        engine.write_files(held_sql(engine, checks, dataset, self._run_id), spec)

    def records(self, dataset: str, rejected: Sequence[Rejected]) -> None:
        """Keep records that could not be read."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{dataset}-records.ndjson.gz"
        with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
            for row in _record_rows(self._run_id, dataset, rejected):
                out.write(json.dumps(asdict(row), ensure_ascii=False).encode() + b"\n")
            out.close()
            raw.flush()
            os.fsync(raw.fileno())


def held_sql(engine: Engine, checks: Sequence[Check], dataset: str, run_id: str) -> str:
    """SELECT of the rows that break a rule, in the shape of the quarantine table."""
    broken = [f"NOT ({c.predicate})" for c in checks]
    first = " ".join(f"WHEN {b} THEN {quote(c.rule)}" for b, c in zip(broken, checks, strict=True))
    every = " || ".join(
        f"CASE WHEN {b} THEN {quote('; ' + c.rule)} ELSE '' END"
        for b, c in zip(broken, checks, strict=True)
    )
    inner = (
        f"SELECT CASE {first} END AS rule, {every} AS reason, "
        f"{engine.row_as_json('held')} AS row_json "
        f"FROM {unchecked(dataset)} AS held WHERE {' OR '.join(broken)}"
    )
    numbered = (
        "SELECT *, row_number() OVER (PARTITION BY row_json ORDER BY rule) AS copy "
        f"FROM ({inner}) AS broken"
    )
    key = f"md5({quote(dataset + '|')} || row_json || '|' || CAST(copy AS VARCHAR))"
    return (
        f"SELECT {quote(run_id)} AS run_id, {quote(dataset)} AS dataset, rule, "
        f"'breaks ' || substr(reason, 3) AS reason, CAST(NULL AS VARCHAR) AS file, "
        f'CAST(NULL AS BIGINT) AS line, row_json AS "row", CAST(NULL AS VARCHAR) AS raw, '
        f"{key} AS replay_key FROM ({numbered}) AS numbered"
    )


def read(root: Path, ledger: Ledger, pipeline: str) -> Iterator[QuarantinedRow]:
    """The quarantine table of a pipeline: rows of succeeded runs, the latest run first."""
    states = ledger.quarantine_states(pipeline)
    for run in ledger.runs(pipeline, limit=1_000_000):
        if run.status != "succeeded":
            continue
        folder = root / ".penstock" / "quarantine" / run.run_id
        for path in sorted(folder.glob("*.ndjson.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    yield _row(json.loads(line), states)


def quote(text: str) -> str:
    """A SQL string literal.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def _row(found: dict[str, object], states: Mapping[str, QuarantineState]) -> QuarantinedRow:
    if not isinstance(found.get("row"), (str, type(None))):
        # An engine may write JSON text as a nested object; the table holds text.
        found["row"] = json.dumps(found["row"], ensure_ascii=False)
    state = states.get(str(found["replay_key"]), "held")
    return QuarantinedRow(**{**found, "state": state})  # type: ignore[arg-type]


def _record_rows(
    run_id: str, dataset: str, rejected: Iterable[Rejected]
) -> Iterator[QuarantinedRow]:
    copies: Counter[str] = Counter()
    for record in rejected:
        where = f" in column `{record.column}`" if record.column else ""
        base = f"{dataset}|{record.file}|{record.raw}"
        copies[base] += 1
        key = hashlib.md5(f"{base}|{copies[base]}".encode(), usedforsecurity=False).hexdigest()
        yield QuarantinedRow(
            run_id=run_id,
            dataset=dataset,
            rule=PARSE_ERROR,
            reason=record.reason + (where if record.column not in record.reason else "")
            if record.column
            else record.reason,
            file=record.file,
            line=record.line,
            row=None,
            raw=record.raw,
            replay_key=key,
        )
