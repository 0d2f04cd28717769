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
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from penstock.program import unchecked
from penstock.runtime.engines.base import FileFormat, WriteSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Check
    from penstock.runtime.engines.base import Engine, Rejected
    from penstock.runtime.ledger.base import Ledger

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
        replay_key: the same for the same row of the same dataset, whatever run met it; equal rows
            of new files are different rows.
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
    """Writes the quarantine of one attempt at a run.

    Args:
        folder: the run's, below `.penstock/quarantine/`; what an earlier attempt left goes away.
        salts: dataset → what tells this run's rows from equal ones of other runs, where it reads
            what no other run does (new files). A row of a source that every run reads again has
            the same key each time.
        known: dataset → base → the keys that rows of this content were given by earlier runs,
            for a run that reads again what several runs read one after the other.
        silent: datasets whose rows are not kept: another part of the run keeps them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        salts: Mapping[str, str],
        known: Callable[[str], Mapping[str, Sequence[str]]] | None = None,
        silent: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._run_id = folder.name
        self._folder = folder
        self._salts = salts
        self._known = known
        self._silent = silent

    def rows(
        self,
        engine: Engine,
        checks: Sequence[Check],
        dataset: str,
        relation: str | None = None,
        *,
        tell: bool = False,
    ) -> list[QuarantinedRow]:
        """Keep the rows of a dataset that break a quarantine rule.

        Args:
            relation: where the rows are; None: `unchecked(dataset)`.
            tell: give back what was kept.
        """
        if self._silent(dataset):
            return []
        self._folder.mkdir(parents=True, exist_ok=True)
        form = FileFormat("ndjson", {}, "gzip")
        spec = WriteSpec(folder=self._folder, stem=f"{dataset}-rows", format=form, single=True)
        sql = held_sql(
            engine, checks, dataset, self._run_id, relation, salt=self._salts.get(dataset, "")
        )
        (written,) = engine.write_files(sql, spec)
        if self._known is None:
            return list(read_file(written.path)) if tell else []
        kept = list(_renamed(read_file(written.path), self._known(dataset)))
        self._write(written.path, kept)
        return kept

    def records(
        self, dataset: str, rejected: Sequence[Rejected], headers: Mapping[str, str]
    ) -> list[QuarantinedRow]:
        """Keep records that could not be read, and the headers of their files.

        Returns:
            What was kept.
        """
        found: Iterable[QuarantinedRow]
        found = _record_rows(self._run_id, dataset, rejected, self._salts.get(dataset, ""))
        if self._known is not None:
            found = _renamed(found, self._known(dataset))
        kept = list(found)
        if kept and not self._silent(dataset):
            self._write(self._folder / f"{dataset}-records.ndjson.gz", kept)
            self._write_headers(dataset, headers)
        return kept

    def again(
        self, dataset: str, rows: Sequence[QuarantinedRow], headers: Mapping[str, str]
    ) -> None:
        """Keep rows that failed once more, under the keys they have."""
        if rows and not self._silent(dataset):
            mine = [replace(r, run_id=self._run_id) for r in rows]
            self._write(self._folder / f"{dataset}-again.ndjson.gz", mine)
            self._write_headers(dataset, headers)

    def _write_headers(self, dataset: str, headers: Mapping[str, str]) -> None:
        path = self._folder / f"{dataset}-headers.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**headers, **known}, ensure_ascii=False), encoding="utf-8")

    def _write(self, path: Path, rows: Iterable[QuarantinedRow]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
            for row in rows:
                out.write(json.dumps(asdict(row), ensure_ascii=False).encode() + b"\n")
            out.close()
            raw.flush()
            os.fsync(raw.fileno())


def run_folder(root: Path, run_id: str) -> Path:
    """Where the quarantine of a run lies."""
    return root / ".penstock" / "quarantine" / run_id


def headers(root: Path, run_id: str, dataset: str) -> dict[str, str]:
    """File name → header, of the files whose records a run has set aside."""
    path = run_folder(root, run_id) / f"{dataset}-headers.json"
    if not path.is_file():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def base(row: QuarantinedRow) -> str:
    """The same for rows of a dataset that have the same content (and file, if it is known)."""
    return row.row if row.row is not None else f"{row.file}|{row.raw}"


def held_sql(
    engine: Engine,
    checks: Sequence[Check],
    dataset: str,
    run_id: str,
    relation: str | None = None,
    *,
    salt: str = "",
) -> str:
    """SELECT of the rows that break a rule, in the shape of the quarantine table."""
    rule, reason, any_broken = broken_rules(checks)
    held = unchecked(dataset)  # the rules name it so
    inner = (
        f"SELECT {rule} AS rule, {reason} AS reason, "
        f"{engine.row_as_json(held)} AS row_json "
        f"FROM {relation or held} AS {held} WHERE {any_broken}"
    )
    numbered = (
        "SELECT *, row_number() OVER (PARTITION BY row_json ORDER BY rule) AS copy "
        f"FROM ({inner}) AS broken"
    )
    end = f" || {quote('|' + salt)}" if salt else ""
    key = f"md5({quote(dataset + '|')} || row_json || '|' || CAST(copy AS VARCHAR){end})"
    return (
        f"SELECT {quote(run_id)} AS run_id, {quote(dataset)} AS dataset, rule, "
        "reason, CAST(NULL AS VARCHAR) AS file, "
        f'CAST(NULL AS BIGINT) AS line, row_json AS "row", CAST(NULL AS VARCHAR) AS raw, '
        f"{key} AS replay_key FROM ({numbered}) AS numbered"
    )


def broken_rules(checks: Sequence[Check]) -> tuple[str, str, str]:
    """SQL of the first rule a row breaks, of the reason, and of whether it breaks any."""
    broken = [f"NOT ({c.predicate})" for c in checks]
    first = " ".join(f"WHEN {b} THEN {quote(c.rule)}" for b, c in zip(broken, checks, strict=True))
    every = " || ".join(
        f"CASE WHEN {b} THEN {quote('; ' + c.rule)} ELSE '' END"
        for b, c in zip(broken, checks, strict=True)
    )
    return f"CASE {first} END", f"'breaks ' || substr({every}, 3)", " OR ".join(broken)


def read(
    root: Path, ledger: Ledger, pipeline: str, *, run_id: str = "", every: bool = False
) -> Iterator[QuarantinedRow]:
    """The quarantine table of a pipeline: rows of succeeded runs, the latest run first.

    A row that several runs met is there once, as the latest of them met it.

    Args:
        run_id: only the rows that runs with this beginning of an id met.
        every: a row for each run that met it.
    """
    from penstock.runtime.corrections import states as states_of

    states = states_of(root, ledger, pipeline)
    seen: set[str] = set()
    for run in ledger.runs(pipeline, limit=1_000_000):
        if run.status != "succeeded" or not run.run_id.startswith(run_id):
            continue
        for path in sorted(run_folder(root, run.run_id).glob("*.ndjson.gz")):
            for row in read_file(path):
                if not every and row.replay_key in seen:
                    continue
                seen.add(row.replay_key)
                yield replace(row, state=states.get(row.replay_key, "held"))


def read_file(path: Path) -> Iterator[QuarantinedRow]:
    """The rows of one file, as if all were held."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _row(json.loads(line))


