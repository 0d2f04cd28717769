"""Where the current metadata of an Iceberg table is noted.

On this machine a SQLite catalog inside the table's folder; in a bucket one object that is
swapped by compare-and-swap, since nothing else there is shared by every writer.
"""

from __future__ import annotations

import json
import sqlite3
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LoadFailed
from penstock.runtime.targets.lake.place import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.storage import Store
    from penstock.runtime.targets.lake.place import Place

NAMESPACE = "lake"
CATALOG = f"{FOLDER}/catalog.sqlite"
POINTER = f"{FOLDER}/catalog.json"
LOCKED_SECONDS = 30.0
"""How long to wait for a catalog that another program has locked."""


def identifier(place: Place) -> tuple[str, str]:
    """What the table is called in its catalog: the name of its folder."""
    return NAMESPACE, place.url.rstrip("/").rpartition("/")[2]


def open_catalog(place: Place, *, create: bool) -> Any:
    """The catalog of a table; None: there is none yet.

    Raises:
        LoadFailed: it is gone, and the table's metadata is not.
    """
    store = place.store
    if store is not None:
        return _remote()("penstock", store, s3_properties())
    path = place.folder / CATALOG
    if not path.exists():
        metadata = place.folder / "metadata"
        if metadata.is_dir() and any(metadata.glob("*.metadata.json")):
            raise LoadFailed(
                f"the catalog {place.shown}/{CATALOG} is gone, and the table's metadata is not",
                code="PSK-TGT-104",
                hint="put the catalog back from a backup; which metadata file is the current one "
                "is noted nowhere else",
            )
        if not create:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
    from pyiceberg.catalog.sql import SqlCatalog
    from sqlalchemy.exc import DatabaseError
    from sqlalchemy.pool import NullPool

    try:
        catalog = SqlCatalog("penstock", uri=f"sqlite:///{path}", warehouse=str(place.folder))
    except DatabaseError as error:
        _tell(error.orig, place.shown)
        raise
    # No connection is kept: the file is closed after each use.
    catalog.engine.dispose()
    catalog.engine = _engine(path, NullPool, place.shown)
    if not catalog.namespace_exists(NAMESPACE):
        catalog.create_namespace(NAMESPACE)
    return catalog


def _engine(path: Path, pool: Any, shown: str) -> Any:
    """Of a catalog's file; another program may have it locked, as long as it reads there."""
    from sqlalchemy import create_engine, event

    wait = {"timeout": LOCKED_SECONDS}
    engine = create_engine(f"sqlite:///{path}", poolclass=pool, connect_args=wait)

    event.listen(engine, "handle_error", lambda c: _tell(c.original_exception, shown))
    return engine


def _tell(error: BaseException | None, shown: str) -> None:
    """Say in words what is wrong with the file, where it is the file."""
    if "locked" in str(error):
        raise Conflict(
            f"another program has locked the catalog {shown}/{CATALOG}",
            hint="run again when it has ended, or has closed its connection",
        ) from error
    if type(error) is sqlite3.DatabaseError:  # its subclasses tell of statements
        raise LoadFailed(
            f"the catalog {shown}/{CATALOG} is damaged: {error}",
            code="PSK-TGT-104",
            hint="put it back from a backup",
        ) from error


def s3_properties() -> dict[str, str]:
    """What pyiceberg is told of S3."""
    from penstock.runtime.storage.s3_client import settings

    chosen = settings()
    names = {
        "access_key_id": "s3.access-key-id",
        "secret_access_key": "s3.secret-access-key",
        "session_token": "s3.session-token",
    }
    found = {names[k]: str(v) for k, v in chosen.keys.items() if k in names}
    found["s3.region"] = chosen.region
    if chosen.endpoint:
        found["s3.endpoint"] = chosen.endpoint
    return found


@cache
def _remote() -> Any:
    """The catalog of tables in buckets; a class, made when pyiceberg is there."""
    from pyiceberg.catalog import MetastoreCatalog
    from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
    from pyiceberg.serializers import FromInputFile
    from pyiceberg.table import CommitTableResponse, Table

    class PointerCatalog(MetastoreCatalog):
        """One table; `_penstock/catalog.json` says which metadata is its current one."""

        def __init__(self, name: str, store: Store, properties: dict[str, str]) -> None:
            super().__init__(name, **properties)
            self._store = store

        def load_table(self, identifier: Any) -> Any:
            head = self._store.head(POINTER)
            if head is None:
                raise NoSuchTableError(f"no table {identifier}")
            location = json.loads(self._store.read(POINTER))["metadata_location"]
            io = self._load_file_io(location=location)
            metadata = FromInputFile.table_metadata(io.new_input(location))
            return Table(self.identifier_to_tuple(identifier), metadata, location, io, self)

        def commit_table(self, table: Any, requirements: Any, updates: Any) -> Any:
            head = self._store.head(POINTER)
            current = self.load_table(table.name()) if head else None
            staged = self._update_and_stage_table(current, table.name(), requirements, updates)
            self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
            pointer = {"metadata_location": staged.metadata_location}
            data = (json.dumps(pointer) + "\n").encode()
            if head is None:
                swapped = self._store.put_if_absent(POINTER, data)
            else:
                swapped = self._store.replace_if(POINTER, data, head.identity or "")
            if not swapped:
                raise CommitFailedException("another writer was first")
            found: Any = {
                "metadata": staged.metadata,
                "metadata_location": staged.metadata_location,
            }
            return CommitTableResponse(**found)

    def refused(self: Any, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("this catalog holds one table")

    for name in MetastoreCatalog.__abstractmethods__ - set(vars(PointerCatalog)):
        setattr(PointerCatalog, name, refused)
    PointerCatalog.__abstractmethods__ = frozenset()
    return PointerCatalog
