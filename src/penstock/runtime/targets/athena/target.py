"""The `athena` target: the lake's files and versions, and a catalog table that shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LoadFailed
from penstock.runtime.targets.athena import projection
from penstock.runtime.targets.athena.catalogue import Catalogue
from penstock.runtime.targets.athena.glue_types import glue_type
from penstock.runtime.targets.athena.options import AthenaTargetOptions
from penstock.runtime.targets.lake.logs import open_log
from penstock.runtime.targets.lake.target import LakeTarget

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.program import Load
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.targets.base import Maintained, Published, Staged, Upkeep
    from penstock.runtime.targets.lake.logs import Log

_TRIES = 10


class AthenaTarget(LakeTarget):
    """A table of the Glue Data Catalog."""

    def __init__(self, load: Load, root: Path) -> None:
        self._athena = AthenaTargetOptions(**load.options)
        super().__init__(replace(load, options=self._athena.of_lake()), root)
        plain = self._athena.format != "iceberg"
        self._catalogue = Catalogue(self._athena, self._place, load.target) if plain else None

    def _open_log(self) -> Log:
        if self._athena.format == "iceberg":
            from penstock.runtime.targets.athena.iceberg_log import GlueIcebergLog

            return GlueIcebergLog(self._options, self._athena, self._place, self._load.target)
        log = open_log(self._options, self._place, self._load.target)
        # Athena refuses files whose columns are narrower than the table's:
        # https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
        log.rewrites_wider = True
        return log

    def _stage(
        self,
        engine: Engine,
        relation: str,
        key: str,
        part: str | None = None,
        *,
        alone: bool = True,
    ) -> Staged:
        if self._catalogue is not None:
            self._refuse_what_athena_cannot_read()
            self._catalogue.refuse_foreign()
        staged = super()._stage(engine, relation, key, part, alone=alone)
        if self._athena.partition_projection and "files" in staged.detail:
            kinds = {c.name: c.type for c in self._load.schema}
            found = [f["partition"] for f in staged.detail["files"]]
            names = self._load.partition_by
            projection.refuse_what_cannot_be_computed(staged.target, names, kinds, found)
        return staged

    def commit(self, staged: Staged) -> Published:
        """Commit to the lake, then have the catalog show it. Both may be done again."""
        done = super().commit(staged)
        self._show()
        return done

    def restore(self, version: str, key: str) -> Published:
        """As the lake's, and shown by the catalog."""
        done = super().restore(version, key)
        self._show()
        return done

    def maintain(self, engine: Engine, upkeep: Upkeep, key: str) -> Maintained:
        """As the lake's, and shown by the catalog."""
        # A run that was killed before the catalog showed its version: files it does not name
        # any more are the catalog's still.
        if not upkeep.dry_run:
            self._show()
        done = super().maintain(engine, upkeep, key)
        if not upkeep.dry_run:
            self._show()
        return done

    def holds(self, version: str) -> bool:
        """Whether readers see this version, in the lake and in the catalog."""
        if not super().holds(version):
            return False
        if self._catalogue is None:
            return True
        current = self._log.current()
        return current is not None and self._catalogue.version() == current.version

    def _show(self) -> None:
        """Have the catalog show the current version, whoever published it."""
        if self._catalogue is None:
            return
        for _ in range(_TRIES):
            current = self._log.current()
            if current is None:
                return
            try:
                self._catalogue.publish(current)
            except Conflict:
                continue
            now = self._log.current()
            if now is not None and now.version == current.version:
                return
        raise self._moved("others kept on changing the catalog's table")

    def _refuse_what_athena_cannot_read(self) -> None:
        seen: dict[str, Any] = {}
        for column in self._load.schema:
            glue_type(column.type, column.name)
            other = seen.setdefault(column.name.lower(), column.name)
            if other != column.name:
                raise LoadFailed(
                    f"target `{self._load.target}` cannot be written: `{other}` and "
                    f"`{column.name}` differ in the case of their letters alone",
                    code="PSK-TGT-105",
                    hint="rename one of them",
                )
