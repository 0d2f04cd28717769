"""What the run loop asks of an engine. One folder implements it for each engine.

An engine holds named relations for the length of one run, in a working area of its own: nothing
that it does is visible outside until a target commits the files it wrote. It is called from
several threads at once (independent datasets run side by side) and must allow that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Column


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of a slice.

    Attributes:
        path: local path or URL the engine can open.
        name: the path as the user knows it, relative to the pipeline folder where it can be.
        size: bytes.
        identity: changes when the content changes (size, time, and a hash of samples).
    """

    path: str
    name: str
    size: int
    identity: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read.

    Attributes:
        file: `InputFile.name`.
        line: first line of the record, from 1; None where the format has no lines.
        column: the column it failed on, if one is known.
        reason: why, in the reader's words.
        raw: the raw text.
    """

    file: str
    line: int | None
    column: str | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """What reading a source gave: rows_in = rows_out + rejected; rows_out are in the relation.

    Attributes:
        files: where this machine has the files that were read, if not where the slice says.
        headers: file's name → its header as text, of files with rejected records.
    """

    rows_in: int
    rows_out: int
    bytes: int
    rejected: Sequence[Rejected] = ()
    files: Sequence[InputFile] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How files are read or written.

    Attributes:
        name: `csv`, `ndjson`, `parquet`.
        options: the format's options as the pipeline file gives them (delimiter, null_values, …).
        compression: None: from the file's suffix when reading, the format's default when writing.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    compression: str | None = None


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """Files to write.

    Attributes:
        folder: an existing folder; the engine creates partition folders `key=value` below it
            (Hive naming; partition columns are not repeated inside the files).
        stem: file names start with it: unique to the run, so that no two runs share a name.
        single: exactly one file `folder/stem.<suffix>`, even for no rows.
        file_size: bytes a file should not pass by much; None: the engine's choice.
        field_ids: Parquet: column → its id, or for a nested one a mapping with the ids of what
            is in it (its own under `""`); None: columns have none.
    """

    folder: Path
    stem: str
    format: FileFormat
    partition_by: tuple[str, ...] = ()
    single: bool = False
    file_size: int | None = None
    field_ids: Any = None
    order_by: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file an engine wrote. `partition` maps partition column → its text, None for NULL."""

    path: Path
    rows: int
    bytes: int
    partition: Mapping[str, str | None] = field(default_factory=dict)


class Projection(str):
    """SQL of a query that only chooses columns of a relation and names them.

    An engine runs it like any other text, or sees what it is and does without SQL.

    Attributes:
        relation: where the rows are.
        columns: name of each column there, and its name in the result.

    >>> print(Projection("t", [("a", "b")]))
    SELECT "a" AS "b" FROM "t"
    """

    __slots__ = ("columns", "relation")

    relation: str
    columns: tuple[tuple[str, str], ...]

    def __new__(cls, relation: str, columns: Iterable[tuple[str, str]]) -> Self:
        """The text, from its parts."""
        chosen = tuple(columns)
        items = ", ".join(f"{_quoted(name)} AS {_quoted(alias)}" for name, alias in chosen)
        made = super().__new__(cls, f"SELECT {items} FROM {_quoted(relation)}")
        made.relation, made.columns = relation, chosen
        return made


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Transformer(Protocol):
    """Where an engine has the statements of a Program run, if not in itself.

    A database or a cluster beside the engine: it takes in relations, makes others with SQL of its
    own dialect, and gives them back. What it does besides (rules, in its own SQL) it says with
    `has`; everything else is the engine's.
    """

    lazy: bool
    """`give` waits until somebody asks for the rows: what is read once need not be kept."""

    def has(self, relation: str) -> bool:
        """Whether rules over this relation are evaluated here, where the Program says how."""

    def take(self, relations: Sequence[str]) -> None:
        """Have the rows of these relations of the engine."""

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of `sql`, over what was taken or made."""

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query as plain Python values, for counts."""

    def give(self, relation: str, schema: Sequence[Column]) -> None:
        """Make the rows of `relation` a relation of the engine, typed as `schema`.

        At once, or when the engine is first asked for them.
        """


class Engine(Protocol):
    """Runs SQL in its own dialect over named relations."""

    name: str
    transformer: Transformer | None
    """Where statements run; None: here."""
    work: Path
    """The run's working folder; gone after it."""
    threads: int
    """How many it works with; so many datasets at most are made side by side."""

    def close(self) -> None:
        """Free everything, working files too. Safe to call twice."""

    def interrupt(self) -> None:
        """Make running queries stop with `Interrupted`. Called from a signal handler's thread."""

    def read_files(
        self,
        relation: str,
        files: Sequence[InputFile],
        fmt: FileFormat,
        schema: Sequence[Column],
        *,
        evolution: str,
        keep: bool,
    ) -> Extracted:
        """Make `relation` of the files, typed as `schema`.

        Records that cannot be read are in `Extracted.rejected`; none is dropped in silence.

        Args:
            keep: the rows are read more than once, or must be counted: hold them.

        Raises:
            SourceUnavailable: a file is gone or cannot be opened.
            StepFailed: a file as a whole is not what it should be (names the file).
        """

    def ingest(self, relation: str, batches: Iterable[Any], schema: Sequence[Column]) -> int:
        """Make `relation` of Arrow record batches (from a source or a Python step).

        Returns:
            Rows taken in.

        Raises:
            StepFailed: a batch's columns or types are not those of `schema` (names them).
        """

    def create(self, relation: str, sql: str, *, materialize: bool) -> None:
        """Make `relation` the rows of `sql`; kept if `materialize`, else computed when read."""

    def drop(self, relation: str) -> None:
        """Free a relation that nothing reads any more."""

    def count(self, relation: str) -> int:
        """Rows of a relation."""

    def rows(self, sql: str, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The rows of a query as plain Python values, for counts, checks and samples."""

    def batches(self, relation: str) -> Iterator[Any]:
        """A relation as Arrow record batches, streamed."""

    def write_files(self, sql: str, spec: WriteSpec) -> list[DataFile]:
        """Write the rows of a query to files, flushed to disk."""

    def progress(self) -> Callable[[], Mapping[str, float]] | None:
        """Relation → share done (0 to 1) of what runs now; None where it cannot be known."""

    def row_as_json(self, alias: str) -> str:
        """SQL expression, text: the row of the relation aliased `alias`, as a JSON object."""
