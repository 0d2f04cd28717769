"""What the run loop asks of a target. One folder of at most three files implements it.

Write, audit, publish. `stage` writes where no reader looks. `commit` makes the rows visible in
one atomic step. Both may be called again with the same key after a run was killed anywhere: the
result is as if they had been called once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Load
    from penstock.runtime.engines.base import Engine


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a target does not do, as a value: diagnostics and the support matrix read it.

    Attributes:
        kind: `notimpl`: Penstock has not built it yet; `notyet`: the format or server cannot yet;
            `never`: it cannot be, for the reason given.
        code: what `penstock explain` explains.
        because: the reason, in the reader's words; completes "… is not available: ".
    """

    kind: Literal["notimpl", "notyet", "never"]
    code: str
    because: str


@dataclass(frozen=True, slots=True)
class TargetCapabilities:
    """What a target can do: the class attribute `capabilities` of its options.

    The compiler asks this object and never branches on a connector's name.

    Attributes:
        modes: the load modes it has; `merge` needs `keys`, `overwrite_partitions` needs
            `partition_by`.
        partition_by: whether its rows can be laid out by the values of columns.
        partition_types: the types such a column may have, by their name without numbers
            (`decimal`, not `decimal(8,2)`).
        formats: every format it knows → None where it writes it, else why it does not.
        history: why older versions cannot be read or restored; None: they can.
        joins: the modes in which what several processes staged of one run can be published as
            one (see `JoiningTarget`).
    """

    modes: tuple[str, ...]
    partition_by: bool = False
    partition_types: frozenset[str] = frozenset()
    formats: Mapping[str, Gap | None] = field(default_factory=dict)
    history: Gap | None = None
    joins: frozenset[str] = frozenset()

    def gap(self, form: str) -> Gap | None:
        """Why a known format cannot be written; None: it can."""
        return self.formats.get(form)

    def partition_column(self, text: str, form: str | None) -> tuple[str, frozenset[str]]:  # noqa: ARG002
        """The column that an entry of `partition_by` means, and the types it may have."""
        return text, self.partition_types

    def remark(self, options: Mapping[str, Any], partition_by: Sequence[str]) -> Gap | None:  # noqa: ARG002
        """What `validate` says of a target that is right, and does less than others do."""
        return None

    def option_columns(
        self,
        options: Mapping[str, Any],  # noqa: ARG002
    ) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Columns of the dataset that the options name: where in them, and the name."""
        return ()


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows written and not yet visible.

    Plain JSON values: it is kept in the ledger, so that a run killed between two commits can
    finish the second without the engine.

    Attributes:
        key: the run's key; a commit happens once for each key.
        rows: the rows of the dataset (not those that a merge had to copy).
        detail: the target's own business; `json.loads(json.dumps(detail)) == detail`.
    """

    target: str
    key: str
    rows: int
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a target that readers see.

    Attributes:
        version: opaque, unique within the target, recorded in the ledger.
        location: where a reader finds it, as the user would name it.
        notes: what the run report should say about it; of the first commit under a key alone.
    """

    rows_loaded: int
    files: int
    bytes: int
    location: str
    version: str
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A version that a target still has.

    Attributes:
        version: what `Published.version` was, and what `relation` and `restore` take.
        published_at: UTC, ISO 8601 with `Z`.
        key: of the run that published it; None: another program did.
        rows: of the whole table at that version; None where only reading it all would tell.
        summary: what the commit did, in a few words (`append`, `restore of 000003-…`).
    """

    version: str
    published_at: str
    key: str | None
    rows: int | None
    files: int
    bytes: int
    summary: str


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What `maintain` is to do.

    Attributes:
        compact: write small files together into larger ones.
        keep_days: what readers saw within this time stays, and the current version always;
            None: all stay. A file that no version names may be one that another writer is about
            to name: it stays for at least a day.
        dry_run: only tell what would be done.
    """

    compact: bool = True
    keep_days: float | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Maintained:
    """What `maintain` did, or would do.

    Attributes:
        version: the version that readers see now.
        versions_removed: those that cannot be read any more.
        files_compacted: small files whose rows are in `files_written` new ones.
        files_removed: files deleted, that no kept version needs; `bytes_removed` is their size.
        metadata_removed: files deleted that only described what is gone.
    """

    version: str | None
    files_compacted: int = 0
    files_written: int = 0
    versions_removed: tuple[str, ...] = ()
    files_removed: int = 0
    bytes_removed: int = 0
    metadata_removed: int = 0


class JoiningTarget(Protocol):
    """What a target has besides, where several processes may stage one run (`joins`).

    Each stages a part under a name that no other try at it has, and one commits them all.
    """

    def joins_now(self) -> bool:
        """Whether parts can be joined as the target is now; else one process stages it all."""

    def stage_part(
        self, engine: Engine, relation: str, key: str, part: str, *, alone: bool
    ) -> Staged:
        """Write the rows of a part, invisible to readers.

        Args:
            part: names this try: letters and digits.
            alone: it is the only part, so that every mode will do.

        Raises:
            LoadFailed: as `stage` does.
            Conflict: old rows would have to be written anew by more than one part.
        """

    def discard_part(self, key: str, part: str) -> None:
        """Remove what a try staged, and nothing else."""

    def join(self, parts: Sequence[Staged]) -> Staged:
        """What `commit` takes, of one try for each part.

        Raises:
            Conflict: another writer moved the target between two of them.
        """


class CommitsByEvent(Protocol):
    """What a target has besides, where a server does the commit and an event tells of its end.

    A caller that is not to wait begins it, and asks what became of it when the event comes; every
    call may be repeated. `commit` is the same with waiting.
    """

    def begin(self, staged: Staged, name: str = "") -> Published | str:
        """Submit the commit.

        Args:
            name: what the event will say; a commit of this name that is under way is not begun
                again. Empty: no event is wanted.

        Returns:
            What it published, if it was done before; else what names the commit under way.

        Raises:
            Conflict: as `commit` does.
            LoadFailed: the server cannot take the rows.
        """

    def completed(self, staged: Staged, statement: str, name: str = "") -> Published | str | None:
        """What became of a commit that `begin` named.

        Returns:
            What it published; the name of another one, that was begun because somebody else
            committed in between; None: it is not over.

        Raises:
            Conflict: another writer moved the target, or what was staged is gone.
            LoadFailed: the server refused the rows; nothing was changed.
        """


class Target(Protocol):
    """Publishes one dataset. Built as `Target(load, root)`."""

    def __init__(self, load: Load, root: Path) -> None: ...

    def stage(self, engine: Engine, relation: str, key: str) -> Staged:
        """Write the rows of `relation` under the run's key, invisible to readers.

        Raises:
            LoadFailed: the rows cannot go there (duplicate merge keys, a type, a full disk).
        """

    def commit(self, staged: Staged) -> Published:
        """Make the staged rows visible, atomically; doing it again changes nothing.

        Raises:
            Conflict: another writer moved the target since `stage`, or the staged files are gone:
                the next run computes the rows anew.
        """

    def abandon(self, key: str) -> None:
        """Remove what a run with this key staged and never committed.

        Never touches what readers see; nothing happens where nothing was staged.
        """

    def holds(self, version: str) -> bool:
        """Whether this version is still what readers see (nobody deleted or replaced it)."""

    def published(self) -> bool:
        """Whether anything was published there that readers see, whatever it is."""

    def relation(self, version: str | None = None) -> str:
        """DuckDB SQL of a FROM item that reads a version (None: the current one).

        Raises:
            SourceUnavailable: nothing was published yet.
        """

    def versions(self) -> list[VersionInfo]:
        """The versions that can still be read, newest first; nothing published: none."""

    def restore(self, version: str, key: str) -> Published:
        """Publish the content of an older version as a new one; the versions between stay.

        Doing it again with the same key changes nothing. `rows_loaded` is the rows of the table.

        Raises:
            LoadFailed: there is no such version any more, or the target keeps none
                (`capabilities.history`).
            Conflict: another writer moved the target meanwhile.
        """

    def maintain(self, engine: Engine, upkeep: Upkeep, key: str) -> Maintained:
        """Write small files together, and delete what only old versions need.

        The rows that readers see stay the same, and so does what `holds` says of the version
        published last. No file goes that a kept version or a run under way needs. Killed anywhere:
        `abandon` with the same key, and then another call finishes it.

        Raises:
            Conflict: another writer moved the target meanwhile; nothing was changed.
        """
