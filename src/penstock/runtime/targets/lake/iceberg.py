"""The log of Iceberg tables, through pyiceberg.

The data files come from the engine with the columns' field ids; a commit is one snapshot that
names them and drops those they replace. The run's token is in the snapshot's summary, so that a
commit that was made is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed, MissingExtra
from penstock.runtime.targets.clock import as_text
from penstock.runtime.targets.evolution import evolve
from penstock.runtime.targets.lake import iceberg_metadata, iceberg_types
from penstock.runtime.targets.lake.iceberg_catalog import identifier, open_catalog
from penstock.runtime.targets.lake.iceberg_files import data_file, without_deleted
from penstock.runtime.targets.lake.iceberg_schema import updated_schema, updated_spec
from penstock.runtime.targets.lake.snapshot import Commit, LakeFile, Snapshot
from penstock.runtime.targets.parquet import scan_named

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from penstock.program import Column
    from penstock.runtime.targets.lake.options import LakeTargetOptions
    from penstock.runtime.targets.lake.place import Place
    from penstock.runtime.targets.lake.snapshot import Ages, Change

_PROPERTIES = {"format-version": "2", "write.parquet.compression-codec": "zstd"}
_RETRIES = "commit.retry.num-retries"


@dataclass(frozen=True)
class IcebergSnapshot(Snapshot):
    """A version of an Iceberg table.

    Attributes:
        table: as it was read.
        entries: path → what the snapshot notes of the file.
        cleaned: path → a copy on this machine without the rows that were deleted since.
    """

    table: Any
    entries: dict[str, Any]
    cleaned: dict[str, Path]


class IcebergLog:
    """The versions of an Iceberg table.

    Raises:
        MissingExtra: pyiceberg is not installed.
    """

    marker = "metadata"
    rewrites_wider = False
    data_folder = "data"
    forgets = True
    fate = ""

    def __init__(self, options: LakeTargetOptions, place: Place, name: str) -> None:  # noqa: ARG002
        try:
            import pyiceberg.catalog.sql
            import pyiceberg.io.pyarrow  # noqa: F401
        except ImportError as error:
            raise MissingExtra("pyiceberg", "iceberg", wanted_by="`format: iceberg`") from error
        self._place = place
        self._name = name

    def prepare(self) -> None:
        """Make sure that the table is one that may be written.

        Raises:
            LoadFailed: it has columns of types that Penstock does not write.
        """
        table = self._table()
        if table is not None and (told := iceberg_types.unwritable(table.schema())):
            raise self._unknown(", ".join(f"column `{c}`" for c in told))

    def current(self) -> IcebergSnapshot | None:
        """What readers see."""
        table = self._table()
        return None if table is None else self._snapshot(table, table.current_snapshot())

    def at(self, version: str) -> IcebergSnapshot | None:
        """A version by its snapshot's id."""
        table = self._table()
        if table is None or not version.isdecimal():
            return None
        found = table.metadata.snapshot_by_id(int(version))
        return None if found is None else self._snapshot(table, found)

    def all(self) -> list[Snapshot]:
        """Every snapshot that led to the current one, newest first."""
        table = self._table()
        if table is None:
            return []
        return [self._snapshot(table, s) for s in _ancestors(table)]

    def done(self, token: str) -> Commit | None:
        """The commit with this token, if it was made."""
        table = self._table()
        for snapshot in _ancestors(table) if table is not None else ():
            noted = _noted(snapshot)
            if noted.get("token") == token:
                return Commit(
                    version=str(snapshot.snapshot_id),
                    token=token,
                    key=noted["key"],
                    rows_loaded=int(noted["rows"]),
                    files=int(noted["files"]),
                    bytes=int(noted["bytes"]),
                    committed_at=_when(snapshot),
                )
        return None

    def publish(self, base: Snapshot | None, change: Change) -> Commit | None:
        """Commit a snapshot."""
        assert base is None or isinstance(base, IcebergSnapshot)
        from pyiceberg.exceptions import (
            CommitFailedException,
            TableAlreadyExistsError,
            ValidationException,
        )

        summary = {
            "penstock.token": change.token,
            "penstock.key": change.key,
            "penstock.mode": change.mode,
            "penstock.rows": str(change.rows),
            "penstock.files": str(len(change.new)),
            "penstock.bytes": str(sum(f.bytes for f in change.new)),
            "penstock.data": str(change.data).lower(),
        }
        if base is not None and not change.data:
            before = _noted(base.table.current_snapshot()).get("same")
            summary["penstock.same"] = ",".join(filter(None, (before, base.version)))
        try:
            return self._commit(base, change, summary)
        except (CommitFailedException, TableAlreadyExistsError, ValidationException):
            return None

    def _commit(
        self, base: IcebergSnapshot | None, change: Change, summary: dict[str, str]
    ) -> Commit:
        if base is None:
            catalog = self._catalog(create=True)
            schema = iceberg_types.new_schema(change.columns)
            transaction = catalog.create_table_transaction(
                self._identifier,
                schema,
                location=self._place.url,
                partition_spec=iceberg_types.new_spec(change.partition_by, schema),
                properties=_PROPERTIES,
            )
        else:
            # Whether to try again is decided where it is known what was read.
            base.table.metadata.properties[_RETRIES] = "0"
            transaction = base.table.transaction()
            updated_schema(transaction, base.columns, change.columns)
            updated_spec(transaction, base.partition_by, change.partition_by)
        before = base.entries if base else {}
        after = {f.path: f for f in change.files}
        added = [self._entry(transaction, f, change) for p, f in after.items() if p not in before]
        removed = [e for p, e in before.items() if p not in after]
        update = transaction.update_snapshot(snapshot_properties=summary)
        with update.overwrite() if removed else update.fast_append() as producer:
            for entry in removed:
                producer.delete_data_file(entry)
            for entry in added:
                producer.append_data_file(entry)
        done = transaction.commit_transaction().current_snapshot()
        return change.commit(str(done.snapshot_id), _when(done))

    def _entry(self, transaction: Any, file: LakeFile, change: Change) -> Any:
        if change.mode.startswith("restore of "):
            old = self.at(change.mode.removeprefix("restore of "))
            if old is None or old.cleaned:
                raise self._unknown("rows that were deleted without writing their files anew")
            return old.entries[file.path]
        url = f"{self._place.url}/{file.path}"
        return data_file(
            transaction._table.io,  # noqa: SLF001  # it has no public name for it
            transaction.table_metadata,
            url,
            file,
            change,
        )

    def holds(self, version: str) -> bool:
        """Whether nothing but the layout of files was changed since that version."""
        table = self._table()
        for snapshot in _ancestors(table) if table is not None else ():
            noted = _noted(snapshot)
            # A version whose files were written together since may have been expired.
            if version in (str(snapshot.snapshot_id), *noted.get("same", "").split(",")):
                return True
            replaced = snapshot.summary is not None and snapshot.summary.operation == "replace"
            if not replaced and noted.get("data") != "false":
                return False
        return False

    def foreign(self, current: Snapshot) -> list[str]:
        """What other programs did here since Penstock's last commit."""
        assert isinstance(current, IcebergSnapshot)
        found = []
        for snapshot in _ancestors(current.table):
            if "token" in _noted(snapshot):
                break
            what = snapshot.summary.operation.value if snapshot.summary else "unknown"
            found.append(f"another program wrote version {snapshot.snapshot_id} ({what})")
        return found

    def discard(self, token: str, version: str | None) -> None:
        """Nothing: a commit that was cut off left no trace that a reader follows."""

    def pinned(self) -> tuple[set[str], set[str]]:
        """What branches and tags name, and the files of snapshots that did not lead here."""
        table = self._table()
        if table is None:
            return set(), set()
        line = {s.snapshot_id for s in _ancestors(table)}
        other = [s for s in table.metadata.snapshots if s.snapshot_id not in line]
        files = {f.path for s in other for f in self._snapshot(table, s).files}
        return {str(r.snapshot_id) for r in table.metadata.refs.values()}, files

    def expire(self, versions: Sequence[str]) -> None:
        """Forget snapshots."""
        table = self._table()
        if table is not None and versions:
            update = table.maintenance.expire_snapshots()
            for version in versions:
                update = update.by_id(int(version))
            update.commit()

    def superfluous(self, ages: Ages, gone: Collection[str]) -> set[str]:
        """Metadata that was replaced long ago, and what lists the files of such snapshots."""
        return iceberg_metadata.superfluous(self._table(), self._relative, ages, gone)

    def stored(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """JSON is text, a small integer an integer."""
        return iceberg_types.stored(columns)

    def evolve(
        self, table: Sequence[Column], incoming: Sequence[Column], *, fixed: Sequence[str]
    ) -> tuple[Column, ...]:
        """By name; types grow as Iceberg lets them."""
        found = evolve(table, incoming, fixed=fixed, name=self._name)
        iceberg_types.refuse_growth(table, found, self._name)
        return found

    def field_ids(self, base: Snapshot | None, columns: Sequence[Column]) -> Any:
        """The ids that the columns have, or will have by the commit."""
        if base is None:
            return iceberg_types.field_ids(iceberg_types.new_schema(columns))
        assert isinstance(base, IcebergSnapshot)
        transaction = base.table.transaction()
        updated_schema(transaction, base.columns, columns)
        return iceberg_types.field_ids(transaction.table_metadata.schema())

    def scan(
        self,
        snapshot: Snapshot,
        files: Sequence[LakeFile],
        columns: Sequence[Column],
        file_column: str | None = None,
    ) -> str:
        """The files, columns by their ids."""
        assert isinstance(snapshot, IcebergSnapshot)
        schema = snapshot.table.schema()
        known = {f.name: f.field_id for f in schema.fields}
        # A column that the next commit adds has no id yet: none that a file has.
        ids = {c.name: known.get(c.name, 10**9 + i) for i, c in enumerate(columns)}
        local = [
            (str(snapshot.cleaned.get(f.path) or self._place.local(f)), f.partition) for f in files
        ]
        return scan_named(local, columns, ids=ids, file_column=file_column)

    # -- pyiceberg

    @property
    def _identifier(self) -> tuple[str, str]:
        """What the table is called in its catalog."""
        return identifier(self._place)

    def _catalog(self, *, create: bool) -> Any:
        """Where its current metadata is noted; None: there is no table yet."""
        return open_catalog(self._place, create=create)

    def _table(self) -> Any:
        from pyiceberg.exceptions import NoSuchTableError

        catalog = self._catalog(create=False)
        if catalog is None:
            return None
        try:
            return catalog.load_table(self._identifier)
        except NoSuchTableError:
            return None
        except OSError as error:
            raise LoadFailed(
                f"the Iceberg table {self._place.shown} cannot be read: {error}",
                code="PSK-TGT-104",
            ) from error

    def _snapshot(self, table: Any, snapshot: Any) -> IcebergSnapshot:
        schema = table.schema()
        specs = {i: iceberg_types.terms_of(s, schema) for i, s in table.specs().items()}
        entries: dict[str, Any] = {}
        cleaned: dict[str, Path] = {}
        files = []
        id_ = snapshot.snapshot_id if snapshot else 0
        for task in table.scan(snapshot_id=id_).plan_files() if snapshot else ():
            entry = task.file
            path = self._relative(entry.file_path)
            entries[path] = entry
            rows = entry.record_count
            if task.delete_files:
                cleaned[path] = without_deleted(table, id_, task, self._cache())
                rows = _rows_of(cleaned[path])
            terms = specs[entry.spec_id]
            partition = {t: iceberg_types.partition_text(entry.partition[i])
                         for i, t in enumerate(terms)}  # fmt: skip
            files.append(LakeFile(path, rows, entry.file_size_in_bytes, partition))
        noted = _noted(snapshot) if snapshot else {}
        mode = str(snapshot.summary.operation.value) if snapshot and snapshot.summary else "create"
        return IcebergSnapshot(
            version=str(id_),
            key=noted.get("key", ""),
            created_at=_when(snapshot) if snapshot else "",
            mode=noted.get("mode") or mode,
            columns=self._columns(table, snapshot),
            partition_by=specs[table.metadata.default_spec_id],
            layouts=(),
            files=tuple(sorted(files, key=lambda f: f.path)),
            table=table,
            entries=entries,
            cleaned=cleaned,
        )

    def _columns(self, table: Any, snapshot: Any) -> tuple[Column, ...]:
        current = table.current_snapshot()
        schema = table.schema()
        if snapshot and current and snapshot.snapshot_id != current.snapshot_id:
            schema = table.schemas().get(snapshot.schema_id, schema)
        return iceberg_types.columns_of(schema, self._place.shown)

    def _cache(self) -> Path:
        return self._place.cache / "deleted"

    def _relative(self, path: str) -> str:
        if path.startswith("file:"):
            path = "/" + path.removeprefix("file:").lstrip("/")
        return path.removeprefix(f"{self._place.url}/")

    def _unknown(self, what: str) -> LoadFailed:
        return LoadFailed(
            f"the Iceberg table {self._place.shown} uses what Penstock does not know: {what}",
            code="PSK-TGT-112",
            hint="`penstock explain PSK-TGT-112`",
        )


def _ancestors(table: Any) -> Any:
    from pyiceberg.table.snapshots import ancestors_of

    return ancestors_of(table.current_snapshot(), table.metadata)


def _noted(snapshot: Any) -> dict[str, str]:
    """What Penstock noted in a snapshot's summary."""
    summary = snapshot.summary
    more = summary.additional_properties if summary else {}
    return {k.removeprefix("penstock."): v for k, v in more.items() if k.startswith("penstock.")}


def _when(snapshot: Any) -> str:
    return as_text(datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC))


def _rows_of(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)
