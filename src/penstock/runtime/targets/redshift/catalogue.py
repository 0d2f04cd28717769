"""What is in the warehouse: the table's columns, and the commits noted beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed
from penstock.runtime.targets.base import Published, VersionInfo
from penstock.runtime.targets.merging import quote
from penstock.runtime.targets.parquet import text
from penstock.runtime.targets.redshift.column_types import folded, from_catalogue

if TYPE_CHECKING:
    from penstock.program import Column
    from penstock.runtime.targets.redshift.data_api import DataApi
    from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

MARKS = "__penstock"
_FIELDS = (
    "number",
    "version",
    "token",
    "run_key",
    "mode",
    "rows_loaded",
    "files",
    "bytes",
    "table_rows",
    "published_at",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A commit, as the table of marks has it.

    Attributes:
        number: counts the commits from 1.
        table_rows: of the whole table after it.
        published_at: UTC, as Redshift writes it.
    """

    number: int
    version: str
    token: str
    run_key: str
    mode: str
    rows_loaded: int
    files: int
    bytes: int
    table_rows: int
    published_at: str

    def published(self, location: str) -> Published:
        """What the run report says of it."""
        return Published(self.rows_loaded, self.files, self.bytes, location, self.version)

    def info(self) -> VersionInfo:
        """What `versions` says of it."""
        when = self.published_at.replace(" ", "T")
        return VersionInfo(
            version=self.version,
            published_at=when if when.endswith("Z") else f"{when}Z",
            key=self.run_key,
            rows=self.table_rows,
            files=self.files,
            bytes=self.bytes,
            summary=self.mode,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """The warehouse at one moment.

    Attributes:
        columns: of the table; empty: there is none.
        marked: whether the table of marks is there.
        last: the newest commit.
        mine: the commit of the run that asks.
    """

    columns: tuple[Column, ...]
    marked: bool
    last: Mark | None
    mine: Mark | None

    @property
    def number(self) -> int:
        """Of the newest commit; 0: there was none."""
        return self.last.number if self.last else 0


class Catalogue:
    """Names of the table and its marks, and what is known of them."""

    def __init__(self, api: DataApi, options: RedshiftTargetOptions) -> None:
        self._api = api
        self._schema = folded(options.schema_name)
        self._table = folded(options.table)
        self.table = f"{quote(self._schema)}.{quote(self._table)}"
        self.alias = quote(self._table)
        self.marks = f"{quote(self._schema)}.{quote(self._table + MARKS)}"

    def seen(self, token: str = "") -> Seen:
        """What is there now.

        Raises:
            LoadFailed: Redshift cannot be asked, or a column is of a type that is not known.
        """
        found = self._described()
        columns = tuple(from_catalogue(*row[1:]) for row in found if row[0] == self._table)
        if all(row[0] == self._table for row in found):
            return Seen(columns, marked=False, last=None, mine=None)
        fields = ", ".join(_FIELDS[:-1]) + ", CAST(published_at AS VARCHAR(40))"
        marks = [
            Mark(*row)
            for row in self._api.rows(
                f"SELECT {fields} FROM {self.marks} WHERE token = {text(token)} OR number = "
                f"(SELECT max(number) FROM {self.marks}) ORDER BY number"
            )
        ]
        mine = [m for m in marks if m.token == token]
        last = marks[-1] if marks else None
        # After the marks: a commit in between has a newer mark, at which ours would begin anew.
        found = self._described()
        columns = tuple(from_catalogue(*row[1:]) for row in found if row[0] == self._table)
        return Seen(columns, marked=True, last=last, mine=mine[0] if mine else None)

    def _described(self) -> list[Any]:
        """Table, column and type of every column of the table and of its marks."""
        names = (self._table, self._table + MARKS)
        return self._api.rows(
            "SELECT table_name, column_name, data_type, numeric_precision, numeric_scale "
            f"FROM svv_columns WHERE table_schema = {text(self._schema)} AND table_name IN "
            f"({text(names[0])}, {text(names[1])}) ORDER BY table_name, ordinal_position"
        )

    def prepare(self, seen: Seen) -> None:
        """Make the table of marks, if it is not there: a commit begins by locking it."""
        if seen.marked:
            return
        try:
            self._api.run(
                f"CREATE TABLE IF NOT EXISTS {self.marks} (number BIGINT NOT NULL, version "
                "VARCHAR(64) NOT NULL, token VARCHAR(64) NOT NULL, run_key VARCHAR(256), mode "
                "VARCHAR(32), rows_loaded BIGINT, files BIGINT, bytes BIGINT, table_rows BIGINT, "
                "published_at TIMESTAMP)"
            )
        except LoadFailed:  # another run may have made it at this very moment
            if not self.seen().marked:
                raise

    def count(self) -> int:
        """The rows of the table."""
        return int(self._api.rows(f"SELECT count(*) FROM {self.table}")[0][0])
