"""Replaying quarantined rows: a run of its own, whose input is what is held.

It works under the lock of the ordinary runs, in a lane of its own: what ordinary runs have read
and have still to read stays as it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError
from penstock.program import canonical
from penstock.runtime import corrections, publish, quarantine
from penstock.runtime.attempt import Attempt, Work
from penstock.runtime.corrections import Settled
from penstock.runtime.document import RunDocument
from penstock.runtime.heartbeat import HeldLock
from penstock.runtime.injection import Entry, Injection, corrected, known_keys
from penstock.runtime.ledger.base import DAILY, REPLAY
from penstock.runtime.ledger.holder import current_actor
from penstock.runtime.plan import Plan, plan
from penstock.runtime.replay_way import Way, find
from penstock.runtime.run import RunOptions, RunResult, _Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.program import Program
    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.observer import Observer
    from penstock.runtime.quarantine import QuarantinedRow
    from penstock.runtime.targets.base import Staged

CODE_GONE = "PSK-RUN-041"
CODE_DATASET = "PSK-RUN-042"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which held rows to replay; what is None or empty does not narrow the choice.

    Attributes:
        run_id: the run that met them, or the beginning of its id.
        corrected: replay key → (`raw` or `row`, the text that takes its place); only these rows.
    """

    dataset: str | None = None
    rule: str | None = None
    run_id: str | None = None
    keys: tuple[str, ...] = ()
    corrected: Mapping[str, tuple[str, str]] | None = None

    def takes(self, row: QuarantinedRow) -> bool:
        """Whether a row is one of them."""
        return (
            self.dataset in {None, row.dataset}
            and self.rule in {None, row.rule}
            and (not self.keys or row.replay_key in self.keys)
            and (self.corrected is None or row.replay_key in self.corrected)
        )


def held(root: Path, ledger: Ledger, pipeline: str, wanted: Wanted) -> list[QuarantinedRow]:
    """The held rows that are wanted, each once."""
    rows = quarantine.read(root, ledger, pipeline, run_id=wanted.run_id or "")
    return [r for r in rows if r.state == "held" and wanted.takes(r)]


def replay(
    program: Program,
    root: Path,
    ledger: Ledger,
    observer: Observer,
    options: RunOptions,
    wanted: Wanted,
) -> RunResult:
    """Send held rows through a Program again.

    Never raises for what a user can cause: the result tells. `skipped`: nothing is held that is
    wanted.
    """
    return _Replay(program, root, ledger, observer, options, wanted).go()


