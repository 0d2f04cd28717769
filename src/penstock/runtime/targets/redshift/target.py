"""The `redshift` target: staged as Parquet on S3, published by one transaction of the warehouse.

The transaction notes the run's key in the table of marks. Whoever does not know whether a commit
went through looks there: doing it again changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LoadFailed, SourceUnavailable
from penstock.program import Column
from penstock.runtime.targets import merging
from penstock.runtime.targets.base import Maintained, Published, Staged
from penstock.runtime.targets.clock import utc_now
from penstock.runtime.targets.merging import quote
from penstock.runtime.targets.redshift import statements
from penstock.runtime.targets.redshift.catalogue import Catalogue, Seen
from penstock.runtime.targets.redshift.column_types import folded
from penstock.runtime.targets.redshift.data_api import DataApi, State, refused
from penstock.runtime.targets.redshift.options import HISTORY_GAP, RedshiftTargetOptions
from penstock.runtime.targets.redshift.reading import fetched
from penstock.runtime.targets.redshift.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Load
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.targets.base import Upkeep, VersionInfo

# Others that commit between our looking and our locking make us look again.
_TRIES = 50
# How Redshift names transactions that cannot stand beside each other:
# https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
_COLLIDED = ("1023", "serializ", "deadlock", "concurrent", "conflict")


class RedshiftTarget:
    """A table of a warehouse. It is asked through the Data API alone."""

    def __init__(self, load: Load, root: Path) -> None:
        self._options = RedshiftTargetOptions(**load.options)
        self._load = load
        self._root = root
        self._api = DataApi(self._options)
        self._catalogue = Catalogue(self._api, self._options)
        self._staging = Staging(load, self._options, root)

    # -- writing

    def stage(self, engine: Engine, relation: str, key: str) -> Staged:
        """Write the rows to S3."""
        token = self._token(key)
        seen = self._looked(token)
        if seen.mine is not None:
            return self._committed(key, seen)
        self._staging.remove(token)
        return self._stage(engine, relation, key, "all", seen)

    def commit(self, staged: Staged) -> Published:
        """Load the staged rows, and wait for the end."""
        found: Published | str = self.begin(staged)
        for _ in range(_TRIES):
            if isinstance(found, Published):
                return found
            self._api.ended(found)
            found = self.completed(staged, found) or found
        if isinstance(found, Published):
            return found
        raise self._moved("others kept on writing")

    def abandon(self, key: str) -> None:
        """Remove the staged files of a run."""
        self._staging.remove(self._token(key))

    # -- by event

    def begin(self, staged: Staged, name: str = "") -> Published | str:
        """Submit the transaction, unless it was done, or one of this name is under way."""
        token = self._token(staged.key)
        seen = self._looked(token)
        if seen.mine is not None:
            self._staging.remove(token)
            return seen.mine.published(self._options.location)
        if "committed" in staged.detail:
            raise self._moved("it was put back to an older state")
        if name and (known := self._api.under_way(name)) is not None:
            return known
        commit = self._commit(staged, seen, token)
        return self._api.submit(commit.statements(), name=name, event=bool(name))

    def completed(self, staged: Staged, statement: str, name: str = "") -> Published | str | None:
        """What became of a submitted transaction."""
        state = self._api.state(statement)
        if not state.over:
            return None
        token = self._token(staged.key)
        seen = self._looked(token)
        if seen.mine is not None:  # a lost answer, or another loader was faster
            self._staging.remove(token)
            return seen.mine.published(self._options.location)
        if statements.MOVED in state.failed or state.status == "FINISHED":
            return self.begin(staged, name)
        self._staging.manifest(token, staged.detail["files"])  # a file may be gone: a Conflict
        raise self._failed(state)

    def _failed(self, state: State) -> LoadFailed | Conflict:
        target = self._load.target
        if statements.ROWS in state.failed:
            return refused(self._options.location, "COPY did not take as many rows as were staged")
        if statements.KEYS in state.failed:
            return LoadFailed(
                f"target `{target}` merges by {', '.join(self._load.keys)}, and some of these keys "
                "occur more than once in the rows of this run",
                code="PSK-TGT-101",
                hint="add a `deduplicate` step, or the column that tells such rows apart to `keys`",
            )
        if any(word in state.error.casefold() for word in _COLLIDED):
            return self._moved(state.error)
        return refused(self._options.location, state.error or state.status)

    # -- in parts

    def joins_now(self) -> bool:
        """Parts can always be joined: the table's rows are changed by the commit alone."""
        return True

    def stage_part(
        self,
        engine: Engine,
        relation: str,
        key: str,
        part: str,
        *,
        alone: bool,  # noqa: ARG002  # the protocol's
    ) -> Staged:
        """Write the rows of a part to S3."""
        seen = self._looked(self._token(key))
        if seen.mine is not None:
            return self._committed(key, seen)
        return self._stage(engine, relation, key, part, seen)

    def discard_part(self, key: str, part: str) -> None:
        """Remove the files of a try."""
        self._staging.remove(self._token(key), part)

    def join(self, parts: Sequence[Staged]) -> Staged:
        """The files of all parts."""
        for staged in parts:
            if "committed" in staged.detail:
                return staged
        if self._load.mode.startswith("overwrite") and len({p.detail["base"] for p in parts}) > 1:
            raise self._moved("a part of this run saw another version than the others")
        files = [f for p in parts for f in p.detail["files"]]
        null_keys = any(p.detail["null_keys"] for p in parts)
        detail = {**parts[0].detail, "files": files, "null_keys": null_keys}
        return replace(parts[0], rows=sum(p.rows for p in parts), detail=detail)

    # -- reading

    def holds(self, version: str) -> bool:
        """Whether the newest commit is this one, and the table has as many rows as it left."""
        seen = self._looked("")
        if not seen.columns or seen.last is None or seen.last.version != version:
            return False
        return self._catalogue.count() == seen.last.table_rows

    def published(self) -> bool:
        """Whether the table is there and has a commit of ours."""
        return bool(self.versions())

    def relation(self, version: str | None = None) -> str:
        """A FROM item over the rows as they are now."""
        seen = self._looked("")
        last = seen.last
        if not seen.columns or last is None or version not in {None, last.version}:
            where = self._options.location
            raise SourceUnavailable(
                f"{where} has no version {version}; {HISTORY_GAP.because}"
                if version
                else f"nothing was published to {where} yet",
                code="PSK-TGT-106",
                hint="`penstock run` publishes",
            )
        name = hashlib.sha256(self._options.location.encode()).hexdigest()[:16]
        file = self._root.absolute() / ".penstock" / "cache" / "redshift" / f"{name}.ndjson"
        count = self._catalogue.count()
        table = self._catalogue.table
        return fetched(self._api, table, seen.columns, self._load.schema, count, file)

    def versions(self) -> list[VersionInfo]:
        """The newest commit."""
        seen = self._looked("")
        return [seen.last.info()] if seen.last and seen.columns else []

    def restore(self, version: str, key: str) -> Published:  # noqa: ARG002  # the protocol's
        """Not possible: the table is as it is.

        Raises:
            LoadFailed: always.
        """
        raise LoadFailed(
            f"{self._options.location} cannot be put back to version {version}: "
            f"{HISTORY_GAP.because}",
            code=HISTORY_GAP.code,
            hint="publish to a `lake` target beside it, which keeps versions",
        )

    def maintain(self, engine: Engine, upkeep: Upkeep, key: str) -> Maintained:  # noqa: ARG002
        """Nothing to do: Redshift sorts and cleans its tables by itself."""
        last = self._looked("").last
        return Maintained(last.version if last else None)

    # -- small things

    def _looked(self, token: str) -> Seen:
        return self._catalogue.seen(token)

    def _stage(self, engine: Engine, relation: str, key: str, part: str, seen: Seen) -> Staged:
        self._refuse_what_cannot_be()
        self._shaped(seen)
        null_keys = False
        if self._load.mode == "merge":
            keys = self._load.keys
            merging.refuse_repeated_keys(engine, relation, keys, target=self._load.target)
            nulls = " OR ".join(f"{quote(k)} IS NULL" for k in keys)
            found = engine.rows(f"SELECT 1 AS one FROM {quote(relation)} WHERE {nulls}", limit=1)
            null_keys = bool(found)
        files = self._staging.write(engine, relation, self._token(key), part)
        detail = {
            "base": seen.number,
            "mode": self._load.mode,
            "columns": [asdict(c) for c in self._load.schema],
            "files": files,
            "null_keys": null_keys,
        }
        return Staged(self._load.target, key, sum(f["rows"] for f in files), detail)

    def _shaped(self, seen: Seen) -> None:
        """Make sure that the table as it is can take up the columns: known before it is tried.

        Raises:
            LoadFailed: it cannot.
        """
        incoming = statements.Incoming(
            columns=self._load.schema,
            mode=self._load.mode,
            rows=0,
            files=0,
            bytes=0,
            manifest="s3://none",
            null_keys=True,
            token="",
            run_key="",
            published_at="",
        )
        commit = statements.Commit(self._load, self._options, self._catalogue, seen, incoming)
        commit.statements()

    def _committed(self, key: str, seen: Seen) -> Staged:
        assert seen.mine is not None
        detail = {"committed": seen.mine.version}
        return Staged(self._load.target, key, seen.mine.rows_loaded, detail)

    def _commit(self, staged: Staged, seen: Seen, token: str) -> statements.Commit:
        self._catalogue.prepare(seen)
        detail: dict[str, Any] = staged.detail
        files = detail["files"]
        incoming = statements.Incoming(
            columns=tuple(Column(**c) for c in detail["columns"]),
            mode=detail["mode"],
            rows=staged.rows,
            files=len(files),
            bytes=sum(f["bytes"] for f in files),
            manifest=self._staging.manifest(token, files),
            null_keys=detail["null_keys"],
            token=token,
            run_key=staged.key,
            published_at=utc_now().replace("T", " ").rstrip("Z"),
        )
        return statements.Commit(self._load, self._options, self._catalogue, seen, incoming)

    def _refuse_what_cannot_be(self) -> None:
        load = self._load
        names = [c.name for c in load.schema]
        wanted = (*load.keys, *load.partition_by, *self._options.sort_key)
        wanted += (self._options.dist_key,) if self._options.dist_key else ()
        what = None
        if unknown := [c for c in wanted if c not in names]:
            what = f"the dataset has no column `{unknown[0]}`"
        elif load.mode == "merge" and not load.keys:
            what = "`mode: merge` needs `keys`"
        elif load.mode == "overwrite_partitions" and not load.partition_by:
            what = "`mode: overwrite_partitions` needs `partition_by`"
        elif len({folded(n) for n in names}) < len(names):
            what = "two columns differ in the case of their letters alone, which Redshift folds"
        if what:
            raise LoadFailed(
                f"target `{load.target}` cannot be written: {what}",
                code="PSK-TGT-105",
                hint="`penstock explain PSK-TGT-105`",
            )

    def _token(self, key: str) -> str:
        """Names a run and this target: two targets may share a place for staged files."""
        told = f"{self._options.location}\n{self._load.target}\n{key}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def _moved(self, what: str) -> Conflict:
        return Conflict(
            f"another writer moved {self._options.location} while this run worked: {what}",
            hint="run again: it starts from what is there now",
        )