def quote(text: str) -> str:
    """A SQL string literal.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def _row(found: dict[str, object]) -> QuarantinedRow:
    if not isinstance(found.get("row"), (str, type(None))):
        # An engine may write JSON text as a nested object; the table holds text.
        found["row"] = json.dumps(found["row"], ensure_ascii=False)
    return QuarantinedRow(**{**found, "state": "held"})  # type: ignore[arg-type]


def _renamed(
    rows: Iterable[QuarantinedRow], known: Mapping[str, Sequence[str]]
) -> Iterator[QuarantinedRow]:
    """Rows under the keys that earlier runs gave them, as far as there are such."""
    met: Counter[str] = Counter()
    for row in rows:
        content = base(row)
        keys = known.get(content, ())
        number = met[content]
        met[content] += 1
        yield replace(row, replay_key=keys[number]) if number < len(keys) else row


def _record_rows(
    run_id: str, dataset: str, rejected: Iterable[Rejected], salt: str
) -> Iterator[QuarantinedRow]:
    copies: Counter[str] = Counter()
    for record in rejected:
        where = f" in column `{record.column}`" if record.column else ""
        content = f"{dataset}|{record.file}|{record.raw}"
        copies[content] += 1
        named = f"{content}|{copies[content]}" + (f"|{salt}" if salt else "")
        key = hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()
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