class _Replay(_Run):
    """One call of `replay`."""

    def __init__(
        self,
        program: Program,
        root: Path,
        ledger: Ledger,
        observer: Observer,
        options: RunOptions,
        wanted: Wanted,
    ) -> None:
        super().__init__(program, root, ledger, observer, options)
        self.lane = REPLAY
        self._wanted = wanted
        self._entries: list[Entry] = []
        self._way: Way

    def _locked(self, held_lock: HeldLock) -> RunResult:
        self._roll_forward(held_lock)
        # What it reads and corrects must not change meanwhile: ordinary runs wait.
        with HeldLock(self.ledger, publish.lane_lock(self.name, DAILY)):
            return self._alone(held_lock)

    def _alone(self, held_lock: HeldLock) -> RunResult:
        name = self.program.pipeline
        settle_states(self.root, self.ledger, name)
        last = self.ledger.last_succeeded(name, lane=DAILY)
        self.previous = last.report if last else None
        rows = held(self.root, self.ledger, name, self._wanted)
        if not rows:
            latest = self.ledger.last_succeeded(name)
            if latest is not None:
                self.document.run_id, self.document.attempt = latest.run_id, latest.attempt
            self.document.notes.append("nothing is held that could be replayed")
            self.document.end("skipped")
            self._tell_end()
            return RunResult(self.document, previous=self.previous)
        self._entries = [self._entry(r) for r in rows]
        self._refuse_unknown()
        self._way = find(self.program, {e.dataset for e in self._entries})
        whole_program, self.program = self.program, self._way.program
        self.document.program = self.program
        if self._way.skipped:
            told = "; ".join(self._way.skipped)
            self.document.notes.append(f"rules about all rows of a dataset were left out: {told}")
        planned = self._planned(whole_program)
        result = self._recorded(planned, held_lock)
        if self.document.status == "succeeded":
            settle_states(self.root, self.ledger, name)
        return result

    def _entry(self, row: QuarantinedRow) -> Entry:
        kind, text = ("row", row.row) if row.row is not None else ("raw", row.raw or "")
        given = (self._wanted.corrected or {}).get(row.replay_key)
        is_corrected = given is not None and given != (kind, text)
        if given is not None and is_corrected:
            kind, text = given
        header = None
        if kind == "raw":
            header = quarantine.headers(self.root, row.run_id, row.dataset).get(row.file or "")
        return Entry(
            key=row.replay_key,
            dataset=row.dataset,
            kind="raw" if kind == "raw" else "row",
            text=text,
            file=row.file,
            corrected=is_corrected,
            held=row,
            header=header,
        )

    def _refuse_unknown(self) -> None:
        sources = {r.dataset for r in self.program.reads}
        known = sources | {s.dataset for s in self.program.statements}
        for entry in self._entries:
            if entry.dataset not in known or (entry.kind == "raw" and entry.dataset not in sources):
                raise RunError(
                    f"rows of `{entry.dataset}` are held, which is no "
                    f"{'source' if entry.kind == 'raw' else 'dataset'} of this pipeline any more",
                    code=CODE_DATASET,
                    hint=f"`penstock quarantine discard --dataset {entry.dataset} --reason …`, or "
                    "name what is to be replayed: --rule, --run, --key",
                )

    def _planned(self, whole: Program) -> Plan:
        """What is read besides the held rows: everything that was read before."""
        way = self._way
        inside = {r.dataset for r in way.whole.reads} if way.whole else set()
        beside = {r.dataset for r in way.flow.reads} - way.alone if way.flow else set()
        reads = tuple(r for r in self.program.reads if r.dataset in inside | beside)
        found = plan(
            replace(self.program, reads=reads),
            self.root,
            self.ledger,
            date=self.document.started_at[:10],
            full_refresh=True,
        )
        slices = dict(found.slices)
        for read in reads:
            if read.incremental == "files":
                slices[read.dataset] = self._read_before(read.dataset, slices[read.dataset])
        items = sorted([e.key, e.kind, e.text] for e in self._entries)
        slice_ = hashlib.sha256(canonical(items)).hexdigest()
        last = self.ledger.last_succeeded(whole.pipeline)
        parts = [whole.pipeline, whole.digest, "replay", slice_, last.run_id if last else None]
        return replace(
            found,
            slices=slices,
            slice=slice_,
            key=hashlib.sha256(canonical(parts)).hexdigest(),
            files={},
            lane=REPLAY,
            identities={},
        )

    def _read_before(self, dataset: str, part: Any) -> Any:
        """Of a source's files, those that ordinary runs have read.

        Raises:
            RunError: one of them is gone, or is another now: its rows would be lost.
        """
        seen = self.ledger.seen_files(self.program.pipeline, dataset)
        kept = tuple(f for f in part.files if (f.name, f.identity) in seen)
        gone = sorted({name for name, _ in seen} - {f.name for f in kept})
        if gone:
            more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
            raise RunError(
                f"a target that shows all of `{dataset}` has to be made again, and {gone[0]}{more} "
                "is not there as it was read",
                code=CODE_GONE,
                hint="put the file back, or run first if it was changed",
            )
        return replace(part, files=kept)

    def _attempt(self, bound: Program, planned: Plan, work: Path) -> Work:
        way = find(bound, {e.dataset for e in self._entries})
        name = self.program.pipeline
        before = corrected(self.root, self.ledger, self.program, again=False).entries
        passes: list[_Pass] = []
        whole_names = _names(way.whole) if way.whole else set()
        if way.flow is not None:
            entries = [e for e in self._entries if e.dataset in way.active]
            beside = [e for e in before if e.dataset not in way.active]
            injection = Injection(
                [*beside, *entries],
                alone=way.alone,
                active=way.active,
                salt=planned.slice,
                silent=lambda d: d not in way.active or d in whole_names,
            )
            passes.append(self._pass(way.flow, planned, work / "flow", injection))
        if way.whole is not None:
            entries = [e for e in self._entries if e.dataset in whole_names]
            split = any(r.incremental in ("files", "state") for r in way.whole.reads)
            known = known_keys(self.root, self.ledger, name) if split else None
            injection = Injection([*before, *entries], known=known)
            passes.append(self._pass(way.whole, planned, work / "whole", injection))
        return _Passes(passes, self._entries, self.root, self.document)

    def _pass(self, program: Program, planned: Plan, work: Path, injection: Injection) -> _Pass:
        mine = self.document
        document = RunDocument(program, mine.run_id, mine.attempt, mine.started_at)
        attempt = Attempt(
            replace(program, kpis=()),  # of the held rows alone they would say nothing
            self.root,
            planned,
            observer=self.observer,
            document=document,
            work=work,
            injection=injection,
            before_load=self.publishing.take,
        )
        return _Pass(attempt, injection, document)


