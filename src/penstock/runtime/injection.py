"""Held rows on their way back in: which datasets they enter, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from penstock.runtime import corrections, held_rows, quarantine
from penstock.runtime.corrections import Correction, Settled
from penstock.runtime.statements import count_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Check, Column, Program, Read
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.quarantine import QuarantinedRow


@dataclass(frozen=True, slots=True)
class Entry:
    """One held row or record that is to go in again.

    Attributes:
        kind: `raw`: a record's text, read again by its source; `row`: a row as JSON text.
        corrected: the text is not what is held, it takes the place of that.
        held: what stands in the quarantine.
        header: the text before the records of the record's file.
    """

    key: str
    dataset: str
    kind: Literal["raw", "row"]
    text: str
    file: str | None
    corrected: bool
    held: QuarantinedRow | None = None
    header: str | None = None

    @classmethod
    def of(cls, correction: Correction) -> Entry:
        """An accepted correction."""
        c = correction
        return cls(c.key, c.dataset, c.kind, c.text, c.file, corrected=True)

    @property
    def correction(self) -> Correction:
        """The form in which it is kept."""
        return Correction(self.key, self.dataset, self.kind, self.text, self.file)


@dataclass(frozen=True, slots=True)
class Added:
    """What went into a dataset: rows tried, and those of them that were set aside again."""

    replayed: int = 0
    quarantined: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Injection:
    """The held rows that one attempt takes in.

    Attributes:
        entries: everything that may go in.
        alone: datasets that such rows enter and nothing else does.
        active: datasets that hold nothing but what comes of such rows; everywhere else a row goes
            in where the one it corrects is met.
        salt: of the active datasets, see `QuarantineWriter`.
        known: dataset → content → keys, see `QuarantineWriter`.
        silent: datasets whose quarantine another part of the run keeps.
        entered: keys of the rows that went in.
        failed: key → the reason why a row did not go in.
        met: keys of all that was set aside in this attempt.
    """

    entries: Sequence[Entry] = ()
    alone: frozenset[str] = frozenset()
    active: frozenset[str] = frozenset()
    known: Callable[[str], Mapping[str, Sequence[str]]] | None = None
    silent: Callable[[str], bool] = lambda _: False
    salt: str = ""
    entered: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    met: dict[str, QuarantinedRow] = field(default_factory=dict)

    def into(self, dataset: str) -> bool:
        """Whether rows may go into a dataset."""
        return any(e.dataset == dataset for e in self.entries)

    def only(self, dataset: str) -> bool:
        """Whether a dataset holds nothing but what goes in here."""
        return dataset in self.alone

    def note(self, kept: Iterable[QuarantinedRow]) -> None:
        """Remember what was set aside."""
        self.met.update((r.replay_key, r) for r in kept)

    def add(
        self,
        engine: Engine,
        dataset: str,
        schema: Sequence[Column],
        checks: Sequence[Check],
        *,
        base: str | None,
        relation: str,
        headers: Mapping[str, str],
        read: Read | None,
        root: Path,
        work: Path,
        within: str | None = None,
    ) -> Added:
        """Make `relation` of the rows of `base` and those that go in.

        Args:
            checks: the quarantine rules of the dataset: a row that breaks one does not go in.
            base: what the run itself made of the dataset; None: nothing.
            headers: file → the text before its records, where the entry does not know it.
            read: how the dataset is read, where it is a source.
            root: the pipeline folder.
            within: SQL condition of the rows that this run reads of the source; a bad record is
                met whether its row is one of them or not.
        """
        chosen = [
            e
            for e in self.entries
            if e.dataset == dataset
            and (dataset in self.active or (e.corrected and e.key in self.met))
        ]
        rows = [e for e in chosen if e.kind == "row"]
        raws = [
            replace(e, header=e.header or headers.get(e.file or ""))
            for e in chosen
            if e.kind == "raw"
        ]
        parts = [base] if base else []
        quarantined = rejected = lines = 0
        if raws and read is not None:
            name = f"{dataset}__records"
            good, failed = held_rows.read_records(engine, name, raws, read, root, work / name)
            if within is not None:
                inside = f"{dataset}__inside"
                engine.create(inside, f"SELECT * FROM {name} WHERE {within}", materialize=False)
                good, name = count_rows(engine, inside), inside
            parts.append(name)
            lines, rejected = good, len(failed)
            self._tell(raws, failed)
        if rows or not parts:
            name = f"{dataset}__rows"
            failed = held_rows.read_rows(engine, name, rows, schema, checks, work / name)
            parts.append(name)
            quarantined = len(failed)
            self._tell(rows, failed)
        union = " UNION ALL ".join(f"SELECT * FROM {p}" for p in parts)
        engine.create(relation, union, materialize=False)
        return Added(lines + rejected + len(rows), quarantined, rejected)

    def again(self, dataset: str) -> list[QuarantinedRow]:
        """The rows of a dataset that stay held, with the reason."""
        found = []
        for entry in self.entries:
            reason = self.failed.get(entry.key)
            if entry.dataset != dataset or reason is None:
                continue
            held = entry.held or self.met.get(entry.key)
            if held is not None:
                said = f"corrected, and still: {reason}" if entry.corrected else reason
                found.append(replace(held, reason=said))
        return found

    def headers(self, dataset: str) -> dict[str, str]:
        """File → the text before its records, as far as the entries know it."""
        mine = (e for e in self.entries if e.dataset == dataset)
        return {e.file: e.header for e in mine if e.file and e.header}

    def settled(self) -> Settled:
        """What an ordinary run settles: corrections that do not go in any more."""
        return Settled(held=sorted(self.failed))

    def _tell(self, tried: Sequence[Entry], failed: Mapping[str, str]) -> None:
        self.failed |= failed
        self.entered |= {e.key for e in tried} - failed.keys()


def corrected(root: Path, ledger: Ledger, program: Program, *, again: bool) -> Injection:
    """What an ordinary run takes in: the corrections of rows that it meets.

    Args:
        again: it reads again what several runs have read.
    """
    entries = [Entry.of(c) for c in corrections.accepted(root, ledger, program.pipeline)]
    split = again and any(r.incremental in ("files", "state") for r in program.reads)
    known = known_keys(root, ledger, program.pipeline) if split else None
    return Injection(entries, known=known)


def known_keys(
    root: Path, ledger: Ledger, pipeline: str
) -> Callable[[str], Mapping[str, Sequence[str]]]:
    """Dataset → content → the keys that rows of this content have, the oldest first."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for row in quarantine.read(root, ledger, pipeline, every=True):
        contents = found.setdefault(row.dataset, {})
        contents.setdefault(quarantine.base(row), {})[row.replay_key] = None
    listed = {
        dataset: {content: [*reversed(keys)] for content, keys in contents.items()}
        for dataset, contents in found.items()
    }
    return lambda dataset: listed.get(dataset, {})
