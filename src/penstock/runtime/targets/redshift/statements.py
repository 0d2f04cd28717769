"""The SQL of a commit: one batch, which is one transaction.

    LOCK the marks, and be sure that nobody committed since we looked
    COPY the staged files into a temporary table, and count its rows
    make the table, or give it what it lacks
    MERGE, INSERT, or delete and insert, as the mode says
    note the commit among the marks

Before COPY is done nothing is touched that others read: ALTER TABLE keeps readers waiting until the
transaction ends. TRUNCATE is not used, since it commits.
https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html
https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.errors import LoadFailed
from penstock.runtime.targets import evolution
from penstock.runtime.targets.merging import quote
from penstock.runtime.targets.parquet import text
from penstock.runtime.targets.redshift.column_types import folded, kept, nested, stored, way
from penstock.runtime.targets.redshift.data_api import MOST_BYTES, MOST_STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column, Load
    from penstock.runtime.targets.redshift.catalogue import Catalogue, Seen
    from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

MOVED, ROWS, KEYS = "penstock: moved", "penstock: rows", "penstock: keys"
"""Stand in the statements that fail on purpose, so that a failure tells which it was."""
CODE = "PSK-TGT-145"
_COPIED = quote("penstock_copied")
_ROWS = quote("penstock_rows")
_PARTS = quote("penstock_parts")


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is to be committed.

    Attributes:
        columns: of the dataset.
        manifest: URL of what names the staged files; None: there is no row.
        null_keys: whether a key of a row is NULL.
    """

    columns: tuple[Column, ...]
    mode: str
    rows: int
    files: int
    bytes: int
    manifest: str | None
    null_keys: bool
    token: str
    run_key: str
    published_at: str


