"""Rows on S3 that are to be loaded: Parquet files below the run's own prefix, and a manifest."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LoadFailed
from penstock.runtime.engines.base import FileFormat, WriteSpec
from penstock.runtime.storage import open_store
from penstock.runtime.targets.merging import quote
from penstock.runtime.targets.redshift.column_types import folded, way

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Load
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.storage import Store
    from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

# COPY splits Parquet files above this by itself:
# https://docs.aws.amazon.com/redshift/latest/dg/t_splitting-data-files.html
FILE_BYTES = 128 << 20
WORK = "PENSTOCK_WORK"
MANIFEST = "manifest.json"
CODE = "PSK-TGT-142"


class Staging:
    """The staged files of one target."""

    def __init__(self, load: Load, options: RedshiftTargetOptions, root: Path) -> None:
        self._load = load
        self._options = options
        self._root = root

    @property
    def _store(self) -> Store:
        place = self._options.staging
        work = os.environ.get(WORK)
        if place is None and not work:
            raise LoadFailed(
                f"target `{self._load.target}` has no place for the rows that Redshift is to load",
                code=CODE,
                hint="say `staging: s3://BUCKET/PREFIX`, in the region of the warehouse",
            )
        return open_store(place or f"{work}/staging", self._root, region=self._options.region)

    def write(self, engine: Engine, relation: str, token: str, part: str) -> list[dict[str, Any]]:
        """Write the rows of `relation`; gives path, rows and bytes of each file."""
        store = self._store
        chosen = ", ".join(
            f"{way(c.type, quote(c.name), '').written} AS {quote(folded(c.name))}"
            for c in self._load.schema
        )
        folder = self._root.absolute() / ".penstock" / "cache" / "redshift" / f"{token}-{part}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            spec = WriteSpec(
                folder=folder,
                stem=f"part-{part}",
                format=FileFormat("parquet", {}, "snappy"),
                file_size=FILE_BYTES,
                order_by=tuple((folded(c), False) for c in self._options.sort_key),
            )
            sql = f"SELECT {chosen} FROM {quote(relation)}"
            found = []
            for file in engine.write_files(sql, spec):
                if file.rows:
                    path = f"{token}/{file.path.name}"
                    store.upload(file.path, path)
                    found.append({"path": path, "rows": file.rows, "bytes": file.bytes})
            return found
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def manifest(self, token: str, files: Sequence[dict[str, Any]]) -> str | None:
        """Write what names the files, if they are all there; gives its URL. None: no file.

        Raises:
            Conflict: a file is gone or cut short.
        """
        if not files:
            return None
        store = self._store
        there = {e.path: e.size for e in store.list(token)}
        missing = [f["path"] for f in files if there.get(f["path"]) != f["bytes"]]
        if missing:
            raise Conflict(
                f"{len(missing)} file(s) that were written for `{self._load.target}` are gone or "
                f"cut short, the first {missing[0]}",
                code="PSK-TGT-107",
                hint="run again: the rows are written anew",
            )
        # `meta` is needed for columnar formats:
        # https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
        entries = [
            {
                "url": store.url(f["path"]),
                "mandatory": True,
                "meta": {"content_length": f["bytes"]},
            }
            for f in files
        ]
        store.put(f"{token}/{MANIFEST}", json.dumps({"entries": entries}).encode())
        return store.url(f"{token}/{MANIFEST}")

    def remove(self, token: str, part: str | None = None) -> None:
        """Delete what was staged under a token, or one try at a part of it."""
        store = self._store
        start = f"{token}/part-{part}-" if part else f"{token}/"
        store.delete([e.path for e in store.list(token) if e.path.startswith(start)])
