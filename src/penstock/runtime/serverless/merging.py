"""Targets with `mode: merge`: workers leave their rows as Parquet, and the loader merges them once.

A merge writes old rows anew with the new ones, and two slices may touch the same file of these. So
a worker writes what it has for such a target beside its slice, in the run's folder. The loader has
all of them, and stages the merge as a local run does: the same rows, and the same refusal where a
key is in two slices. Staged again, by a loader that comes after one that died, it is the same.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from penstock.errors import RowsUnaccounted
from penstock.runtime import publish, registry
from penstock.runtime.engines.base import FileFormat, InputFile, WriteSpec
from penstock.runtime.targets.base import Staged
from penstock.runtime.targets.merging import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Load, Program
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.serverless.work import RunPlan, WorkFolder

PARQUET = FileFormat("parquet")


def leave(load: Load, engine: Engine, folder: WorkFolder, key: str, part: str) -> Staged:
    """Write a slice's rows of a target into the run's folder."""
    local = engine.work / "to-merge" / load.target
    local.mkdir(parents=True, exist_ok=True)
    spec = WriteSpec(local, part, PARQUET, single=True)
    (file,) = engine.write_files(f"SELECT * FROM {quote(load.dataset)}", spec)
    at = folder.leave(f"{load.target}/{part}.parquet", file.path)
    file.path.unlink()
    return Staged(load.target, key, file.rows, {"to_merge": at})


def merge(
    function: Function,
    bound: Program,
    load: Load,
    plan: RunPlan,
    folder: WorkFolder,
    parts: Sequence[Staged],
) -> Staged:
    """Stage what all slices have for a target.

    Raises:
        LoadFailed: a key is there twice (names some).
        PenstockError: the bucket or the target cannot be used.
    """
    work = function.root / ".penstock" / "work" / f"merge-{plan.run_id}"
    shutil.rmtree(work, ignore_errors=True)
    (work / "parts").mkdir(parents=True)
    engine: Engine = registry.engine(bound.engine)(
        work=work / "engine", memory_bytes=function.memory_bytes, threads=function.threads
    )
    try:
        files = []
        for number, staged in enumerate(parts):
            to = work / "parts" / f"{number:05d}.parquet"
            folder.fetch(staged.detail["to_merge"], to)
            files.append(InputFile(str(to), to.name, to.stat().st_size, to.name))
        read = engine.read_files(
            load.dataset, files, PARQUET, load.schema, evolution="strict", keep=True
        )
        rows = sum(staged.rows for staged in parts)
        if read.rejected or read.rows_out != rows:
            raise RowsUnaccounted(
                f"the slices have {rows:,} rows for `{load.target}`, and {read.rows_out:,} of them "
                "are there to be merged",
                hint="nothing was published; the next run does them all anew",
            )
        target: Any = publish.open_target(load, function.root)
        made: Staged = target.stage(engine, load.dataset, plan.key)
    finally:
        engine.close()
        shutil.rmtree(work, ignore_errors=True)
    return made
