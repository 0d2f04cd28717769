"""Where a table notes its versions: one log for each format, from a literal table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from penstock.runtime import registry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from penstock.program import Column
    from penstock.runtime.targets.lake.options import LakeTargetOptions
    from penstock.runtime.targets.lake.place import Place
    from penstock.runtime.targets.lake.snapshot import Ages, Change, Commit, LakeFile, Snapshot

LOGS = {
    "parquet": "penstock.runtime.targets.lake.manifest_log:ManifestLog",
    "orc": "penstock.runtime.targets.lake.manifest_log:ManifestLog",
    "delta": "penstock.runtime.targets.lake.delta:DeltaLog",
    "iceberg": "penstock.runtime.targets.lake.iceberg:IcebergLog",
}


class Log(Protocol):
    """The versions of one table in the way of its format.

    Attributes:
        marker: the name at the top of the table that tells the format.
        rewrites_wider: whether files with a narrower type have to be written anew when a
            column's type grows.
        data_folder: where data files go, below the table.
        forgets: whether `expire` takes versions out of the log; where it does not, a version is
            gone once one of its files is.
        fate: what becomes of other programs' writing, where that is the same for every mode.
    """

    marker: str
    rewrites_wider: bool
    data_folder: str
    forgets: bool
    fate: str

    def prepare(self) -> None:
        """Make sure that a table can be written here."""

    def current(self) -> Snapshot | None:
        """What readers see; None: nothing was published yet."""

    def at(self, version: str) -> Snapshot | None:
        """A version by its name; None: there is none any more."""

    def all(self) -> list[Snapshot]:
        """Every version, newest first."""

    def done(self, token: str) -> Commit | None:
        """The commit with this token, if it was made."""

    def publish(self, base: Snapshot | None, change: Change) -> Commit | None:
        """Make a version the one that readers see, in one step; None: another was first."""

    def holds(self, version: str) -> bool:
        """Whether nothing but the layout of files was changed since that version."""

    def foreign(self, current: Snapshot) -> list[str]:
        """What other programs did here since Penstock's last commit, in words, newest first."""

    def discard(self, token: str, version: str | None) -> None:
        """Remove what a killed commit with this token left in the log."""

    def pinned(self) -> tuple[set[str], set[str]]:
        """Versions that must stay, and the files of versions that `all` does not give.

        Another program may keep versions beside those that led to the current one (branches,
        tags), or mark some as to be kept.
        """

    def expire(self, versions: Sequence[str]) -> None:
        """Forget versions; the current one is never among them."""

    def superfluous(self, ages: Ages, gone: Collection[str]) -> set[str]:
        """Files of the log itself that nobody needs once some versions are gone."""

    def stored(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """The columns with the types that the format has for them."""

    def evolve(
        self, table: Sequence[Column], incoming: Sequence[Column], *, fixed: Sequence[str]
    ) -> tuple[Column, ...]:
        """The table's columns once it holds the incoming rows too."""

    def field_ids(self, base: Snapshot | None, columns: Sequence[Column]) -> Any:
        """What identifies columns inside the files; None: their names."""

    def scan(
        self,
        snapshot: Snapshot,
        files: Sequence[LakeFile],
        columns: Sequence[Column],
        file_column: str | None = None,
    ) -> str:
        """FROM item: the rows of some files of a version as these columns."""


def open_log(options: LakeTargetOptions, place: Place, name: str) -> Log:
    """The log of a table. Nothing is read yet."""
    made: Log = registry.load(LOGS[options.format])(options, place, name)
    return made
