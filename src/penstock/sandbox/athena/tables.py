"""Tables of the Glue catalog as relations of DuckDB."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from penstock.sandbox.athena.partitions import partitions
from penstock.sandbox.athena.refusal import QueryError, TooMuch, unknown
from penstock.sandbox.athena.types import duckdb_type, fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from penstock.sandbox.athena.cloud import Cloud

SYMLINKS = "SymlinkTextInputFormat"
_PARQUET, _ORC = "ParquetHiveSerDe", "OrcSerde"


class Tables:
    """Makes relations for one query, and counts the bytes it reads.

    Args:
        folder: for copies of files.
        limit: bytes that may be read; None: any number.
    """

    def __init__(self, cloud: Cloud, connection: Any, folder: Path, limit: int | None) -> None:
        self._cloud = cloud
        self._connection = connection
        self._folder = folder
        self._limit = limit
        self.scanned = 0

    def make(self, name: str, database: str, table: str) -> dict[str, str]:
        """Make the relation `name`; gives its columns and their types.

        Raises:
            QueryError: there is no such table, or a file is not of its columns.
            TooMuch: it is larger than the limit.
        """
        found = self._found(database, table)
        told = found.get("Parameters", {})
        if told.get("table_type", "").upper() == "ICEBERG":
            return self._iceberg(name, told["metadata_location"])
        storage = found["StorageDescriptor"]
        columns = {c["Name"]: duckdb_type(c["Type"]) for c in storage["Columns"]}
        keys = {c["Name"]: duckdb_type(c["Type"]) for c in found.get("PartitionKeys", ())}
        serde = str(storage.get("SerdeInfo", {}).get("SerializationLibrary", ""))
        if not serde.endswith((_PARQUET, _ORC)):
            raise unknown(f"tables with the SerDe {serde or 'of a view'}")
        queries = [_empty(columns, keys)]
        for folder, values in partitions(self._cloud, found):
            fixed = [
                f"CAST({_text(v)} AS {kind}) AS {_name(k)}"
                for (k, kind), v in zip(keys.items(), values, strict=True)
            ]
            queries += [
                self._read(url, columns, fixed, orc=serde.endswith(_ORC))
                for url in self._files(folder, storage)
            ]
        self._connection.execute(f"CREATE VIEW {_name(name)} AS " + " UNION ALL ".join(queries))
        return columns | keys

    def _found(self, database: str, table: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            told = self._cloud.client("glue").get_table(DatabaseName=database, Name=table)
        except ClientError as error:
            raise QueryError(
                f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{table}' does not exist"
            ) from error
        return dict(told["Table"])

    def _files(self, folder: str, storage: Mapping[str, Any]) -> Iterable[str]:
        there = [u for u in self._cloud.objects(folder) if not _hidden(u, folder)]
        if not str(storage.get("InputFormat", "")).endswith(SYMLINKS):
            return there
        # Each object there is a list of files.
        lines = (self._cloud.read(u).decode().splitlines() for u in there)
        return [url.strip() for found in lines for url in found if url.strip()]

    def _read(self, url: str, columns: Mapping[str, str], fixed: list[str], *, orc: bool) -> str:
        path = self._fetched(url, orc=orc)
        source = f"read_parquet({_text(str(path))}, hive_partitioning = false)"
        found = {
            row[0].lower(): (row[0], row[1])
            for row in self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        }
        chosen = []
        for column, kind in columns.items():
            if column not in found:
                chosen.append(f"CAST(NULL AS {kind}) AS {_name(column)}")
                continue
            there, held = found[column]
            if not fits(held, kind):
                raise QueryError(
                    f"HIVE_BAD_DATA: Field {column}'s type {held} in file {url} is incompatible "
                    f"with type {kind} defined in table schema"
                )
            utc = " AT TIME ZONE 'UTC'" if held == "TIMESTAMP WITH TIME ZONE" else ""
            chosen.append(f"CAST({_name(there)}{utc} AS {kind}) AS {_name(column)}")
        return f"SELECT {', '.join([*chosen, *fixed])} FROM {source}"

    def _fetched(self, url: str, *, orc: bool) -> Path:
        path = self._folder / hashlib.sha256(url.encode()).hexdigest()[:32]
        self._count(self._cloud.fetch(url, path))
        if not orc:
            return path
        import pyarrow.orc as po
        import pyarrow.parquet as pq

        made = path.with_suffix(".parquet")
        pq.write_table(po.read_table(path), made)
        return made

    def _iceberg(self, name: str, location: str) -> dict[str, str]:
        try:
            from pyiceberg.table import StaticTable
        except ImportError as error:
            raise unknown("Iceberg tables without the Python package pyiceberg") from error
        given = {
            "s3.endpoint": self._cloud.url,
            "s3.region": self._cloud.region,
            "s3.access-key-id": "sandbox",
            "s3.secret-access-key": "sandbox",
        }
        table: Any = StaticTable.from_metadata(location, given)
        for task in table.scan().plan_files():
            self._count(task.file.file_size_in_bytes)
        self._connection.register(f"{name}__arrow", table.scan().to_arrow())
        self._connection.execute(
            f"CREATE VIEW {_name(name)} AS SELECT * FROM {_name(name + '__arrow')}"
        )
        told = self._connection.execute(f"DESCRIBE SELECT * FROM {_name(name)}").fetchall()
        return {row[0]: row[1] for row in told}

    def _count(self, size: int) -> None:
        self.scanned += size
        if self._limit is not None and self.scanned > self._limit:
            raise TooMuch


def _empty(columns: Mapping[str, str], keys: Mapping[str, str]) -> str:
    each = ", ".join(f"CAST(NULL AS {k}) AS {_name(n)}" for n, k in {**columns, **keys}.items())
    return f"SELECT {each} WHERE false"


def _hidden(url: str, folder: str) -> bool:
    """Athena passes over what begins with `_` or `.`."""
    return any(p.startswith(("_", ".")) for p in url.removeprefix(folder).split("/"))


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