class Commit:
    """Writes the statements."""

    def __init__(
        self,
        load: Load,
        options: RedshiftTargetOptions,
        catalogue: Catalogue,
        seen: Seen,
        incoming: Incoming,
    ) -> None:
        self._load = load
        self._options = options
        self._catalogue = catalogue
        self._seen = seen
        self._in = incoming
        self._names = [quote(folded(c.name)) for c in incoming.columns]

    @property
    def version(self) -> str:
        """What the commit will be called."""
        return f"{self._seen.number + 1:06d}-{self._in.token[:8]}"

    def statements(self) -> list[str]:
        """The batch.

        Raises:
            LoadFailed: the table cannot take the rows, or not at once.
        """
        marks = self._catalogue.marks
        last = self._seen.number
        found = [
            f"LOCK {marks}",
            _guard(MOVED, f"coalesce(max(number), 0) = {last}", marks),
            *self._copied(),
            *self._shaped(),
            *self._loaded(),
            self._marked(),
            *(f"DROP TABLE {t}" for t in self._temporary()),
        ]
        if len(found) > MOST_STATEMENTS:
            raise self._too_much(f"{len(found)} statements, and {MOST_STATEMENTS} can be one batch")
        if max(len(s.encode()) for s in found) > MOST_BYTES:
            raise self._too_much(f"a statement is longer than {MOST_BYTES:,} bytes")
        return found

    def _too_much(self, what: str) -> LoadFailed:
        return LoadFailed(
            f"`{self._load.target}` cannot be loaded in one transaction: {what}",
            code=CODE,
            hint="take up fewer new columns at once, or write the table anew with "
            "`mode: overwrite` or `penstock run --full-refresh`",
        )

    # -- the staged rows

    def _copied(self) -> list[str]:
        """The staged files in the table `penstock_rows`, typed as the target keeps them."""
        if self._in.manifest is None:
            return []
        ways = [
            way(c.type, "", name) for c, name in zip(self._in.columns, self._names, strict=True)
        ]
        turned = any(w.loaded for w in ways)
        raw = _COPIED if turned else _ROWS
        columns = ", ".join(f"{n} {w.staged}" for n, w in zip(self._names, ways, strict=True))
        role = self._options.iam_role or "default"
        whose = "default" if role == "default" else text(role)
        source = f"FROM {text(self._in.manifest)} IAM_ROLE {whose}"
        json = " SERIALIZETOJSON" if any(nested(c.type) for c in self._in.columns) else ""
        found = [
            f"CREATE TEMP TABLE {raw} ({columns})",
            f"COPY {raw} {source} FORMAT AS PARQUET MANIFEST{json}",
            _guard(ROWS, f"count(*) = {self._in.rows}", raw),
        ]
        if turned:
            chosen = ", ".join(
                f"{w.loaded} AS {n}" if w.loaded else n
                for n, w in zip(self._names, ways, strict=True)
            )
            found.append(f"CREATE TEMP TABLE {_ROWS} AS SELECT {chosen} FROM {raw}")
        if self._in.mode == "merge":
            keys = self._keys(self._load.keys)
            twice = f"(SELECT 1 AS one FROM {_ROWS} GROUP BY {keys} HAVING count(*) > 1) AS twice"
            found.append(_guard(KEYS, "count(*) = 0", twice))
        return found

    def _temporary(self) -> list[str]:
        if self._in.manifest is None:
            return []
        turned = any(way(c.type, "", "").loaded for c in self._in.columns)
        parts = [_PARTS] if self._replaces_parts else []
        return [*([_COPIED] if turned else []), _ROWS, *parts]

    @property
    def _replaces_parts(self) -> bool:
        return self._in.mode == "overwrite_partitions" and bool(self._seen.columns)

    # -- the table

    def _shaped(self) -> list[str]:
        """Have the table be there, with the columns it needs."""
        incoming = tuple(stored(c) for c in self._in.columns)
        before = self._seen.columns
        table = self._catalogue.table
        if not before:
            return [self._created(incoming)]
        if self._in.mode == "overwrite":
            if sorted(before, key=str) == sorted(incoming, key=str):
                return [f"DELETE FROM {table}"]
            return [f"DROP TABLE {table}", self._created(incoming)]
        fixed = [folded(c) for c in (*self._options.sort_key, self._options.dist_key or "") if c]
        after = evolution.evolve(before, incoming, fixed=fixed, name=self._load.target)
        old = {c.name: c.type for c in before}
        found: list[str] = []
        for column in after:
            name, kind = quote(column.name), kept(column.type)
            if column.name not in old:
                found.append(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
            elif old[column.name] != column.type:
                # ALTER COLUMN TYPE is for VARCHAR only, and not inside a transaction:
                # https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
                wide = quote(f"{column.name}__wide")
                found += [
                    f"ALTER TABLE {table} ADD COLUMN {wide} {kind}",
                    f"UPDATE {table} SET {wide} = {name}",
                    f"ALTER TABLE {table} DROP COLUMN {name}",
                    f"ALTER TABLE {table} RENAME COLUMN {wide} TO {name}",
                ]
        return found

    def _created(self, columns: Sequence[Column]) -> str:
        listed = ", ".join(f"{quote(c.name)} {kept(c.type)}" for c in columns)
        sql = f"CREATE TABLE {self._catalogue.table} ({listed})"
        if self._options.dist_key:
            sql += f" DISTSTYLE KEY DISTKEY ({quote(folded(self._options.dist_key))})"
        if self._options.sort_key:
            sql += f" COMPOUND SORTKEY ({self._keys(self._options.sort_key)})"
        return sql

    # -- the rows

    def _loaded(self) -> list[str]:
        if self._in.manifest is None:
            return []
        table, alias = self._catalogue.table, self._catalogue.alias
        listed = ", ".join(self._names)
        insert = f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {_ROWS}"
        if self._replaces_parts:
            keys = self._load.partition_by
            same = _same(alias, _PARTS, keys)
            return [
                f"CREATE TEMP TABLE {_PARTS} AS SELECT DISTINCT {self._keys(keys)} FROM {_ROWS}",
                f"DELETE FROM {table} USING {_PARTS} WHERE {same}",
                insert,
            ]
        if self._in.mode != "merge" or not self._seen.columns:
            return [insert]
        changed = ", ".join(f"{n} = {_ROWS}.{n}" for n in self._names)
        if self._in.null_keys:
            # MERGE matches by equality, and NULL equals nothing.
            same = _same(alias, _ROWS, self._load.keys)
            return [
                f"UPDATE {table} SET {changed} FROM {_ROWS} WHERE {same}",
                f"DELETE FROM {_ROWS} USING {table} WHERE {same}",
                insert,
            ]
        equal = " AND ".join(
            f"{alias}.{k} = {_ROWS}.{k}" for k in map(quote, map(folded, self._load.keys))
        )
        values = ", ".join(f"{_ROWS}.{n}" for n in self._names)
        merge = (
            f"MERGE INTO {table} USING {_ROWS} ON {equal} WHEN MATCHED THEN UPDATE SET {changed} "
            f"WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({values})"
        )
        return [merge]

    def _marked(self) -> str:
        given = self._in
        values = (
            str(self._seen.number + 1),
            text(self.version),
            text(given.token),
            text(given.run_key),
            text(given.mode),
            str(given.rows),
            str(given.files),
            str(given.bytes),
            "count(*)",
            f"CAST({text(given.published_at)} AS TIMESTAMP)",
        )
        return (
            f"INSERT INTO {self._catalogue.marks} SELECT {', '.join(values)} "
            f"FROM {self._catalogue.table}"
        )

    @staticmethod
    def _keys(names: Sequence[str]) -> str:
        return ", ".join(quote(folded(n)) for n in names)


def _guard(mark: str, condition: str, source: str) -> str:
    """A query that fails, and with it the transaction, unless a condition about all rows holds."""
    return f"SELECT 1 / (CASE WHEN {condition} THEN 1 ELSE 0 END) /* {mark} */ FROM {source}"


def _same(one: str, other: str, names: Sequence[str]) -> str:
    """Condition: equal columns, NULL equal to NULL."""
    each = (quote(folded(n)) for n in names)
    return " AND ".join(
        f"({one}.{n} = {other}.{n} OR ({one}.{n} IS NULL AND {other}.{n} IS NULL))" for n in each
    )
