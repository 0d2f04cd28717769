"""What the run loop asks of a ledger. SQLite locally, DynamoDB on AWS; one contract test.

The ledger is the memory of a pipeline: runs and attempts, what each run read, what it published,
who holds the lock, what became of quarantined rows, and the audit trail, in which each entry
carries the hash of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Status = Literal["running", "succeeded", "failed", "stopped", "interrupted"]
QuarantineState = Literal["held", "replayed", "discarded"]


FaultKind = Literal["changed", "removed", "inserted", "moved"]

DAILY = "daily"
"""The lane of ordinary runs: what they read counts as read."""
BACKFILL = "backfill"
"""The lane of `run --from/--to`: beside the ordinary runs, and leaving their progress alone."""
REPLAY = "replay"
"""The lane of `quarantine replay`: between the ordinary runs, and leaving their progress alone."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. `key` is its identity: (pipeline, program digest, slice, the run before it).

    `status`, `staged`, `report` and the times are those of its latest attempt. Runs of different
    lanes go on side by side; a run that takes over from a dead one does so in its own lane.
    """

    run_id: str
    pipeline: str
    key: str
    program: str
    slice: str
    status: Status
    attempt: int
    started_at: str
    ended_at: str | None = None
    staged: list[dict[str, Any]] | None = None
    report: dict[str, Any] | None = None
    lane: str = DAILY


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a source was read by a column: the highest value, as text of the column's type."""

    column: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What the last succeeded ordinary run read of a source.

    Attributes:
        identity: that of the source's slice: everything it could have read.
        watermark: for a source read by a column; None: it is not, or there was no row yet.
    """

    run_id: str
    identity: str
    watermark: Watermark | None = None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at a run. Attempts count from 1; every one is kept."""

    run_id: str
    number: int
    status: Status
    started_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class Lock:
    """A held lock. `token` grows with every holder (a fencing token)."""

    name: str
    holder: str
    token: int


@dataclass(frozen=True, slots=True)
class Version:
    """A published version of a target."""

    pipeline: str
    target: str
    version: str
    run_id: str
    location: str
    published_at: str
    load: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit trail. `hash` covers every other field, `previous` included."""

    number: int
    at: str
    actor: str
    action: str
    pipeline: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Where the chain breaks, at the entry `number` (0: the trail as a whole).

    `changed`: the entry is not what was written; `removed`: it is gone; `inserted`: it was not
    written by a ledger; `moved`: it was written under another number.
    """

    number: int
    kind: FaultKind
    message: str


class Ledger(Protocol):
    """Every method is one transaction. Times are UTC, ISO 8601 with `Z`, microseconds.

    Order is the order of writing, whatever the clock said. One ledger may be used by several
    threads, and one store by several processes.

    Every method raises LedgerError if the store is damaged or cannot be read or written.
    """

    def close(self) -> None:
        """Free the connection."""

    # -- locks
    def acquire(self, name: str, holder: str, *, lease_seconds: float) -> Lock:
        """Take the lock, or take it over from a holder that is dead or let its lease pass.

        `holder` is `host:pid:start-time`; on this host a dead process is noticed at once, and one
        whose pid was given to another process too. Each taking gives a higher token.

        Raises:
            Conflict: a live holder has it, the same process included (names host, pid and since
                when).
        """

    def renew(self, lock: Lock, *, lease_seconds: float) -> None:
        """Extend the lease. Raises Conflict if the lock was taken over."""

    def release(self, lock: Lock) -> None:
        """Give the lock back; nothing happens if it was taken over."""

    # -- runs
    def begin(
        self,
        run_id: str,
        pipeline: str,
        key: str,
        program: str,
        slice_: str,
        files: Mapping[str, Sequence[tuple[str, str]]],
        *,
        lane: str = DAILY,
        sources: Mapping[str, str] = MappingProxyType({}),
        lock: Lock | None = None,
    ) -> RunRecord:
        """Start a run, or the next attempt at the lane's newest run with this key (same run_id).

        A run that succeeded is never attempted again: then this is a new run. An earlier attempt
        that was still `running` is dead, and recorded as `interrupted`. A new attempt has nothing
        `staged`.

        Args:
            files: dataset → (name, identity) of each file the run reads.
            sources: dataset → identity of what there is to read; see `progress`.
            lock: the lock the caller works under; see `stage`.

        Raises:
            Conflict: `lock` was taken over.
        """

    def attempts(self, run_id: str) -> list[AttemptRecord]:
        """Every attempt at a run, oldest first."""

    def files_read(self, run_id: str) -> dict[str, list[tuple[str, str]]]:
        """Dataset → (name, identity) of each file that a run read, sorted."""

    def seen_files(self, pipeline: str, dataset: str) -> set[tuple[str, str]]:
        """(name, identity) of every file that a succeeded ordinary run has read."""

    def progress(self, pipeline: str) -> dict[str, Progress]:
        """Dataset → what the last succeeded ordinary run that read it has read."""

    def stage(
        self,
        run_id: str,
        staged: list[dict[str, Any]],
        lock: Lock,
        *,
        watermarks: Mapping[str, Watermark] = MappingProxyType({}),
    ) -> None:
        """Record the intent to publish: from here a rerun rolls forward.

        Args:
            watermarks: dataset → how far it is read; `progress` tells once the run succeeded.

        Raises:
            Conflict: `lock` was taken over, or the run has ended already: the caller is a zombie
                and must not publish.
        """

    def finish(
        self,
        run_id: str,
        status: Status,
        report: dict[str, Any],
        versions: Sequence[Version] = (),
        *,
        lock: Lock | None = None,
    ) -> None:
        """Record the end of an attempt and what it published, with one audit entry, atomically.

        Raises:
            Conflict: `lock` was taken over, or the run has ended already.
        """

    def run(self, run_id: str) -> RunRecord | None:
        """A run by its id, or by a prefix of it.

        Raises:
            UsageError: the prefix is that of several runs (names them).
        """

    def runs(self, pipeline: str, *, limit: int = 50) -> list[RunRecord]:
        """Latest first."""

    def last_succeeded(self, pipeline: str, *, lane: str | None = None) -> RunRecord | None:
        """The run that succeeded last, of any lane or of one."""

    def unfinished(self, pipeline: str, *, lane: str | None = None) -> list[RunRecord]:
        """Runs still `running` that recorded their intent to publish, oldest first."""

    # -- published versions
    def current(self, pipeline: str) -> dict[str, Version]:
        """Target → the version published last."""

    def versions(self, pipeline: str, target: str) -> list[Version]:
        """Latest first."""

    # -- quarantine (only what differs from `held` is kept here; the rows are in files)
    def quarantine_states(self, pipeline: str) -> dict[str, QuarantineState]:
        """Replay key → state, for rows no longer held."""

    def set_quarantine_state(
        self, pipeline: str, keys: Iterable[str], state: QuarantineState, *, actor: str, reason: str
    ) -> None:
        """Change the state of rows, with one audit entry."""

    # -- audit
    def append_audit(
        self, actor: str, action: str, pipeline: str, subject: str, detail: dict[str, Any]
    ) -> AuditEntry:
        """Add an entry."""

    def audit(self, *, limit: int | None = None) -> list[AuditEntry]:
        """Oldest first; with a limit, the newest of them."""

    def verify_audit(self) -> list[AuditFault]:
        """Every place where the chain does not hold; empty: it holds."""
