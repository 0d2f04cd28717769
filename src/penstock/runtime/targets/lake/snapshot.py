"""A version of a lake table, whatever its format: which files it is, and how the next one comes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from penstock.program import Column


@dataclass(frozen=True, slots=True)
class Ages:
    """How old what may be removed has to be.

    Attributes:
        limit: what readers could see until after it stays.
        left_over: what was written before it, and is in no version, is nobody's.
        written: every file below the table → when it was written last.
        noted: files that a killed removal was to delete.
    """

    limit: datetime
    left_over: datetime
    written: dict[str, datetime]
    noted: frozenset[str]


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A data file of a table.

    Attributes:
        path: relative to the table's folder, with forward slashes; elsewhere a whole URL.
        partition: partition column → its value as text, None for NULL.
        layout: which of `Snapshot.layouts` its columns are.
    """

    path: str
    rows: int
    bytes: int
    partition: dict[str, str | None] = field(default_factory=dict)
    layout: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit published. `token` names the run and the target that made it.

    Attributes:
        data: whether it changed the rows that readers see; False: files were written together.
    """

    version: str
    token: str
    key: str
    rows_loaded: int
    files: int
    bytes: int
    committed_at: str
    data: bool = True


@dataclass(frozen=True)
class Snapshot:
    """A version of a table.

    Attributes:
        key: of the run that published it; empty: another program did.
        mode: what the commit was.
        columns: of the table, in order, partition columns included.
        layouts: the different sets of columns that its files hold, partition columns left out;
            empty where the files themselves tell.
    """

    version: str
    key: str
    created_at: str
    mode: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...]
    layouts: tuple[tuple[str, ...], ...]
    files: tuple[LakeFile, ...]

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return sum(f.rows for f in self.files)

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(f.bytes for f in self.files)


@dataclass(frozen=True, slots=True)
class Change:
    """The next version of a table, as the run wants it.

    Attributes:
        rows: that were loaded.
        files: all that the version is, `new` ones among them.
        data: as `Commit.data`.
    """

    token: str
    key: str
    mode: str
    rows: int
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...]
    layouts: tuple[tuple[str, ...], ...]
    files: tuple[LakeFile, ...]
    new: tuple[LakeFile, ...]
    data: bool = True

    def commit(self, version: str, at: str) -> Commit:
        """What is noted of it."""
        return Commit(
            version=version,
            token=self.token,
            key=self.key,
            rows_loaded=self.rows,
            files=len(self.new),
            bytes=sum(f.bytes for f in self.new),
            committed_at=at,
            data=self.data,
        )


def compacted(
    layouts: Iterable[tuple[str, ...]], files: Iterable[LakeFile]
) -> tuple[tuple[tuple[str, ...], ...], tuple[LakeFile, ...]]:
    """Layouts that some file has, each once, and the files numbered accordingly."""
    known = list(layouts)
    kept: dict[tuple[str, ...], int] = {}
    numbered = [
        replace(f, layout=kept.setdefault(known[f.layout], len(kept)) if known else 0)
        for f in sorted(files, key=lambda f: f.path)
    ]
    return tuple(kept), tuple(numbered)
