"""Tables of plain files in the Glue Data Catalog.

Files of older versions stay in the table's folders, so that Athena must not read what it finds
there. Each partition has one object that names its files (the table's input format is Hive's
SymlinkTextInputFormat), and replacing that object is how a partition gets other rows.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-athena-query.html
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LoadFailed
from penstock.runtime import aws
from penstock.runtime.targets.athena import projection
from penstock.runtime.targets.athena.glue_types import glue_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.program import Column
    from penstock.runtime.targets.athena.options import AthenaTargetOptions
    from penstock.runtime.targets.lake.place import Place
    from penstock.runtime.targets.lake.snapshot import LakeFile, Snapshot

WHAT = "the Glue Data Catalog"
CODE = "PSK-TGT-150"
FOLDER = "_symlink_format_manifest"
INDEX = "_penstock/athena.json"
VERSION = "penstock.version"
NULL = "__HIVE_DEFAULT_PARTITION__"
# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html and its like.
MOST_CREATED = 100
MOST_DELETED = 25
_SERDES = {
    "parquet": ("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", {}),
    # Athena reads ORC by the places of columns unless it is told to go by their names:
    # https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
    "orc": (
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
        {"orc.column.index.access": "false"},
    ),
}


class Catalogue:
    """One table of plain files."""

    def __init__(self, options: AthenaTargetOptions, place: Place, target: str) -> None:
        assert place.store is not None
        self._options = options
        self._place = place
        self._store = place.store
        self._target = target
        self._made: Any = None

    @property
    def _glue(self) -> Any:
        if self._made is None:
            region = self._options.region
            self._made = aws.client("glue", region=region, wanted_by="an `athena` target")
        return self._made

    # -- the table as it is

    def refuse_foreign(self) -> None:
        """Make sure that the table is ours, or that there is none.

        Raises:
            LoadFailed: another program made it, or the database is not there.
        """
        table = self._table()
        if table is None:
            try:
                aws.call(WHAT, self._glue.get_database, Name=self._options.database)
            except aws.Refused as error:
                if not aws.is_missing(error):
                    raise
                raise LoadFailed(
                    f"the catalog has no database `{self._options.database}`",
                    code=CODE,
                    hint="name one that is there, or make it: "
                    "`aws glue create-database --database-input Name=…`",
                ) from error
        elif VERSION not in table.get("Parameters", {}):
            raise LoadFailed(
                f"the catalog's table `{self._options.database}.{self._options.table}` was made "
                "by another program",
                code=CODE,
                hint="name another table, or drop that one",
            )

    def version(self) -> str | None:
        """The version that the catalog shows, whole."""
        table = self._table()
        return table["Parameters"].get(VERSION) or None if table else None

    def _table(self) -> dict[str, Any] | None:
        where = {"DatabaseName": self._options.database, "Name": self._options.table}
        try:
            found = aws.call(WHAT, self._glue.get_table, **where)
        except aws.Refused as error:
            if aws.is_missing(error):
                return None
            raise
        return dict(found["Table"])

    # -- publishing

    def publish(self, snapshot: Snapshot) -> None:
        """Have Athena read the files of a version. Doing it again finishes what was begun.

        Raises:
            Conflict: somebody changed the table meanwhile.
        """
        self.refuse_foreign()
        columns = self._columns(snapshot)
        table = self._fitting(snapshot, columns)
        before = self._index()
        after = dict(self._folders(snapshot))
        digests = {f: _digest(columns, files) for f, (_, files) in after.items()}
        changed = [f for f in after if before.get(f) != digests[f]]
        for folder in changed:
            text = "".join(f"{self._url(file)}\n" for file in after[folder][1])
            self._store.put(_manifest(folder), text.encode())
        if snapshot.partition_by and not self._options.partition_projection:
            self._partitions(columns, {f: after[f][0] for f in changed}, before)
        gone = [f for f in before if f not in after]
        if snapshot.partition_by and not self._options.partition_projection:
            self._drop(gone)
        self._store.delete([_manifest(f) for f in gone])
        self._update(table, self._input(snapshot, columns, version=snapshot.version))
        self._store.put(INDEX, json.dumps(digests, sort_keys=True).encode())

    def _fitting(self, snapshot: Snapshot, columns: Sequence[dict[str, str]]) -> dict[str, Any]:
        """The table as it is, made or made anew where its partitions are others."""
        table = self._table()
        wanted = self._input(snapshot, columns, version="")
        if table is not None and table.get("PartitionKeys", []) != wanted["PartitionKeys"]:
            where = {"DatabaseName": self._options.database, "Name": self._options.table}
            aws.call(WHAT, self._glue.delete_table, **where)
            self._store.delete([e.path for e in self._store.list(FOLDER)] + [INDEX])
            table = None
        if table is None:
            self._store.delete([INDEX])  # of a table that was dropped
            database = self._options.database
            aws.call(WHAT, self._glue.create_table, DatabaseName=database, TableInput=wanted)
            table = self._table()
            assert table is not None
        return table

    def _input(
        self, snapshot: Snapshot, columns: Sequence[dict[str, str]], *, version: str
    ) -> dict[str, Any]:
        parts = set(snapshot.partition_by)
        names = [p.lower() for p in snapshot.partition_by]
        told = {"EXTERNAL": "TRUE", "classification": self._options.format, VERSION: version}
        if self._options.partition_projection and names:
            kinds = {c.name.lower(): c.type for c in snapshot.columns if c.name in parts}
            found = [{k.lower(): v for k, v in f.partition.items()} for f in snapshot.files]
            told |= projection.properties(names, kinds, found, self._location())
        return {
            "Name": self._options.table,
            "Description": f"target `{self._target}` of Penstock",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": told,
            "PartitionKeys": [c for c in columns if c["Name"] in names],
            "StorageDescriptor": self._storage([c for c in columns if c["Name"] not in names], ""),
        }

    def _storage(self, columns: Sequence[dict[str, str]], folder: str) -> dict[str, Any]:
        serde, parameters = _SERDES[self._options.format]
        return {
            "Columns": list(columns),
            "Location": self._location(folder),
            "InputFormat": "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": {"serialization.format": "1", **parameters},
            },
        }

    def _update(self, table: dict[str, Any], wanted: dict[str, Any]) -> None:
        try:
            aws.call(
                WHAT,
                self._glue.update_table,
                DatabaseName=self._options.database,
                TableInput=wanted,
                SkipArchive=True,
                VersionId=table.get("VersionId", "0"),
            )
        except aws.Refused as error:
            if error.error not in {"ConcurrentModification", "VersionMismatch"}:
                raise
            raise Conflict(
                f"another writer changed the catalog's table `{self._options.table}`: "
                f"{error.message}",
                hint="run again: it starts from what is there now",
            ) from error

    # -- partitions

    def _partitions(
        self,
        columns: Sequence[dict[str, str]],
        changed: dict[str, list[str]],
        before: dict[str, str],
    ) -> None:
        """Note new partitions, and the columns of those whose files changed."""
        keys = {p for folder in changed for p in _keys(folder)}
        inside = [c for c in columns if c["Name"] not in keys]
        where = {"DatabaseName": self._options.database, "TableName": self._options.table}
        inputs = {
            folder: {"Values": values, "StorageDescriptor": self._storage(inside, folder)}
            for folder, values in changed.items()
        }
        again: list[dict[str, Any]] = []
        made = [i for f, i in inputs.items() if f not in before]
        for batch in _batches(made, MOST_CREATED):
            told = aws.call(
                WHAT, self._glue.batch_create_partition, **where, PartitionInputList=batch
            )
            there = _there(told)
            again += [i for i in batch if i["Values"] in there]
        kept = [*again, *(i for f, i in inputs.items() if f in before)]
        for batch in _batches(kept, MOST_CREATED):
            entries = [{"PartitionValueList": i["Values"], "PartitionInput": i} for i in batch]
            told = aws.call(WHAT, self._glue.batch_update_partition, **where, Entries=entries)
            _refuse_errors(told)

    def _drop(self, folders: Sequence[str]) -> None:
        where = {"DatabaseName": self._options.database, "TableName": self._options.table}
        for batch in _batches([{"Values": list(_keys(f).values())} for f in folders], MOST_DELETED):
            told = aws.call(
                WHAT, self._glue.batch_delete_partition, **where, PartitionsToDelete=batch
            )
            _refuse_errors(told, but="EntityNotFoundException")

    # -- small things

    def _columns(self, snapshot: Snapshot) -> list[dict[str, str]]:
        """In the order of the table, partition columns last, as the catalog has them."""
        parts = list(snapshot.partition_by)
        by_name: dict[str, Column] = {c.name: c for c in snapshot.columns}
        ordered = [c for c in snapshot.columns if c.name not in parts]
        ordered += [by_name[p] for p in parts]
        return [{"Name": c.name.lower(), "Type": glue_type(c.type, c.name)} for c in ordered]

    def _folders(self, snapshot: Snapshot) -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
        """Folder below the table → the values that its name says, and the files in it."""
        found: dict[str, tuple[list[str], list[str]]] = {}
        if not snapshot.partition_by:
            found[""] = ([], [])
        for file in snapshot.files:
            folder = file.path.rpartition("/")[0] if snapshot.partition_by else ""
            values = [_text(file, p) for p in snapshot.partition_by]
            found.setdefault(folder, (values, []))[1].append(file.path)
        return iter(sorted(found.items()))

    def _index(self) -> dict[str, str]:
        """Folder → digest of what was published for it last."""
        if self._store.head(INDEX) is None:
            return {}
        return dict(json.loads(self._store.read(INDEX)))

    def _url(self, path: str) -> str:
        return path if "://" in path else f"{self._place.url}/{path}"

    def _location(self, folder: str = "") -> str:
        return "/".join(filter(None, (self._place.url, FOLDER, folder)))


def _manifest(folder: str) -> str:
    return "/".join(filter(None, (FOLDER, folder, "manifest")))


def _digest(columns: Sequence[dict[str, str]], found: Sequence[str]) -> str:
    told = json.dumps([list(columns), list(found)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _text(file: LakeFile, column: str) -> str:
    value = file.partition[column]
    return NULL if value is None else value


def _keys(folder: str) -> dict[str, str]:
    from urllib.parse import unquote

    found = {}
    for part in folder.split("/"):
        name, _, value = part.partition("=")
        found[unquote(name).lower()] = unquote(value)
    return found


def _batches(items: Sequence[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), most):
        yield list(items[start : start + most])


def _there(told: dict[str, Any]) -> list[list[str]]:
    """The partitions that were there already: a killed run made them."""
    _refuse_errors(told, but="AlreadyExistsException")
    return [e["PartitionValues"] for e in told.get("Errors", ())]


def _refuse_errors(told: dict[str, Any], *, but: str = "") -> None:
    for error in told.get("Errors", ()):
        about = error.get("ErrorDetail", {})
        if about.get("ErrorCode") != but:
            raise aws.Refused(WHAT, about.get("ErrorCode", ""), about.get("ErrorMessage", ""))
