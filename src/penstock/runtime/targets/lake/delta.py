"""The log of Delta tables: read by deltalake, written as one new file that must not be there yet.

The data files come from the engine, as for every format. A commit is `_delta_log/N.json`, put
where no N.json is: of two writers one is refused, and looks again. The run's token is in it as
an application transaction, so that a commit that was made is found again.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed, MissingExtra
from penstock.runtime.storage import open_store
from penstock.runtime.targets.clock import as_text, utc_now
from penstock.runtime.targets.evolution import evolve
from penstock.runtime.targets.lake import delta_types
from penstock.runtime.targets.lake.delta_actions import APP, commit_lines, decoded
from penstock.runtime.targets.lake.snapshot import Commit, LakeFile, Snapshot
from penstock.runtime.targets.parquet import scan_named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from penstock.program import Column
    from penstock.runtime.targets.lake.options import LakeTargetOptions
    from penstock.runtime.targets.lake.place import Place
    from penstock.runtime.targets.lake.snapshot import Ages, Change

_READS = frozenset({"timestampNtz", "vacuumProtocolCheck"})
_WRITES = _READS | {"appendOnly", "invariants"}
_CHECKPOINT_EVERY = 10
_PAUSES = (0.1, 0.3, 1.0)
"""Seconds before a broken answer is asked for again."""
_BROKEN = "error reading a body"
_SAME_ROWS = frozenset({"OPTIMIZE", "VACUUM START", "VACUUM END", "CHECKPOINT"})


@dataclass(frozen=True)
class DeltaSnapshot(Snapshot):
    """A version of a Delta table.

    Attributes:
        number: which; Delta counts from 0.
    """

    number: int


class DeltaLog:
    """The versions of a Delta table, as deltalake reads them.

    Raises:
        MissingExtra: deltalake is not installed.
    """

    marker = "_delta_log"
    rewrites_wider = True  # Delta's type widening is a feature that most readers lack
    data_folder = ""
    forgets = False
    fate = ""

    def __init__(self, options: LakeTargetOptions, place: Place, name: str) -> None:  # noqa: ARG002
        try:
            import deltalake
        except ImportError as error:
            raise MissingExtra("deltalake", "delta", wanted_by="`format: delta`") from error
        self._lake: Any = deltalake
        self._place = place
        self._name = name
        self._store = place.store or open_store(place.url, Path("/"))
        self._table: Any = None

    def prepare(self) -> None:
        """Make sure that the table is one that may be written.

        Raises:
            LoadFailed: it uses features of Delta that Penstock does not know.
        """
        table = self._latest()
        if table is None:
            return
        self._refuse_unknown(table, _WRITES, "writer_features", "min_writer_version", 2)
        schema = table.schema().to_json()
        told = [f"column `{c}`" for c in delta_types.unwritable(schema)]
        settings = table.metadata().configuration
        told += [k for k in settings if k.startswith("delta.constraints.")]
        if settings.get("delta.appendOnly", "").lower() == "true":
            told.append("delta.appendOnly")
        if told:
            raise self._unknown(", ".join(told))

    def current(self) -> DeltaSnapshot | None:
        """What readers see."""
        table = self._latest()
        return None if table is None else self._snapshot(table)

    def at(self, version: str) -> DeltaSnapshot | None:
        """A version by its number."""
        latest = self._latest()
        if latest is None or not version.isdecimal() or int(version) > latest.version():
            return None
        if int(version) == latest.version():
            return self.current()
        table = self._open(int(version))
        return None if table is None else self._snapshot(table)

    def all(self) -> list[Snapshot]:
        """Every version whose files are there, newest first."""
        current = self.current()
        if current is None:
            return []
        sizes = self._place.sizes()
        found: list[Snapshot] = [current]
        for number in range(current.number - 1, -1, -1):
            old = self.at(str(number))
            if old is None:
                break  # the log was cleaned up to here
            if all(sizes.get(f.path) == f.bytes for f in old.files):
                found.append(old)
        return found

    def done(self, token: str) -> Commit | None:
        """The commit with this token, if it was made."""
        table = self._latest()
        number = None if table is None else table.transaction_version(APP + token)
        if number is None:
            return None
        noted = (self._commit_info(int(number)) or {}).get("penstock") or {}
        return Commit(
            version=str(number),
            token=token,
            key=noted.get("key", ""),
            rows_loaded=noted.get("rows", 0),
            files=noted.get("files", 0),
            bytes=noted.get("bytes", 0),
            committed_at=noted.get("at", ""),
        )

    def publish(self, base: Snapshot | None, change: Change) -> Commit | None:
        """Put the next file of the log."""
        assert base is None or isinstance(base, DeltaSnapshot)
        self._refuse_empty_keys(change)
        number = base.number + 1 if base else 0
        table = self._table if base else None
        lines = commit_lines(
            base,
            change,
            number,
            protocol=table.protocol() if table else None,
            metadata=table.metadata() if table else None,
        )
        if not self._store.put_if_absent(_log_file(number), lines):
            return None
        if number and number % _CHECKPOINT_EVERY == 0 and (latest := self._latest()):
            # Only makes reading faster; the next tenth commit tries again.
            with suppress(self._lake.exceptions.DeltaError, OSError):
                latest.create_checkpoint()
        return change.commit(str(number), utc_now())

    def holds(self, version: str) -> bool:
        """Whether nothing but the layout of files was changed since that version."""
        table = self._latest()
        if table is None or not version.isdecimal() or int(version) > table.version():
            return False
        since = range(table.version(), int(version), -1)
        return all((self._commit_info(n) or {}).get("operation") in _SAME_ROWS for n in since)

    def foreign(self, current: Snapshot) -> list[str]:
        """What other programs did here since Penstock's last commit."""
        assert isinstance(current, DeltaSnapshot)
        found = []
        for number in range(current.number, -1, -1):
            info = self._commit_info(number)
            if info is None or "penstock" in info:
                break  # the log was cleaned up to here, or Penstock wrote it
            what = str(info.get("operation", "unknown")).lower()
            found.append(f"another program wrote version {number} ({what})")
        return found

    def discard(self, token: str, version: str | None) -> None:
        """Nothing: a commit is one file, there or not."""

    def pinned(self) -> tuple[set[str], set[str]]:
        """None: there are no others."""
        return set(), set()

    def expire(self, versions: Sequence[str]) -> None:
        """Nothing: Delta's log has its own retention; a version without its files is none."""

    def superfluous(self, ages: Ages, gone: Collection[str]) -> set[str]:  # noqa: ARG002
        """None: Delta's log has its own retention."""
        return set()

    def stored(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """A time of day and JSON are text."""
        return delta_types.stored(columns)

    def evolve(
        self, table: Sequence[Column], incoming: Sequence[Column], *, fixed: Sequence[str]
    ) -> tuple[Column, ...]:
        """By name; types may grow, and then every file is written anew."""
        return evolve(table, incoming, fixed=fixed, name=self._name)

    def field_ids(self, base: Snapshot | None, columns: Sequence[Column]) -> Any:  # noqa: ARG002
        """Columns are known by their names."""
        return None

    def scan(
        self,
        snapshot: Snapshot,
        files: Sequence[LakeFile],
        columns: Sequence[Column],
        file_column: str | None = None,
    ) -> str:
        """The files, their partition columns from the log."""
        local = [(str(self._place.local(f)), f.partition) for f in files]
        return scan_named(
            local, columns, partition_by=snapshot.partition_by, file_column=file_column
        )

    # -- deltalake

    def _latest(self) -> Any:
        if self._table is None:
            self._table = self._open(None)
        else:
            self._patiently(self._table.update_incremental)
        return self._table

    def _patiently(self, read: Callable[[], Any]) -> Any:
        """Read the log, again where a connection broke in the middle of an answer.

        deltalake asks again for an answer that it does not get, and not for the rest of one.
        """
        for pause in _PAUSES:
            try:
                return read()
            except (self._lake.exceptions.DeltaError, OSError) as error:
                if _BROKEN not in str(error):
                    raise
            time.sleep(pause)
        return read()

    def _open(self, version: int | None) -> Any:
        if version is None and not any(
            e.path.endswith(".json") for e in self._store.list("_delta_log")
        ):
            return None
        errors = self._lake.exceptions
        try:
            table = self._patiently(
                lambda: self._lake.DeltaTable(
                    self._place.url, version=version, storage_options=self._storage()
                )
            )
        except (errors.TableNotFoundError, FileNotFoundError):
            return None
        except (errors.DeltaError, OSError, ValueError) as error:
            if version is not None and not isinstance(error, OSError):
                return None  # the log was cleaned up to a later one
            raise LoadFailed(
                f"the Delta table {self._place.shown} cannot be read: {error}", code="PSK-TGT-104"
            ) from error
        self._refuse_unknown(table, _READS, "reader_features", "min_reader_version", 1)
        return table

    def _storage(self) -> dict[str, str] | None:
        if self._place.store is None:
            return None
        from penstock.runtime.storage.s3_client import settings

        chosen = settings()
        found = {f"aws_{k}": str(v) for k, v in chosen.keys.items()}
        found["aws_region"] = chosen.region
        if chosen.endpoint:
            found["aws_endpoint"] = chosen.endpoint
            found["aws_allow_http"] = str(chosen.endpoint.startswith("http://")).lower()
        return found

    def _snapshot(self, table: Any) -> DeltaSnapshot:
        import pyarrow as pa

        metadata = table.metadata()
        rows = pa.table(table.get_add_actions()).to_pylist()
        keys = tuple(metadata.partition_columns)
        files = tuple(self._file(r, keys) for r in rows)
        info = self._commit_info(table.version()) or {}
        noted = info.get("penstock") or {}
        when = info.get("timestamp")
        return DeltaSnapshot(
            version=str(table.version()),
            key=noted.get("key", ""),
            created_at=as_text(datetime.fromtimestamp((when or 0) / 1000, UTC)),
            mode=noted.get("mode") or str(info.get("operation", "unknown")).lower(),
            columns=delta_types.columns_of(table.schema().to_json(), self._place.shown),
            partition_by=keys,
            layouts=(),
            files=files,
            number=table.version(),
        )

    def _file(self, row: dict[str, Any], keys: tuple[str, ...]) -> LakeFile:
        values = row.get("partition") or {}
        partition = {k: _text(values.get(k)) for k in keys}
        file = LakeFile(decoded(row["path"]), row["num_records"] or 0, row["size_bytes"], partition)
        if row["num_records"] is not None:
            return file
        import pyarrow.parquet as pq

        return replace(file, rows=pq.read_metadata(self._place.local(file)).num_rows)

    def _commit_info(self, number: int) -> dict[str, Any] | None:
        """What a commit says of itself; None: its file is gone.

        deltalake's own `history` keeps Python's lock while it waits for a bucket, so that the
        thread which renews the run's lease could not.
        """
        path = _log_file(number)
        if self._store.head(path) is None:
            return None
        for line in self._store.read(path).splitlines():
            info = json.loads(line).get("commitInfo")
            if info is not None:
                found: dict[str, Any] = info
                return found
        return {}

    # -- refusals

    def _refuse_unknown(
        self, table: Any, known: frozenset[str], features: str, least: str, plain: int
    ) -> None:
        protocol = table.protocol()
        named = getattr(protocol, features)
        if named is None and getattr(protocol, least) > plain:
            raise self._unknown(f"{least} {getattr(protocol, least)}")
        if more := sorted(set(named or ()) - known):
            raise self._unknown(", ".join(more))

    def _unknown(self, what: str) -> LoadFailed:
        return LoadFailed(
            f"the Delta table {self._place.shown} uses what Penstock does not know: {what}",
            code="PSK-TGT-112",
            hint="`penstock explain PSK-TGT-112`",
        )

    def _refuse_empty_keys(self, change: Change) -> None:
        for file in change.new:
            empty = [k for k, v in file.partition.items() if v == ""]
            if empty:
                raise LoadFailed(
                    f"target `{self._name}` cannot be written: `{empty[0]}` is an empty text in "
                    "some rows, which Delta cannot tell from NULL in a partition column",
                    code="PSK-TGT-105",
                    hint="fill it with a word, or partition by another column",
                )


def _log_file(number: int) -> str:
    return f"_delta_log/{number:020d}.json"


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