@dataclass(frozen=True, slots=True)
class _Pass:
    """The held rows by themselves, or everything with them."""

    attempt: Attempt
    injection: Injection
    document: RunDocument


class _Passes:
    """The work of a replay: its passes one after the other, then what became of each row."""

    def __init__(
        self, passes: Sequence[_Pass], entries: Sequence[Entry], root: Path, document: RunDocument
    ) -> None:
        self._passes = passes
        self._entries = entries
        self._root = root
        self._document = document

    def work(self, memory_bytes: int | None, threads: int | None) -> dict[str, Staged]:
        """Do it all. Target name → what was staged for it."""
        staged: dict[str, Staged] = {}
        try:
            for each in self._passes:
                staged |= each.attempt.work(memory_bytes, threads)
                each.attempt.close()
        finally:
            self._merge()
        settled = self._settled()
        corrections.write(self._root, self._document.run_id, settled)
        went, stayed = len(settled.replayed), len(self._entries) - len(settled.replayed)
        self._document.notes.append(f"{went:,} held rows replayed, {stayed:,} stay held")
        return staged

    def abandon(self) -> None:
        """Remove what was staged."""
        for each in self._passes:
            each.attempt.abandon()

    def close(self) -> None:
        """Free everything."""
        for each in self._passes:
            each.attempt.close()

    def _merge(self) -> None:
        """The passes' reports as one; a dataset that both made is told as the last made it."""
        for each in self._passes:
            told = {(o.check.dataset, o.check.rule) for o in each.document.quality}
            quality = self._document.quality
            quality[:] = [o for o in quality if (o.check.dataset, o.check.rule) not in told]
            quality += each.document.quality
            self._document.datasets |= each.document.datasets
            self._document.targets |= each.document.targets
            self._document.samples += each.document.samples
            self._document.rejected += each.document.rejected
            self._document.notes += each.document.notes

    def _settled(self) -> Settled:
        settled = Settled()
        mine = {e.key for e in self._entries}
        for entry in self._entries:
            if self._went(entry):
                settled.replayed.append(entry.key)
                if entry.corrected:
                    settled.corrections.append(entry.correction)
        for each in self._passes:
            settled.held += sorted(each.injection.failed.keys() - mine)
        return settled

    def _went(self, entry: Entry) -> bool:
        """Whether a row went in: by itself, or because it is not set aside any more."""
        for each in self._passes:
            injection = each.injection
            if entry not in injection.entries:
                continue
            if entry.dataset in injection.active or entry.corrected:
                return entry.key in injection.entered
            return entry.key not in injection.met
        return False


def _names(program: Program) -> set[str]:
    return {r.dataset for r in program.reads} | {s.dataset for s in program.statements}


def settle_states(root: Path, ledger: Ledger, pipeline: str) -> None:
    """Have the ledger and its audit trail say what succeeded runs have settled.

    A run killed between its end and this is caught up with by the next one.
    """
    recorded = ledger.quarantine_states(pipeline)
    now = corrections.states(root, ledger, pipeline)
    for run_id, settled in corrections.history(root, ledger, pipeline):
        went = [k for k in settled.replayed if now[k] == "replayed" and recorded.get(k) != now[k]]
        stay = [k for k in settled.held if now[k] == "held" and recorded.get(k, "held") != "held"]
        actor = current_actor()
        if went:
            reason = f"replayed by run {run_id}"
            ledger.set_quarantine_state(pipeline, went, "replayed", actor=actor, reason=reason)
        if stay:
            reason = f"the accepted correction did not go in any more, in run {run_id}"
            ledger.set_quarantine_state(pipeline, stay, "held", actor=actor, reason=reason)
        recorded.update(dict.fromkeys(went, "replayed"))
        recorded.update(dict.fromkeys(stay, "held"))
